"""The trip-wire: judges the invariants after each write, by the same expectations that judge whole runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chaoskit.errors import InputError
from chaoskit.expect import EXPECTATIONS, Expectation
from chaoskit.expect.changes_at_most import WHOLE_RUN_NS
from chaoskit.hunt.schedule import CallId
from chaoskit.hunt.trace import Trip
from chaoskit.journal.events import Entry, HostedZoneChanged, ZoneChanged
from chaoskit.journal.run import Run
from chaoskit.registry import kind_of

INVARIANTS = ("never_empty", "never_missing", "changes_at_most", "never_older")


def parse_invariant(written: str) -> Expectation:
    """An invariant as the command line has it: ``never_empty=NAME``, ``never_missing=NAME``, ``changes_at_most=NAME,n=3`` or
    ``never_older=NAME,pattern=plan-(\\d+)``. Raises ``InputError``.
    """
    kind, _, rest = written.partition("=")
    name, *settings = rest.split(",", 1)
    key, equals, value = settings[0].partition("=") if settings else ("", "", "")
    kind = kind.strip().replace("-", "_")
    if kind not in INVARIANTS:
        raise InputError(f"--invariant {written}: write KIND=NAME; the kinds are {', '.join(INVARIANTS)}")
    setting = {"changes_at_most": "n", "never_older": "pattern"}.get(kind, "")
    if settings and (key != setting or not equals):
        extra = f"{kind}=NAME,{setting}=…" if setting else f"{kind}=NAME"
        raise InputError(f"--invariant {written}: after the name stands {settings[0]!r}; write {extra}")
    try:
        if kind == "changes_at_most":
            if not value.isdecimal():
                raise InputError(
                    f"--invariant {written}: say how many changes a run may have: {kind}={name or 'NAME'},n=3"
                )
            # A run whose calls are held has no other pace than its scheduler's.
            return EXPECTATIONS.get(kind)(name=name, n=int(value), per=WHOLE_RUN_NS)  # type: ignore[no-any-return]
        fields = {"pattern": value} if settings else {}
        return EXPECTATIONS.get(kind)(name=name, **fields)  # type: ignore[no-any-return]
    except ValueError as error:
        raise InputError(f"--invariant {written}: {error}") from error


def words_of(invariant: Expectation) -> str:
    """The invariant as it is written on the command line."""
    kind, name = kind_of(invariant), getattr(invariant, "name", "")
    more = {"changes_at_most": "n", "never_older": "pattern"}.get(kind)
    return f"{kind}={name}" + (f",{more}={getattr(invariant, more)}" if more else "")


@dataclass(slots=True)
class TripWire:
    """Fed with the changes of one run, in order. ``names`` are the names that the invariants watch."""

    invariants: Sequence[Expectation]
    _entries: list[Entry] = field(default_factory=list)
    _findings: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(getattr(invariant, "name", "").lower().removesuffix(".") for invariant in self.invariants)
        )

    @property
    def observed(self) -> bool:
        """Whether every invariant had something to judge."""
        return all(self._findings.get(words_of(invariant), "unknown") != "unknown" for invariant in self.invariants)

    def feel(self, call: CallId, changes: Sequence[ZoneChanged | HostedZoneChanged]) -> Trip | None:
        """What these changes, made by ``call``, broke; None if nothing."""
        for change in changes:
            own = change.with_fields(author=str(call)) if isinstance(change, ZoneChanged) else change
            self._entries.append(Entry(len(self._entries) + 1, own))
        if not changes:
            return None
        for invariant in self.invariants:
            verdict = invariant.judge(Run(tuple(self._entries)))
            self._findings[words_of(invariant)] = verdict.finding
            if verdict.finding == "broken":
                return Trip(words_of(invariant), verdict.because, call)
        return None
