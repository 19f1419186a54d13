"""``network``: the network manager. A new instance is programmed into the network only when its change has come through the backlog.

It is the instances' network too: the sockets by which an instance serves and is checked are open once it is programmed. Until then the one
for checks comes and goes, as when only some of the paths are there. The one that serves is shut, or with ``healthy_nodes`` open: "health
checks would fail even though the underlying NLB node and backend targets were healthy" (AWS, summary of the event of 20 October 2025).
While leases are missing or cannot be read, no change is worked on, and the backlog grows, as on that day.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.cascade.live.aws_calls import AwsCalls
from chaoskit.cascade.live.instances import CHECK_PORT, PORT, existing_addresses, launched_addresses
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.cascade.policies.velocity_control import State, VelocityControl
from chaoskit.units import MILLISECOND, SECOND

TICK_NS = 100 * MILLISECOND
POLL_NS = 500 * MILLISECOND
FLIP_NS = 400 * MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Settings):
    """``arriving_per_s`` changes come of themselves, ``able_per_s`` can be made while at least ``leases`` leases are held in ``table``.

    ``existing`` instances are connected from the start. ``requests_per_s`` is what one instance can serve; beyond that it hangs up.
    ``healthy_nodes``: an instance whose change waits serves already, and only its checks fail now and then.
    """

    table: str = "leases"
    leases: int = 20
    arriving_per_s: float = 1.0
    able_per_s: float = 4.0
    existing: int = 6
    requests_per_s: float = 20.0
    healthy_nodes: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.existing <= 99 or self.able_per_s <= 0 or self.arriving_per_s < 0 or self.requests_per_s <= 0:
            raise ValueError("'existing' is from 0 to 99, the rates are above 0 ('arriving_per_s' may be 0)")

    async def play(self, stage: Stage) -> None:
        """Work off changes until the end."""
        fabric = _Fabric(stage, self)
        for address in existing_addresses(self.existing):
            await fabric.connect(address)
        try:
            await stage.until(stage.origin)
            await asyncio.gather(fabric.watch_leases(), fabric.watch_instances(), fabric.work(), fabric.flip())
        finally:
            fabric.close()


class _Fabric:
    """The network: who is connected, and the changes that wait."""

    def __init__(self, stage: Stage, settings: Network) -> None:
        self._stage, self._settings = stage, settings
        self._ec2, self._dynamodb = AwsCalls(stage, "ec2"), AwsCalls(stage, "dynamodb")
        self._servers: dict[tuple[str, int], asyncio.Server] = {}
        self._changes: deque[str] = deque()
        self._known: set[str] = set()
        self._leased, self._connected = False, settings.existing
        self._capacity = VelocityControl(most=settings.requests_per_s, window_ns=SECOND)
        self._allowance: dict[str, State[float]] = {}

    async def connect(self, address: str) -> None:
        """Let everything through to ``address``."""
        await self._open(address, PORT)
        await self._open(address, CHECK_PORT)

    async def _open(self, address: str, port: int) -> None:
        if (address, port) not in self._servers:
            self._servers[address, port] = await asyncio.start_server(partial(self._serve, address), address, port)

    def _shut(self, address: str, port: int) -> None:
        server = self._servers.pop((address, port), None)
        if server is not None:
            server.close()

    def close(self) -> None:
        """Shut every door."""
        for address, port in list(self._servers):
            self._shut(address, port)

    async def _serve(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An instance answers one request, if its capacity allows; a health check sends none."""
        try:
            if await reader.readline():
                now = self._stage.schedule.now
                state = self._allowance.get(address) or self._capacity.initial(now)
                draws = self._stage.stream("request")
                self._allowance[address], granted = self._capacity.step(state, 1.0, now, draws)
                if granted >= 1.0:
                    writer.write(b"ok\n")
                    await writer.drain()
        except OSError:
            pass  # the caller has gone
        finally:
            writer.close()

    async def watch_leases(self) -> None:
        """See whether enough leases are held; a failed look counts as no."""
        while self._stage.schedule.now < self._stage.ends:
            try:
                answer = await self._dynamodb.ask("scan", TableName=self._settings.table, ConsistentRead=True)
                ends = [int(item["expires"]["N"]) for item in answer["Items"] if "expires" in item]
                self._leased = sum(end > self._stage.schedule.now for end in ends) >= self._settings.leases
            except (BotoCoreError, ClientError):
                self._leased = False
            await self._stage.until(min(self._stage.ends, self._stage.schedule.now + POLL_NS))

    async def watch_instances(self) -> None:
        """Each new instance is a change to be made."""
        while self._stage.schedule.now < self._stage.ends:
            for address in await launched_addresses(self._ec2) or ():
                if address not in self._known:
                    self._known.add(address)
                    self._changes.append(address)
                    if self._settings.healthy_nodes:
                        await self._open(address, PORT)
            await self._stage.until(min(self._stage.ends, self._stage.schedule.now + POLL_NS))

    async def work(self) -> None:
        """Tick by tick: changes come, and as many as the queue policy allows are made."""
        policy, settings, draws = Queue(), self._settings, self._stage.stream("changes")
        state, due, arrived = policy.initial(), 0.0, self._stage.origin
        while self._stage.schedule.now < self._stage.ends:
            await self._stage.until(arrived + TICK_NS)
            now = self._stage.schedule.now
            passed_s, arrived = (now - arrived) / SECOND, now
            due += settings.arriving_per_s * passed_s
            self._changes.extend([""] * int(due))
            due -= int(due)
            arriving = len(self._changes) - state.waiting
            capacity = settings.able_per_s * passed_s if self._leased else 0.0
            state, flow = policy.step(state, Offer(arriving, capacity), now, draws)
            for _ in range(int(flow.served)):
                if address := self._changes.popleft():
                    self._connected += 1
                    await self.connect(address)
            self._stage.level("network backlog", len(self._changes))
            self._stage.level("instances connected", self._connected)

    async def flip(self) -> None:
        """The sockets for checks of instances whose change waits come and go."""
        draws = self._stage.stream("paths")
        while self._stage.schedule.now < self._stage.ends:
            for address in [change for change in self._changes if change]:
                if draws.random() < 0.5:
                    await self._open(address, CHECK_PORT)
                else:
                    self._shut(address, CHECK_PORT)
            await self._stage.until(min(self._stage.ends, self._stage.schedule.now + FLIP_NS))
