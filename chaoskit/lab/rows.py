"""Samples of one subject put together: what the tables print. Every figure has its n, and a spread beside its middle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.sample import Sample, SampledCall, Subject
from chaoskit.spread import Spread, spread

FAULT_ORDER = {key: number for number, key in enumerate(BY_KEY)}
CONNECTION_ORDER = {"cold": 0, "warm": 1, "burst": 2}


@dataclass(frozen=True, slots=True)
class Around:
    """Calls of one process that ran alone in the fault: whether each worked, before its first burst and after it."""

    before: tuple[bool, ...]
    after: tuple[bool, ...]


@dataclass(frozen=True)
class Row:
    """One measured cell. ``n`` counts processes, each of which met the fault with a fresh retry quota."""

    subject: Subject
    samples: tuple[Sample, ...]

    @property
    def n(self) -> int:
        """Processes that were measured."""
        return len(self.samples)

    @property
    def exercised(self) -> bool:
        """Whether the fault met a DNS query of each process."""
        return all(sample.met for sample in self.samples)

    @cached_property
    def firsts(self) -> list[SampledCall]:
        """Of each process the first call that the fault troubled, so with a full retry quota; its first call where none was."""
        calls = []
        for sample in self.samples:
            ended = [call for call in sample.calls if call.ended]
            calls += next(([call] for call in ended if not call.ok or call.attempts > 1), ended[:1])
        return calls

    @property
    def attempts(self) -> Spread | None:
        """Tries of that call."""
        return spread(call.attempts for call in self.firsts)

    @property
    def gave_up_ns(self) -> Spread | None:
        """How long that call took, where it failed."""
        return spread(call.elapsed_ns for call in self.firsts if not call.ok and call.elapsed_ns is not None)

    @property
    def tries_ns(self) -> Spread | None:
        """How long a try of that call took."""
        return spread(length for call in self.firsts for length in call.tries_ns)

    @property
    def lag_ns(self) -> Spread | None:
        """From the fault's end until calls worked again."""
        return spread(sample.lag_ns for sample in self.samples if sample.lag_ns is not None)

    @property
    def lost(self) -> int:
        """Processes that did not come back in the time they had."""
        return sum(not sample.back for sample in self.samples)

    @cached_property
    def calls(self) -> list[SampledCall]:
        """All calls of all processes in the fault."""
        return [call for sample in self.samples for call in sample.calls]

    @property
    def ok_share(self) -> float | None:
        """Of all calls that began in the fault."""
        return _share([call.ok for call in self.calls])

    @property
    def pooled_share(self) -> float | None:
        """Of all calls that began in the fault, those served over a connection that was open before."""
        return _share([call.pooled for call in self.calls])

    @property
    def errors(self) -> list[tuple[str, int]]:
        """What the application saw, commonest first."""
        counts = Counter(_error(call) for call in self.calls if call.ended and not call.ok)
        return counts.most_common()

    def sleeps_ns(self) -> dict[int, list[int]]:
        """Of all calls in the fault the pauses before retry 1, 2 …"""
        by_retry: dict[int, list[int]] = defaultdict(list)
        for call in self.calls:
            if len(call.sleeps_ns) == call.attempts - 1:  # else one was not seen, and the others cannot be numbered
                for retry, slept in enumerate(call.sleeps_ns, 1):
                    by_retry[retry].append(slept)
        return dict(sorted(by_retry.items()))

    def around_bursts(self) -> list[Around]:
        """Of each process, whether calls that ran alone worked before the first burst in the fault, and after it."""
        around = []
        for sample in self.samples:
            burst = next((place for place, call in enumerate(sample.calls) if call.concurrent), len(sample.calls))
            before = tuple(call.ok for call in sample.calls[:burst])
            around.append(Around(before, tuple(call.ok for call in sample.calls[burst:] if not call.concurrent)))
        return around


def rows_of(samples: Sequence[Sample]) -> tuple[Row, ...]:
    """The samples by subject, in the matrix's order."""
    grouped: dict[Subject, list[Sample]] = defaultdict(list)
    for sample in samples:
        grouped[sample.subject].append(sample)
    return tuple(Row(subject, tuple(grouped[subject])) for subject in sorted(grouped, key=_order))


def _order(subject: Subject) -> tuple[object, ...]:
    return (
        subject.sdk != "boto3",
        subject.sdk,
        subject.service,
        tuple(int(part) if part.isdigit() else -1 for part in subject.version.split(".")),
        subject.retry_mode or "",
        subject.dns_cache or "",
        CONNECTION_ORDER[subject.connection],
        FAULT_ORDER[subject.fault],
    )


def _share(values: list[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _error(call: SampledCall) -> str:
    outer, inner = (name.rpartition(".")[2] for name in (call.error, call.cause))  # without the package
    number = f" ({call.errno})" if call.errno is not None else ""
    if call.cause in (call.error, ""):
        return f"{outer}{number}" + (f": {' '.join(call.message.split()[:2])}" if outer == "Error" else "")
    return f"{outer}: {inner}{number}"
