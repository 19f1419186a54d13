"""``never_empty``: once a record has an address, it always has one."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._zones import plain_name, sights_of
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class NeverEmpty(Expectation):
    """From its first address on, the record ``name`` was never without one: neither empty nor gone.

    Judged from what the DNS server tells of each change of the zone; where there was none, from honest answers. What faults do to
    answers is no part of it.
    """

    name: str

    def __post_init__(self) -> None:
        plain_name(self.name)

    def judge(self, run: Run) -> Verdict:
        title, name = f"never_empty {self.name}", plain_name(self.name)
        sights = sights_of(run, name)
        known = [sight for sight in sights if sight.addresses is not None]
        first = next((number for number, sight in enumerate(known) if sight.addresses), None)
        if first is None:
            history = (
                f"{name} was seen {len(sights)} times and never with an address" if sights else f"{name} was never seen"
            )
            return Verdict(expectation=title, finding="unknown", because=f"{history}, so it had none to lose")
        empty = [sight for sight in known[first:] if not sight.addresses]
        if empty:
            times = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
            because = f"{name} was left without an address by {empty[0].how}{times}"
            return Verdict(
                expectation=title, finding="broken", because=because, evidence=(known[first].seq, empty[0].seq)
            )
        because = f"{name} had an address each of the {len(known) - first} times that it was seen"
        return Verdict(expectation=title, finding="held", because=because, evidence=(known[first].seq, known[-1].seq))
