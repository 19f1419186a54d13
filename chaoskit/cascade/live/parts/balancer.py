"""``balancer``: a network load balancer on real sockets, with its own TCP health checks and zone failover by DNS weights.

Each zone has an address where connections are accepted and passed to the zone's targets in turn. Every target is checked by a TCP
connection; the health policy says whether it is in service. Instances enter service as soon as EC2 says that they run, whether or not
their network state has propagated. When more than ``failover_share`` of a zone's targets are out of service, as much of the zone's capacity
as velocity control allows is removed; a zone without capacity gets weight 0 in DNS (where every zone has, all are in DNS). A zone in
which no target is in service passes connections to all of them, as load balancers do that fail open.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.cascade.live.aws_calls import AwsCalls
from chaoskit.cascade.live.health_checks import HealthChecks
from chaoskit.cascade.live.instances import CHECK_PORT, PORT, existing_addresses, launched_addresses
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.policies import Draw
from chaoskit.cascade.policies.checker_capacity import CheckerCapacity
from chaoskit.cascade.policies.health_damping import HealthDamping
from chaoskit.cascade.policies.velocity_control import VelocityControl
from chaoskit.units import MILLISECOND, SECOND, Duration

ZONES = 3
DOOR = 7080
POLL_NS = 500 * MILLISECOND
FULL_WEIGHT = 100
UNLIMITED = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Damping(Settings):
    """Health-check damping; see ``chaoskit.cascade.policies.health_damping``."""

    suppress: float = 1.9
    reuse: float = 1.0
    decay_per_s: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity(Settings):
    """At most ``most`` targets' worth of capacity is removed in each ``window``."""

    most: float
    window: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker(Settings):
    """The capacity of the health checker; see ``chaoskit.cascade.policies.checker_capacity``."""

    spare: float = 1.5
    change_cost: float = 2.0

    def __post_init__(self) -> None:
        _ = self.policy  # which checks them

    @property
    def policy(self) -> CheckerCapacity:
        """The policy of its capacity."""
        return CheckerCapacity(spare=self.spare, change_cost=self.change_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer(Settings):
    """``name`` is the balancer's, in the hosted zone ``zone``. ``existing`` targets are in service from the start.

    A target is checked ``every`` so long; ``rise`` passes bring it in and ``fall`` failures take it out. ``heal``: a zone is taken back
    after so long without too many targets out. Without ``checker`` no check comes late, however many targets change their place.
    """

    ORDERS: ClassVar[tuple[str, ...]] = ("failover-off", "failover-on")

    name: str = "app.balancer.test"
    zone: str = "balancer.test"
    existing: int = 6
    every: Duration = 500 * MILLISECOND
    check_time_out: Duration = 200 * MILLISECOND
    rise: int = 2
    fall: int = 2
    damping: Damping | None = None
    velocity: Velocity | None = None
    checker: Checker | None = None
    failover_share: float = 1 / 3
    heal: Duration = 10 * SECOND

    def __post_init__(self) -> None:
        if self.every <= 0 or not 0 < self.failover_share < 1 or self.existing < ZONES:
            raise ValueError(f"'every' is above 0, 'failover_share' from 0 to 1, 'existing' at least {ZONES}")

    @property
    def policy(self) -> HealthDamping:
        """The policy of its health checks."""
        if self.damping is None:
            return HealthDamping(rise=self.rise, fall=self.fall)
        return HealthDamping(
            rise=self.rise,
            fall=self.fall,
            suppress=self.damping.suppress,
            reuse=self.damping.reuse,
            decay_per_s=self.damping.decay_per_s,
        )

    def checks(self, draws: Draw) -> HealthChecks:
        """Its health checks, without a target yet."""
        return HealthChecks(self.policy, self.checker.policy if self.checker else None, draws)

    async def play(self, stage: Stage) -> None:
        """Balance until the end."""
        balancer = _Balancer(stage, self)
        servers = [
            await asyncio.start_server(partial(balancer.pass_on, zone), door(zone), DOOR) for zone in range(ZONES)
        ]
        try:
            await stage.until(stage.origin)
            stage.obeys(failover_off=partial(balancer.fail_over, False), failover_on=partial(balancer.fail_over, True))
            balancer.fail_over(True)
            await balancer.publish(dict.fromkeys(range(ZONES), FULL_WEIGHT))
            await asyncio.gather(balancer.find_targets(), balancer.check_health(), balancer.watch_zones())
        finally:
            for server in servers:
                server.close()


def door(zone: int) -> str:
    """Where the balancer accepts connections in a zone."""
    return f"127.0.70.{zone + 1}"


class _Balancer:
    """The targets, their health, and each zone's weight."""

    def __init__(self, stage: Stage, settings: Balancer) -> None:
        self._stage, self._settings = stage, settings
        self._ec2, self._route53 = AwsCalls(stage, "ec2"), AwsCalls(stage, "route53")
        self._draws = stage.stream("health")  # no policy draws
        self._checks = settings.checks(self._draws)
        self._removed = [0.0] * ZONES
        self._weights: dict[int, int] = {}
        self._turns = [itertools.count() for _ in range(ZONES)]
        self._fails_over = True
        for address in existing_addresses(settings.existing):
            self._checks.add(address, stage.schedule.now)

    def fail_over(self, on: bool) -> None:
        """Switch the failover of zones on or off; off, it gives back all that it had removed."""
        self._fails_over = on
        self._stage.level("automatic failover", on)

    def _targets(self, zone: int) -> list[str]:
        return [address for number, address in enumerate(self._checks.targets) if number % ZONES == zone]

    def _serving(self, zone: int) -> list[str]:
        return [address for address in self._targets(zone) if self._checks.serves(address)]

    async def find_targets(self) -> None:
        """Instances that run are targets, in service at once."""
        while self._stage.schedule.now < self._stage.ends:
            for address in await launched_addresses(self._ec2) or ():
                self._checks.add(address, self._stage.schedule.now)
            await self._pause(POLL_NS)

    async def check_health(self) -> None:
        """Round by round, all targets at once."""
        while self._stage.schedule.now < self._stage.ends:
            begun = self._stage.schedule.now
            addresses = self._checks.targets
            outcomes = await asyncio.gather(*(self._reaches(address) for address in addresses))
            self._checks.end_round(dict(zip(addresses, outcomes, strict=True)), self._stage.schedule.now)
            self._stage.level("targets in service", sum(len(self._serving(zone)) for zone in range(ZONES)))
            self._stage.level("targets", len(self._checks.targets))
            self._stage.level("changes of place", self._checks.changes)
            if self._settings.checker:
                self._stage.level("checks late", self._checks.late)
            await self._stage.until(min(self._stage.ends, begun + self._settings.every))

    async def _reaches(self, address: str) -> bool:
        """One TCP health check: the handshake is all of it."""
        try:
            async with asyncio.timeout(self._settings.check_time_out / SECOND):
                _, writer = await asyncio.open_connection(address, CHECK_PORT)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def watch_zones(self) -> None:
        """Remove a zone's capacity when too many of its targets are out, and take it back when they have been well for long."""
        written = self._settings.velocity
        velocity = VelocityControl(
            most=written.most if written else UNLIMITED, window_ns=written.window if written else SECOND
        )
        allowance = velocity.initial(self._stage.schedule.now)
        out_since = [0] * ZONES
        while self._stage.schedule.now < self._stage.ends:
            now = self._stage.schedule.now
            for zone in range(ZONES):
                targets = self._targets(zone)
                if not self._fails_over:
                    self._removed[zone] = 0.0
                elif 1 - len(self._serving(zone)) / len(targets) > self._settings.failover_share:
                    out_since[zone] = now
                    wish = len(targets) - self._removed[zone]
                    allowance, granted = velocity.step(allowance, wish, now, self._draws)
                    self._removed[zone] += granted
                elif self._removed[zone] and now - out_since[zone] >= self._settings.heal:
                    self._removed[zone] = 0.0
            left = 1 - sum(min(self._removed[zone], len(self._targets(zone))) for zone in range(ZONES)) / len(
                self._checks.targets
            )
            self._stage.level("capacity left", round(left, 3))
            await self.publish({zone: self._weight(zone) for zone in range(ZONES)})
            await self._pause(self._settings.every)

    def _weight(self, zone: int) -> int:
        targets = len(self._targets(zone))
        return max(0, round(FULL_WEIGHT * (1 - min(1.0, self._removed[zone] / targets))))

    async def publish(self, weights: dict[int, int]) -> None:
        """Write the weights that have changed to Route 53; one that is refused is tried again in the next round."""
        changed = {zone: weight for zone, weight in weights.items() if self._weights.get(zone) != weight}
        if not changed:
            return
        settings = self._settings
        try:
            zones = await self._route53.ask("list_hosted_zones_by_name", DNSName=settings.zone)
            await self._route53.ask(
                "change_resource_record_sets",
                HostedZoneId=zones["HostedZones"][0]["Id"],
                ChangeBatch={
                    "Changes": [
                        {
                            "Action": "UPSERT",
                            "ResourceRecordSet": {
                                "Name": settings.name,
                                "Type": "A",
                                "SetIdentifier": f"zone-{zone + 1}",
                                "Weight": weight,
                                "TTL": 1,
                                "ResourceRecords": [{"Value": door(zone)}],
                            },
                        }
                        for zone, weight in changed.items()
                    ]
                },
            )
        except (BotoCoreError, ClientError):
            return
        self._weights |= changed
        for zone, weight in changed.items():
            self._stage.level(f"weight of zone {zone + 1}", weight)
        # Where every weight is 0, Route 53 answers with all of them.
        self._stage.level("zones in DNS", sum(weight > 0 for weight in self._weights.values()) or ZONES)

    async def pass_on(self, zone: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request to a target in its turn, and its answer back; hang up where there is none."""
        try:
            request = await reader.readline()
            candidates = self._serving(zone) or self._targets(zone)
            target = candidates[next(self._turns[zone]) % len(candidates)]
            inward, outward = await asyncio.open_connection(target, PORT)
            try:
                outward.write(request)
                writer.write(await inward.readline())
                await writer.drain()
            finally:
                outward.close()
        except OSError:
            pass  # the target refused, or the caller has gone: either way the connection is closed
        finally:
            writer.close()

    async def _pause(self, length_ns: int) -> None:
        await self._stage.until(min(self._stage.ends, self._stage.schedule.now + length_ns))
