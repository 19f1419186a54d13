"""What a journal says of a race: which records became empty, by whose batch, and what that batch was based on. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chaoskit.clock import Instant
from chaoskit.journal.events import HostedZoneChanged, NameChange, RaceStep, ServedRecord, ZoneChanged
from chaoskit.journal.run import Run


@dataclass(frozen=True, slots=True)
class Emptying:
    """``name`` lost its last address ``at``, by the batch of ``step`` (None: no participant's). ``seq`` is the event's number.

    ``until`` is when it had an address again, None if it had none to the end, and ``ended_by`` the participant who saw to that.
    """

    name: str
    at: Instant
    seq: int
    step: RaceStep | None
    until: Instant | None
    ended_by: str


@dataclass(frozen=True)
class RaceEvidence:
    """Views of the race in one journal."""

    run: Run

    @cached_property
    def steps(self) -> dict[tuple[str, int], RaceStep]:
        """Every step, by its participant and number."""
        return {(step.client, step.step): step for _, step in self.run.of(RaceStep)}

    @cached_property
    def batches(self) -> dict[str, RaceStep]:
        """The accepted batches, by Route 53's id of the change."""
        return {step.change: step for step in self.steps.values() if step.change}

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """The names at which steps were aimed."""
        return tuple(dict.fromkeys(step.endpoint for step in self.steps.values() if step.endpoint))

    @cached_property
    def emptyings(self) -> tuple[Emptying, ...]:
        """Every time that an endpoint's record became empty, in order."""
        return tuple(sorted(self._emptyings(), key=lambda emptying: emptying.at))

    def _emptyings(self) -> Iterator[Emptying]:
        endpoints = frozenset(self.endpoints)
        history: dict[str, list[tuple[int, ZoneChanged, NameChange]]] = {}
        for seq, event in self.run.of(ZoneChanged):
            for change in event.changes:
                if change.name in endpoints:
                    history.setdefault(change.name, []).append((seq, event, change))
        for name, changes in history.items():
            for number, (seq, event, change) in enumerate(changes):
                if not _addresses(change.before) or _addresses(change.after):
                    continue
                mended = next((later for _, later, new in changes[number:] if _addresses(new.after)), None)
                writer = self.batches.get(mended.author) if mended else None
                yield Emptying(
                    name=name,
                    at=event.at,
                    seq=seq,
                    step=self.batches.get(event.author),
                    until=mended.at if mended else None,
                    ended_by=writer.client if writer else "",
                )

    def refused_after(self, emptying: Emptying) -> list[RaceStep]:
        """Batches for the empty endpoint that were refused while it was empty: attempts to repair it."""
        ends = emptying.until or self.run.last_instant
        return [
            step
            for step in self.steps.values()
            if step.endpoint == emptying.name and emptying.at <= step.at < ends and step.refusal == "no such target"
        ]

    def explain(self, emptying: Emptying) -> list[str]:
        """How it came about, a line a step: the batches that pointed the alias, the one that emptied it, and what each had read before."""
        deletion = emptying.step
        if deletion is None:
            return [f"{self._when(emptying.at)}  {emptying.name} is empty, by a change that no participant tells of"]
        chain = [step for flip in self._flips_before(emptying) for step in (*self._reads_of(flip), flip)]
        chain += [*self._reads_of(deletion), deletion]
        lines = [self._line(step) for step in sorted(dict.fromkeys(chain), key=lambda step: step.asked_at)]
        lines.append(f"{self._when(emptying.at)}  the DNS server serves {emptying.name} without an address")
        refused = self.refused_after(emptying)
        if refused:
            number = f"{len(refused)} batch{'es' if len(refused) > 1 else ''}"
            lines.append(
                f"{self._when(refused[0].at)}  the first of {number} that cannot repair it: {refused[0].answer}"
            )
        if emptying.until is not None:
            who = emptying.ended_by or "a change that no participant tells of"
            lines.append(f"{self._when(emptying.until)}  it has an address again, by {who}")
        return lines

    def _flips_before(self, emptying: Emptying) -> list[RaceStep]:
        """The last two batches that pointed the alias, the second where it points as the record becomes empty."""
        changes = [
            event.change
            for _, event in self.run.of(HostedZoneChanged)
            if event.at < emptying.at and any(entry.name == emptying.name and entry.alias for entry in event.changes)
        ]
        return [self.batches[change] for change in changes[-2:] if change in self.batches]

    def _reads_of(self, batch: RaceStep) -> list[RaceStep]:
        """The steps whose answers a batch is based on."""
        return [self.steps[batch.client, number] for number in batch.reads]

    def _line(self, step: RaceStep) -> str:
        where = f" at {step.endpoint}" if step.endpoint else ""
        change = f" ({step.change})" if step.change else ""
        return f"{self._when(step.asked_at)}  {step.client} {step.call}{where}: {step.answer}{change}"

    def _when(self, at: Instant) -> str:
        return f"{(at - (self.run.origin or at)) / 1e9:7.3f} s"


def empty_spans(run: Run, name: str) -> list[tuple[Instant, Instant]]:
    """From when until when the DNS server served ``name`` without an address, in order; the run's last instant where it stayed empty."""
    versions = [
        (event.at, change) for _, event in run.of(ZoneChanged) for change in event.changes if change.name == name
    ]
    spans = []
    for number, (at, change) in enumerate(versions):
        if _addresses(change.before) and not _addresses(change.after):
            filled = (later for later, new in versions[number:] if _addresses(new.after))
            spans.append((at, next(filled, run.last_instant)))
    return spans


def _addresses(records: tuple[ServedRecord, ...]) -> bool:
    return any(record.rtype in ("A", "AAAA") for record in records)
