"""How much work each call made: attempts and lookups per call before, in and after the fault. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.journal.run import PHASES, Phase, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the calls of one client that *started* in one phase made: ``attempts`` as the SDK reported them, and DNS lookups."""

    phase: Phase
    calls: int
    attempts: int
    lookups: int

    @property
    def attempts_per_call(self) -> float | None:
        """None without calls, and where no attempt was reported."""
        return self.attempts / self.calls if self.calls and self.attempts else None

    @property
    def lookups_per_call(self) -> float | None:
        """None without calls."""
        return self.lookups / self.calls if self.calls else None


def loads_of(run: Run, client: str) -> tuple[Load, ...]:
    """The load of each phase in which the client made a call."""
    sums = {phase: [0, 0, 0] for phase in PHASES}
    for call in run.calls[client]:
        sums[run.phase_of(call)][0] += 1
        sums[run.phase_of(call)][1] += len(call.attempts)
        sums[run.phase_of(call)][2] += call.lookups
    return tuple(
        Load(phase=phase, calls=calls, attempts=attempts, lookups=lookups)
        for phase, (calls, attempts, lookups) in sums.items()
        if calls
    )
