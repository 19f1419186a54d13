"""What an exploration of the race says of each invariant: proved to its bounds, or broken, with the way that breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.errors import InputError
from chaoskit.race.invariants import PROGRESS, SAFETY, Safety, safety_named
from chaoskit.race.model import Race

Engine: TypeAlias = Literal["python", "spin"]

NAMES = (*(rule.name for rule in SAFETY), *PROGRESS)
"""All invariants, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant. ``trace``: the processes that move on a way that breaks it, ``None`` where it holds within the bounds.

    The last ``cycle`` moves go round for ever. Without a cycle a trace of ``can_progress`` or ``does_progress`` ends where no order of
    steps installs the newest plan. ``shortest`` is false for a way that SPIN met first.
    """

    invariant: str
    trace: tuple[int, ...] | None
    cycle: int = 0
    shortest: bool = True

    @property
    def holds(self) -> bool:
        """Whether it holds within the bounds."""
        return self.trace is None


@dataclass(frozen=True, slots=True)
class Findings:
    """One exploration. ``states``: distinct ones, of those that differ in who is who only one where ``symmetric``.

    ``whole`` is false where SPIN's searches all ended at a break, so that not every state was seen.
    """

    race: Race
    findings: tuple[Finding, ...]
    states: int
    transitions: int
    cpu_seconds: float
    engine: Engine
    symmetric: bool
    whole: bool = True

    def of(self, invariant: str) -> Finding:
        """The finding of one invariant. Raises ``KeyError``."""
        return next(finding for finding in self.findings if finding.invariant == invariant)

    @property
    def holds(self) -> bool:
        """Whether all of them hold."""
        return all(finding.holds for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Question:
    """Which invariants are judged."""

    safety: tuple[Safety, ...] = SAFETY
    progress: tuple[str, ...] = tuple(PROGRESS)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, safety first."""
        return (*(rule.name for rule in self.safety), *self.progress)


ALL = Question()


def question_of(names: Sequence[str]) -> Question:
    """The invariants of these names; all where there are none. Raises ``InputError`` for a name that is not known."""
    if not names:
        return ALL
    safety, progress = [], []
    for name in names:
        if name in PROGRESS:
            progress.append(name)
        elif (rule := safety_named(name)) is not None:
            safety.append(rule)
        else:
            raise InputError(f"there is no invariant {name!r}; known: {', '.join(NAMES)}, never_older_than=K")
    return Question(tuple(dict.fromkeys(safety)), tuple(dict.fromkeys(progress)))


MOST_STATES = 20_000_000
"""Where our own engine gives up: some 80 bytes a state."""


def judge(race: Race, question: Question = ALL, *, symmetric: bool = True, most: int = MOST_STATES) -> Findings:
    """Explore here. Raises ``TooLarge`` past ``most`` states."""
    from chaoskit.sim.explore import explore
    from chaoskit.sim.progress import progress

    system = race.system(question.safety)
    exploration = explore(system, symmetric=symmetric, edges=bool(question.progress), most=most)
    findings = []
    for bit, rule in enumerate(question.safety):
        broken = exploration.breaks.get(bit)
        trace = exploration.way_to(broken.state, broken.process) if broken else None
        findings.append(Finding(rule.name, trace))
    if question.progress:
        liveness = progress(exploration)
        ways = {
            "can_progress": Finding("can_progress", liveness.stuck),
            "does_progress": Finding(
                "does_progress",
                liveness.lasso.stem + liveness.lasso.cycle if liveness.lasso else None,
                len(liveness.lasso.cycle) if liveness.lasso else 0,
            ),
        }
        findings += [ways[name] for name in question.progress]
    return Findings(
        race=race,
        findings=tuple(findings),
        states=exploration.size,
        transitions=exploration.transitions,
        cpu_seconds=exploration.cpu_seconds,
        engine="python",
        symmetric=symmetric,
    )


def promela_of(race: Race, question: Question = ALL) -> str:
    """The race as a Promela model for SPIN."""
    from chaoskit.sim.promela import promela

    names = ", ".join(race.protections) or "no protection"
    title = f"The race of two and more enactors: {race.enactors} enactors, {race.plans} plans; {names}."
    return promela(race.system(question.safety), title, [rule.name for rule in question.safety])


def judge_with_spin(race: Race, question: Question = ALL, *, small: bool = False, count: bool = False) -> Findings:
    """Let SPIN explore, without symmetry, and read its trails back. It cannot judge ``can_progress``: SPIN's logic is of linear time.

    A search ends at the first break, so without ``count`` not every state need be seen. ``small``: see ``Spin``. Raises ``InputError``
    where SPIN is not here, ``SpinError`` where it gives no verdict.
    """
    from chaoskit.sim.spin import Spin

    findings = []
    with Spin(promela_of(race, question), small=small, breadth_first=True) as spin:
        searches = [spin.count()] if count else []
        for bit, rule in enumerate(question.safety):
            searches.append(search := spin.safety(bit))
            findings.append(Finding(rule.name, search.trail))
        largest = max(searches, key=lambda search: search.states, default=None)
        if "does_progress" in question.progress:
            searches.append(search := spin.progress())
            findings.append(Finding("does_progress", search.trail, search.cycle, shortest=False))
    largest = largest or searches[-1]
    return Findings(
        race=race,
        findings=tuple(findings),
        states=largest.states,
        transitions=largest.transitions,
        cpu_seconds=sum(search.cpu_seconds for search in searches),
        engine="spin",
        symmetric=False,
        whole=any(search.trail is None for search in searches),
    )
