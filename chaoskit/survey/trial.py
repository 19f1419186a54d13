"""The faults that a survey tries on each dependency, and the timeline of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaoskit.survey.dependency import Dependency
from chaoskit.units import MILLISECOND, SECOND, format_duration

LATE_NS = 3 * SECOND
"""How late a slow DNS answer is: below glibc's 5 s (resolv.conf(5), ``timeout``), so that the lookup succeeds in the end."""

SLOW_NS = 8 * SECOND
"""How late each answer of a slow service is, longer than a sensible read time-out; in a short trial, two thirds of its length."""

DEAD_ADDRESS = "127.0.0.99"
"""A loopback address where nobody listens. It shares more leading bits with a client's own 127.0.0.1 than the addresses of services do,
so that a resolver which sorts (RFC 6724, rule 9) puts it first, as one that keeps the order of the answer does."""

FaultKey = Literal[
    "empty",
    "nxdomain",
    "servfail",
    "no-answer",
    "late-answer",
    "dead-address",
    "refused",
    "black-hole",
    "silent",
    "slow-service",
]


@dataclass(frozen=True, slots=True)
class SurveyFault:
    """One way in which a dependency is lost. ``proxied``: it needs the proxy in front of the dependency.

    ``quick``: it belongs to the few of ``--quick``.
    """

    key: FaultKey
    title: str
    proxied: bool = False
    quick: bool = False


FAULTS: tuple[SurveyFault, ...] = (
    SurveyFault("empty", "record empty (NODATA)", quick=True),
    SurveyFault("slow-service", "answers very late", proxied=True, quick=True),
    SurveyFault("nxdomain", "name does not exist (NXDOMAIN)"),
    SurveyFault("servfail", "DNS says SERVFAIL"),
    SurveyFault("no-answer", "DNS does not answer", quick=True),
    SurveyFault("late-answer", f"DNS answers {format_duration(LATE_NS)} late"),
    SurveyFault("dead-address", "one of two addresses refuses"),
    SurveyFault("refused", "connections refused", quick=True),
    SurveyFault("black-hole", "packets vanish (black hole)", quick=True),
    SurveyFault("silent", "accepts, then stays silent", proxied=True),
)
BY_KEY: dict[str, SurveyFault] = {fault.key: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault on one dependency, from ``start_ns`` for ``length_ns``."""

    dependency: Dependency
    fault: SurveyFault
    start_ns: int
    length_ns: int

    @property
    def stem(self) -> str:
        """For a file or folder: ``refused-db-example-internal``."""
        return f"{self.fault.key}-{self.dependency.name.replace('.', '-')}"

    @property
    def slow_ns(self) -> int:
        """How late a slow service's answers are."""
        return min(SLOW_NS, self.length_ns * 2 // 3)

    @property
    def fault_title(self) -> str:
        """What the fault does, for a person: ``answers 8 s late``."""
        return f"answers {format_duration(self.slow_ns)} late" if self.fault.key == "slow-service" else self.fault.title

    @property
    def title(self) -> str:
        """For a person: ``db.example.internal: connections refused``."""
        return f"{self.dependency.name}: {self.fault_title}"

    def timeline(self) -> list[dict[str, Any]]:
        """The entries of an experiment's timeline. The first is the fault; a second one closes a way around it."""
        when = {"from": written(self.start_ns), "for": written(self.length_ns)}
        name = self.dependency.name
        entries = [{"id": self.fault.key, **_fault(self), "when": when}]
        if self.fault.key == "refused" and self.dependency.service:  # connections that are open already meet it too
            down = {"network": "down", "where": self.dependency.service}
            entries.append({"id": "down", **down, "when": when, "optional": True})
        if self.fault.key == "dead-address":
            only_ipv4 = {"name": name, "types": ["AAAA"]}
            entries.append({"id": "no-ipv6", "dns": "empty", "where": only_ipv4, "when": when, "optional": True})
        return entries


def _fault(trial: Trial) -> dict[str, Any]:
    key, dependency = trial.fault.key, trial.dependency
    name, service = dependency.name, dependency.service
    match key:
        case "empty" | "nxdomain" | "servfail":
            return {"dns": key, "where": name}
        case "no-answer":
            return {"dns": "drop", "where": name}
        case "late-answer":
            return {"dns": {"delay": {"by": written(LATE_NS)}}, "where": name}
        case "dead-address":
            addresses = [DEAD_ADDRESS, *dependency.ipv4]
            return {"dns": {"address": {"to": addresses}}, "where": {"name": name, "types": ["A"]}}
        case "refused":
            return {"dns": {"address": {"preset": "refused"}}, "where": name}
        case "black-hole":
            return {"dns": {"address": {"preset": "black_hole"}}, "where": name}
        case "silent":
            return {"network": {"timeout": {"timeout": 0}}, "where": service}
        case "slow-service":
            return {"network": {"latency": {"latency": written(trial.slow_ns)}}, "where": service}


def trials_of(
    dependencies: Sequence[Dependency], faults: Sequence[SurveyFault], *, start_ns: int, length_ns: int
) -> tuple[Trial, ...]:
    """Each of ``faults`` that can be brought about, for each dependency: fault by fault, so that a survey cut short has met them all."""
    return tuple(
        Trial(dependency, fault, start_ns, length_ns)
        for fault in faults
        for dependency in dependencies
        if dependency.service or not fault.proxied
        if dependency.ipv4 or fault.key != "dead-address"
    )


def written(ns: int) -> str:
    """A duration as an experiment file has it."""
    return f"{ns // MILLISECOND}ms"
