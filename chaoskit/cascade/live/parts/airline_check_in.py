"""``airline_check_in``: while the service is away names go on a paper list at the counter, and are entered when it is back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.clients.schedule import Slot
from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AirlineCheckIn(Users):
    """``list_length``: so many names the counter can manage by hand; who comes then is not checked in.

    Those who are on the list when the run ends are told as lost too: their flight has gone.
    """

    list_length: int = 12

    async def play(self, stage: Stage) -> None:
        """Check passengers in until the end."""
        service = dependency(stage, self.through, self.time_out)
        policy, draws = Queue(limit=self.list_length), stage.stream("list")
        on_paper: deque[tuple[Instant, str]] = deque()

        async def check_in(slot: Slot) -> None:
            try:
                await service.write(f"check-in-{slot.number}")
            except DependencyFailed as error:
                state = policy.initial()._replace(waiting=len(on_paper))
                _, flow = policy.step(state, Offer(1, 0), stage.schedule.now, draws)
                if flow.admitted:
                    on_paper.append((slot.due, str(error)))
                else:
                    stage.served("check-in", slot.due, "lost", f"{error}; the paper list is full")
                return
            stage.served("check-in", slot.due, "served")
            while on_paper:
                wanted_at, because = on_paper.popleft()
                try:
                    await service.write(f"check-in-at-{wanted_at}")
                except DependencyFailed:
                    on_paper.appendleft((wanted_at, because))
                    return
                stage.served("check-in", wanted_at, "late", because)

        await serve_users(stage, self, check_in)
        for wanted_at, because in on_paper:
            stage.served("check-in", wanted_at, "lost", f"{because}; still on paper at the end")
