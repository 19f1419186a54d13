"""``hospital_network``: records that were opened lately are kept on the ward and can be read there; others are not opened."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.clients.schedule import Slot
from chaoskit.journal.events import UserOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalNetwork(Users):
    """``patients``: how many there are; each wish opens the record of one of them, evenly drawn."""

    patients: int = 20

    async def play(self, stage: Stage) -> None:
        """Open records until the end."""
        records = dependency(stage, self.through, self.time_out)
        draws = stage.stream("patients")
        on_the_ward: set[int] = set()

        async def open_record(slot: Slot) -> None:
            patient = int(draws.random() * self.patients)
            try:
                await records.read()
            except DependencyFailed as error:
                outcome: UserOutcome = "fallback" if patient in on_the_ward else "lost"
                stage.served("record opened", slot.due, outcome, str(error))
            else:
                on_the_ward.add(patient)
                stage.served("record opened", slot.due, "served")

        await serve_users(stage, self, open_record)
