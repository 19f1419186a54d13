"""From a file or a shipped name to a resolved experiment, or to errors that name the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from chaoskit.aws.faults import FAULTS as SERVICE_FAULTS
from chaoskit.aws.plan import ServiceInjection
from chaoskit.aws.target import ServiceTarget as ServiceWhere
from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.target import DnsTarget as DnsWhere
from chaoskit.errors import ExperimentError, Problem
from chaoskit.expect import EXPECTATIONS, Expectation
from chaoskit.experiment.checks import check
from chaoskit.experiment.document import Document, FieldPath, dotted, read_document, read_text
from chaoskit.experiment.plans import with_aliases
from chaoskit.experiment.problems import problems_of
from chaoskit.experiment.schema import ExperimentSpec, TimelineSpec
from chaoskit.experiment.when import AnyWhen
from chaoskit.network.target import NetworkTarget as NetworkWhere
from chaoskit.network.toxics import TOXICS, Toxic
from chaoskit.process.driver import ProcessInjection
from chaoskit.process.faults import PROCESS_FAULTS
from chaoskit.process.faults import ProcessTarget as ProcessWhere
from chaoskit.registry import NoKind, Registry
from chaoskit.seeds import generator
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Window
from chaoskit.units import SECOND

DnsInjection: TypeAlias = Injection[DnsWhere, DnsFault]
NetworkInjection: TypeAlias = Injection[NetworkWhere, Toxic]

PLANE_KEYS = ("dns", "network", "service", "process")
"""The keys of an entry of the timeline, of which it has one."""

TAIL_NS = 10 * SECOND
"""How long a run goes on after its last fault when the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A validated experiment. ``plain`` is the file's data as JSON; times here are already scaled by ``time_scale``."""

    spec: ExperimentSpec
    plain: dict[str, Any]
    source: str
    time_scale: float
    duration_ns: int
    dns: tuple[DnsInjection, ...]
    network: tuple[NetworkInjection, ...]
    service: tuple[ServiceInjection, ...]
    process: tuple[ProcessInjection, ...]
    expectations: tuple[Expectation, ...]

    @property
    def injections(self) -> tuple[Injection[Any, Any], ...]:
        """Those of all planes."""
        return (*self.dns, *self.network, *self.service, *self.process)


def load(path: Path, time_scale: float = 1.0, seed: int | None = None) -> Experiment:
    """Read and validate an experiment file; ``seed`` replaces the file's. Raises ``ExperimentError`` with every problem found."""
    document = read(path)
    if seed is not None and isinstance(document.data, dict):
        document.data["seed"] = seed
    return resolve(document, time_scale)


def read(path: Path) -> Document:
    """An experiment file as plain data, not yet validated. Raises ``InputError``."""
    return read_document(str(path), read_text(path, "an experiment file"))


def resolve_plain(plain: dict[str, Any], source: str) -> Experiment:
    """The experiment that a journal carries, for judging it again."""
    return resolve(Document(source, plain, {}), time_scale=1.0)


def resolve(document: Document, time_scale: float) -> Experiment:
    """Validate a document as a whole. Raises ``ExperimentError`` with every problem found."""
    try:
        spec = ExperimentSpec.model_validate(document.data)
    except ValidationError as error:
        raise ExperimentError(document.path, problems_of(error, document)) from error
    resolver = _Resolver(document, spec)
    for number, entry in enumerate(spec.timeline):
        resolver.injection(number, entry, time_scale)
    expectations = [resolver.expectation(number, written) for number, written in enumerate(spec.expect)]
    last_end = max((entry.when.end or 0 for entry in spec.timeline), default=0)
    duration = spec.duration if spec.duration is not None else last_end + TAIL_NS
    experiment = Experiment(
        spec=spec,
        plain=document.data,
        source=document.path,
        time_scale=time_scale,
        duration_ns=round(duration * time_scale),
        dns=tuple(resolver.dns),
        network=tuple(resolver.network),
        service=tuple(resolver.service),
        process=tuple(resolver.process),
        expectations=tuple(expectation for expectation in expectations if expectation is not None),
    )
    planes = {
        "dns": experiment.dns,
        "network": experiment.network,
        "service": experiment.service,
        "process": experiment.process,
    }
    problems = resolver.problems + check(spec, planes, expectations, document)
    if time_scale < spec.limits.smallest_time_scale or time_scale > 100:
        problems.append(_scale_problem(document, spec, time_scale))
    if problems:
        raise ExperimentError(document.path, problems)
    return experiment


def _scale_problem(document: Document, spec: ExperimentSpec, time_scale: float) -> Problem:
    smallest = spec.limits.smallest_time_scale
    message = f"this experiment allows a time scale from {smallest:g} to 100, not {time_scale:g}."
    fix = "SDK back-off does not scale, so a shorter run would answer another question."
    return Problem(document.line(("limits",)), "limits.smallest_time_scale", message, fix)


class _Resolver:
    """Turns what pydantic left open (kinds and their parameters) into objects, collecting problems as it goes."""

    def __init__(self, document: Document, spec: ExperimentSpec) -> None:
        self.document = document
        self._spec = spec
        self._seed = spec.seed
        self.problems: list[Problem] = []
        self.dns: list[DnsInjection] = []
        self.network: list[NetworkInjection] = []
        self.service: list[ServiceInjection] = []
        self.process: list[ProcessInjection] = []

    def injection(self, number: int, entry: TimelineSpec, scale: float) -> None:
        field: FieldPath = ("timeline", number)
        planes = [plane for plane in PLANE_KEYS if getattr(entry, plane) is not None]
        if len(planes) != 1:
            said = f"names {'no plane' if not planes else ' and '.join(planes)}."
            self._say(field, said, "Write one of 'dns: …', 'network: …', 'service: …' and 'process: …'.")
            return
        name = entry.id or f"{planes[0]}-{number + 1}"
        when = self._window((*field, "when"), entry.when, scale, name)
        if when is None:
            return
        if entry.dns is not None:
            fault = self._kind((*field, "dns"), "DNS fault", FAULTS, entry.dns)
            where = self._where((*field, "where"), DnsWhere, "name", entry.where)
            if fault is not None and where is not None:
                self.dns.append(
                    Injection(name, with_aliases(self._spec, where), when, fault, entry.chance, entry.hidden)
                )
        elif entry.service is not None:
            broken = self._kind((*field, "service"), "service fault", SERVICE_FAULTS, entry.service)
            aim = self._where((*field, "where"), ServiceWhere, "service", entry.where)
            if broken is not None and aim is not None:
                self.service.append(Injection(name, aim, when, broken, entry.chance, entry.hidden))
        elif entry.process is not None:
            deed = self._kind((*field, "process"), "process fault", PROCESS_FAULTS, entry.process)
            target = self._where((*field, "where"), ProcessWhere, "process", entry.where)
            if deed is not None and target is not None:
                self.process.append(Injection(name, target, when, deed, entry.chance, entry.hidden))
        else:
            toxic = self._kind((*field, "network"), "toxic", TOXICS, entry.network)
            place = self._where((*field, "where"), NetworkWhere, "service", entry.where)
            if toxic is not None and place is not None:
                self.network.append(Injection(name, place, when, toxic, entry.chance, entry.hidden))

    def _window(self, field: FieldPath, written: AnyWhen, scale: float, name: str) -> Window | None:
        try:
            return written.window(scale, generator(self._seed, "window", name).getrandbits(32))
        except ValueError as error:
            self._say(field, f"{error}.")
        return None

    def expectation(self, number: int, written: Any) -> Expectation | None:
        found: Expectation | None = self._kind(("expect", number), "expectation", EXPECTATIONS, written)
        return found

    def _kind(self, field: FieldPath, what: str, registry: Registry, written: Any) -> Any:
        """The object of ``kind`` or ``{kind: {parameters}}``; None, with a problem noted, when it is wrong."""
        try:
            kind, parameters = registry.read(written, what)
        except NoKind as error:
            self._say(field, error.message, error.fix)
            return None
        return self._read((*field, kind) if isinstance(written, dict) else field, registry.get(kind), parameters)

    def _where(self, field: FieldPath, kind: type[Any], short: str, written: Any) -> Any:
        return self._read(field, kind, {short: written} if isinstance(written, str) else written)

    def _read(self, field: FieldPath, kind: type[Any], written: Any) -> Any:
        adapter: Callable[[Any], Any] = TypeAdapter(kind).validate_python
        try:
            return adapter(written)
        except ValidationError as error:
            self.problems += problems_of(error, self.document, field)
        except ValueError as error:
            self._say(field, f"{error}.")
        return None

    def _say(self, field: FieldPath, message: str, fix: str = "") -> None:
        self.problems.append(Problem(self.document.line(field), dotted(field), message, fix))
