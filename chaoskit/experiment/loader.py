"""From a file or a shipped name to a resolved experiment, or to errors that name the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chaoskit.errors import ExperimentError, FieldPath, InputError, Problem, dotted
from chaoskit.expect import EXPECTATIONS, Expectation
from chaoskit.experiment.allowed import add_allowed
from chaoskit.experiment.checks import Planned, check
from chaoskit.experiment.document import Document, read_document, read_text
from chaoskit.experiment.holds import held_up
from chaoskit.experiment.planes import PLANE_KEYS, PLANES
from chaoskit.experiment.plans import with_aliases
from chaoskit.experiment.problems import problems_of
from chaoskit.experiment.schema import ExperimentSpec, InjectionSpec
from chaoskit.experiment.when import AnyWhen, CronSpec
from chaoskit.registry import NoKind, Registry
from chaoskit.seeds import generator
from chaoskit.strict import FROM_A_FILE, validate
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Plane
from chaoskit.timeline.window import Window
from chaoskit.units import SECOND

TAIL_NS = 10 * SECOND
"""How long a run goes on after its last fault when the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A validated experiment. ``plain`` is the file's data as JSON; times here are already scaled by ``time_scale``.

    ``planes`` maps every plane's key to its injections, in the file's order.
    """

    spec: ExperimentSpec
    plain: dict[str, Any]
    source: str
    time_scale: float
    duration_ns: int
    planes: Mapping[str, tuple[Injection[Any, Any], ...]]
    expectations: tuple[Expectation, ...]
    holds: tuple[int, ...] = ()
    """Offsets at which a run with a facilitator waits for a go, in order."""
    lines: Mapping[FieldPath, int]

    def line(self, field: FieldPath) -> int:
        """The line of a field in the file, or of the nearest field around it that was written."""
        return Document(self.source, self.plain, dict(self.lines)).line(field)

    @property
    def injections(self) -> tuple[Injection[Any, Any], ...]:
        """Those of all planes."""
        return tuple(injection for injections in self.planes.values() for injection in injections)


def load(path: Path, time_scale: float = 1.0, seed: int | None = None, allow: Sequence[str] = ()) -> Experiment:
    """Read and validate an experiment file; ``seed`` replaces the file's, ``allow`` adds services (``experiment/allowed.py``).

    Raises ``ExperimentError`` with every problem found.
    """
    document = read(path)
    if isinstance(document.data, dict):
        document.data.update({} if seed is None else {"seed": seed})
        add_allowed(document.data, allow)
    return resolve(document, time_scale)


def read(path: Path) -> Document:
    """An experiment file as plain data, not yet validated. Raises ``InputError``."""
    return read_document(str(path), read_text(path, "an experiment file"))


def resolve_plain(plain: dict[str, Any], source: str) -> Experiment:
    """The experiment that a journal carries, for judging it again."""
    return resolve(Document(source, plain, {}), time_scale=1.0)


def resolve(document: Document, time_scale: float) -> Experiment:
    """Validate a document as a whole. Raises ``ExperimentError`` with every problem found."""
    if isinstance(document.data, dict) and str(kind := document.data.get("kind", "")).startswith("cascade-"):
        command = str(kind).replace("-", " ", 1).replace("system", "map")
        raise InputError(
            f"{document.path}: a file of kind {kind} is no experiment; run: chaoskit {command} {document.path}"
        )
    try:
        spec = ExperimentSpec.model_validate(document.data, context=FROM_A_FILE)
    except ValidationError as error:
        raise ExperimentError(document.path, problems_of(error, document)) from error
    resolver = _Resolver(document, spec)
    for number, entry in enumerate(spec.timeline):
        resolver.injection(number, entry, time_scale)
    expectations = [resolver.expectation(number, written) for number, written in enumerate(spec.expect)]
    last_end = max((spec.phases_of(entry.when)[-1].end or 0 for entry in spec.timeline), default=0)
    duration = spec.duration if spec.duration is not None else last_end + TAIL_NS
    experiment = Experiment(
        spec=spec,
        plain=document.data,
        source=document.path,
        lines=document.lines,
        time_scale=time_scale,
        duration_ns=round(duration * time_scale),
        planes={
            plane.key: tuple(planned.injection for planned in resolver.planned if planned.plane is plane)
            for plane in PLANES
        },
        holds=resolver.holds(),
        expectations=tuple(expectation for expectation in expectations if expectation is not None),
    )
    problems = resolver.problems + check(spec, resolver.planned, expectations, document)
    if time_scale < spec.limits.smallest_time_scale or time_scale > 100:
        problems.append(_scale_problem(document, spec, time_scale))
    if problems:
        raise ExperimentError(document.path, problems)
    return experiment


def _scale_problem(document: Document, spec: ExperimentSpec, time_scale: float) -> Problem:
    smallest = spec.limits.smallest_time_scale
    message = f"this experiment allows a time scale from {smallest:g} to 100, not {time_scale:g}."
    path = ("limits", "smallest_time_scale")
    if path in document.lines:
        fix = "SDK back-off does not scale, so a shorter run would answer another question."
        return Problem(document.line(path), ".".join(path), message, fix, path)
    fix = (
        f"Leave --time-scale out; if shorter times answer its question too, write limits: {{{path[1]}: {time_scale:g}}}."
        if 0 < time_scale < smallest
        else "Leave --time-scale out."
    )
    return Problem(0, "--time-scale", message, fix)


class _Resolver:
    """Turns what pydantic left open (kinds and their parameters) into objects, collecting problems as it goes."""

    def __init__(self, document: Document, spec: ExperimentSpec) -> None:
        self.document = document
        self._spec = spec
        self._seed = spec.seed
        self.problems: list[Problem] = []
        self.planned: list[Planned] = []

    def injection(self, number: int, entry: InjectionSpec, scale: float) -> None:
        field: FieldPath = ("timeline", number)
        planes = [plane for plane in PLANES if entry.fault_of(plane.key) is not None]
        if len(planes) != 1:
            message = f"names {'no plane' if not planes else ' and '.join(plane.key for plane in planes)}."
            *first, last = (f"'{key}: …'" for key in PLANE_KEYS)
            self._say(field, message, f"Write one of {', '.join(first)} and {last}.")
            return
        plane = planes[0]
        name = entry.id or f"{plane.key}-{number + 1}"
        phases = self._spec.phases_of(entry.when)
        names = [f"{name}-{phase}" for phase in range(1, len(phases) + 1)] if self._spec.repeat else [name]
        windows = [self._window((*field, "when"), when, scale, own) for when, own in zip(phases, names, strict=True)]
        fault = self._kind((*field, plane.key), plane.noun, plane.faults, entry.fault_of(plane.key))
        target = self._target((*field, "where"), plane, entry.where)
        if fault is None or target is None:
            return
        target = with_aliases(self._spec, target)
        for own, window in zip(names, windows, strict=True):
            if window is not None:
                injection = Injection(own, target, window, fault, entry.chance, entry.hidden, entry.optional)
                self.planned.append(Planned(plane, number, injection))

    def holds(self) -> tuple[int, ...]:
        """Where entries with ``hold: true`` begin, in order; notes those that cannot be held."""
        injections = [planned.injection for planned in self.planned]
        points: set[int] = set()
        for planned in self.planned:
            at = planned.injection.when.next_change(-1)
            if not self._spec.timeline[planned.number].hold or at is None:
                continue
            points.add(at)
            if blockers := held_up(at, injections):
                message = (
                    f"the run cannot be held before {planned.injection.id}: {', '.join(blockers)} would last longer."
                )
                crons = any(isinstance(entry.when, CronSpec) for entry in self._spec.timeline)
                fix = "Let what begins before it end before it" + (
                    ", and write no cron window beside a hold." if crons else "."
                )
                self._say(("timeline", planned.number, "hold"), message, fix)
        return tuple(sorted(points))

    def _window(self, field: FieldPath, written: AnyWhen, scale: float, name: str) -> Window | None:
        try:
            return written.window(scale, generator(self._seed, "window", name).getrandbits(32))
        except ValueError as error:
            self._say(field, f"{error}.")
        return None

    def expectation(self, number: int, written: Any) -> Expectation | None:
        expectation: Expectation | None = self._kind(("expect", number), "expectation", EXPECTATIONS, written)
        return expectation

    def _kind(self, field: FieldPath, what: str, registry: Registry, written: Any) -> Any:
        """The object of ``kind`` or ``{kind: {parameters}}``; None, with a problem noted, when it is wrong."""
        try:
            kind, parameters = registry.read(written, what)
        except NoKind as error:
            self._say(field, error.message, error.fix)
            return None
        cls = registry.get(kind)
        if isinstance(parameters, str) and hasattr(cls, "SHORT"):  # recycle: 5s
            parameters = {cls.SHORT: parameters}
        return self._read((*field, kind) if isinstance(written, dict) else field, cls, parameters)

    def _target(self, field: FieldPath, plane: Plane, written: Any) -> Any:
        if written == "":
            self._say(field, f"the {plane.short} is empty.")
            return None
        return self._read(field, plane.target, {plane.short: written} if isinstance(written, str) else written)

    def _read(self, field: FieldPath, kind: type[Any], written: Any) -> Any:
        try:
            return validate(kind, written)
        except ValidationError as error:
            self.problems += problems_of(error, self.document, field, kind)
        except ValueError as error:
            self._say(field, f"{error}.")
        return None

    def _say(self, field: FieldPath, message: str, fix: str = "") -> None:
        self.problems.append(Problem(self.document.line(field), dotted(field), message, fix, field))
