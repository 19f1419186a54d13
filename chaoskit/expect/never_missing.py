"""``never_missing``: once a name exists, it always does."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._zones import plain_name, sights_of
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class NeverMissing(Expectation):
    """From when it first existed, ``name`` was never answered with NXDOMAIN. An empty record is not missing: see ``never_empty``."""

    name: str

    def __post_init__(self) -> None:
        plain_name(self.name)

    def judge(self, run: Run) -> Verdict:
        title, name = f"never_missing {self.name}", plain_name(self.name)
        known = [sight for sight in sights_of(run, name) if sight.exists is not None]
        first = next((number for number, sight in enumerate(known) if sight.exists), None)
        if first is None:
            history = f"{name} was seen {len(known)} times and never existed" if known else f"{name} was never seen"
            return Verdict(expectation=title, finding="unknown", because=history)
        missing = [sight for sight in known[first:] if not sight.exists]
        if missing:
            because = f"{name} was taken away by {missing[0].how}"
            return Verdict(
                expectation=title, finding="broken", because=because, evidence=(known[first].seq, missing[0].seq)
            )
        because = f"{name} existed each of the {len(known) - first} times that it was seen"
        return Verdict(expectation=title, finding="held", because=because, evidence=(known[first].seq, known[-1].seq))
