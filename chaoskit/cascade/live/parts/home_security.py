"""``home_security``: an alarm is sent again, with a back-off, until it has come through. It may come late, and is never given up."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.cascade.policies.back_off import FAILED, BackOff
from chaoskit.clients.schedule import Slot
from chaoskit.units import MILLISECOND, SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeSecurity(Users):
    """An alarm that takes longer than ``late`` is late. One that has not come through when the run ends is lost."""

    late: Duration = 2 * SECOND
    base: Duration = 250 * MILLISECOND
    cap: Duration = 2 * SECOND

    async def play(self, stage: Stage) -> None:
        """Send alarms until the end."""
        centre = dependency(stage, self.through, self.time_out)
        policy = BackOff(base_ns=self.base, cap_ns=self.cap)

        async def alarm(slot: Slot) -> None:
            draws, sleeping, because = stage.stream("alarm", slot.number), policy.initial(), ""
            while stage.schedule.now < stage.ends:
                try:
                    await centre.write(f"alarm-{slot.number}")
                except DependencyFailed as error:
                    because = str(error)
                else:
                    late = stage.schedule.now > slot.due + self.late
                    stage.served("alarm", slot.due, "late" if late else "served", because)
                    return
                sleeping, sleep = policy.step(sleeping, FAILED, stage.schedule.now, draws)
                await stage.until(min(stage.ends, stage.schedule.now + sleep))
            stage.served("alarm", slot.due, "lost", because)

        await serve_users(stage, self, alarm)
