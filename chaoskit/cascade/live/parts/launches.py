"""``launches``: customers who launch EC2 instances, and try again with a back-off while there is no capacity or a throttle."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.cascade.live.aws_calls import AwsCalls, code_of
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.policies.back_off import FAILED, BackOff
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import WallClock
from chaoskit.units import MILLISECOND, SECOND, Duration

FIRST_ADDRESS = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Launches(Settings):
    """One launch is wanted ``every`` so long, at most ``most`` in all; it is given up after ``patience``, and late after ``late``.

    ``lead``: so long after the start the first one is wanted. Each instance has the tag ``address``: where it will be reached on the
    network that ``network`` programs.
    """

    every: Duration = 1 * SECOND
    lead: Duration = 0
    most: int = 100
    late: Duration = 2 * SECOND
    patience: Duration = 20 * SECOND
    back_off: Duration = 500 * MILLISECOND

    def __post_init__(self) -> None:
        if self.every <= 0 or not 1 <= self.most <= 150:
            raise ValueError("'every' is longer than 0, and 'most' from 1 to 150")

    async def play(self, stage: Stage) -> None:
        """Launch until the end."""
        calls = AwsCalls(stage, "ec2")
        lane = Lane(self.every, first=self.lead)

        async def launch(slot: Slot) -> None:
            if slot.number <= self.most:
                await self._launch(stage, calls, slot)

        await stage.until(stage.origin)
        waiting: set[asyncio.Task[None]] = set()

        async def begin(slot: Slot) -> None:
            task = asyncio.ensure_future(launch(slot))
            waiting.add(task)

        await drive([lane], WallClock(), stage.origin, stage.ends, begin)
        for task in waiting:
            if not task.done():
                task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _launch(self, stage: Stage, calls: AwsCalls, slot: Slot) -> None:
        """One launch, tried until it works or the customer's patience ends. One that the run's end cuts off is not told."""
        draws = stage.stream("launch", slot.number)
        policy = BackOff(base_ns=self.back_off, cap_ns=8 * self.back_off)
        sleeping, because = policy.initial(), ""
        address = f"127.0.60.{FIRST_ADDRESS + slot.number - 1}"
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "address", "Value": address}]}]
        while stage.schedule.now < slot.due + self.patience:
            try:
                await calls.ask("run_instances", ImageId="ami-00000000", MinCount=1, MaxCount=1, TagSpecifications=tags)
            except (BotoCoreError, ClientError) as error:
                because = code_of(error)
            else:
                late = stage.schedule.now > slot.due + self.late
                stage.served("launch", slot.due, "late" if late else "served", because)
                return
            sleeping, sleep = policy.step(sleeping, FAILED, stage.schedule.now, draws)
            await stage.until(stage.schedule.now + sleep)
        stage.served("launch", slot.due, "lost", because)
