"""The YAML of a system: what may be written, checked by pydantic, with problems that name the line.

A file is handed in already parsed, with the line of each field (``ParsedFile``): the YAML reader lives with the experiments, above here.
"""

from __future__ import annotations

import difflib
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field, ValidationError

from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.policies.load_shedding import LoadShedding
from chaoskit.cascade.policies.retry_budget import RetryBudget
from chaoskit.cascade.system.model import NO_SLEEP, USERS, Call, Outage, Service, System
from chaoskit.errors import ExperimentError, FieldPath, Problem, dotted, known_fields
from chaoskit.strict import FROM_A_FILE, Strict
from chaoskit.units import Duration


class ParsedFile(Protocol):
    """A parsed file."""

    @property
    def path(self) -> str:
        """For messages."""
        ...

    @property
    def data(self) -> Any:
        """Plain data."""
        ...

    def line(self, field: FieldPath) -> int:
        """The line of a field, or of the nearest around it."""
        ...


class BackOffSpec(Strict):
    """The sleep before a retry: ``base`` doubled each time up to ``cap``."""

    base: Duration
    cap: Duration = 20_000_000_000
    jitter: Literal["none", "equal", "full", "decorrelated"] = "full"


class CallSpec(Strict):
    """A call of the callers or of a service."""

    timeout: Duration = Field(gt=0)
    tries: int = Field(default=1, ge=1, le=10)
    back_off: BackOffSpec | None = None
    retry_budget: float | None = Field(default=None, gt=0, le=1)


class CallersSpec(CallSpec):
    """The callers: users, clients, jobs."""

    call: str


class SheddingSpec(Strict):
    """Work is turned away with a chance that grows from ``low`` to ``high`` waiting."""

    low: float = Field(ge=0)
    high: float = Field(gt=0)


class ServiceSpec(Strict):
    """One service."""

    capacity_per_s: float = Field(gt=0, le=1e7)
    queue: int | None = Field(default=None, ge=1)
    order: Literal["fifo", "lifo"] = "fifo"
    drops_abandoned: bool = False
    shed: SheddingSpec | None = None
    service_time: Literal["exponential", "constant"] = "exponential"
    calls: dict[str, CallSpec] = Field(default_factory=dict)


class OutageSpec(Strict):
    """What goes wrong, and for how long."""

    for_: Duration = Field(alias="for", gt=0)
    service: str | None = None
    capacity_left: float = Field(default=0.0, ge=0, le=1)
    load_times: float = Field(default=1.0, gt=0, le=1000)


class SystemSpec(Strict):
    """The whole file. ``kind`` says that it is a system and no experiment of processes."""

    kind: Literal["cascade-system"]
    title: str
    question: str = ""
    load_per_s: float = Field(gt=0, le=1e7)
    callers: CallersSpec
    services: dict[str, ServiceSpec] = Field(min_length=1, max_length=40)
    outage: OutageSpec


def read_system(written: ParsedFile) -> System:
    """The system that a file describes. Raises ``ExperimentError`` with every problem found."""
    try:
        spec = SystemSpec.model_validate(written.data, context=FROM_A_FILE)
    except ValidationError as error:
        raise ExperimentError(written.path, problems_of(error, written, SystemSpec)) from error
    problems = [*_unknown_services(spec, written), *_marks(spec, written)]
    if problems:
        raise ExperimentError(written.path, problems)
    system = _system(spec)
    try:
        system.order()
    except ValueError as error:
        problem = Problem(written.line(("services",)), "services", f"{error}.", "Take one of these calls out.")
        raise ExperimentError(written.path, [problem]) from error
    unused = sorted(set(system.services) - {service.name for service in system.order()})
    if unused:
        first: FieldPath = ("services", unused[0])
        problem = Problem(written.line(first), dotted(first), "nobody calls it.", "Call it, or leave it out.")
        raise ExperimentError(written.path, [problem])
    return system


def _system(spec: SystemSpec) -> System:
    outage = spec.outage
    return System(
        title=spec.title,
        load_per_s=spec.load_per_s,
        callers=_call(spec.callers.call, spec.callers),
        services={
            name: Service(
                name=name,
                capacity_per_s=service.capacity_per_s,
                queue=service.queue,
                order=service.order,
                drops_abandoned=service.drops_abandoned,
                shedding=LoadShedding(low=service.shed.low, high=service.shed.high) if service.shed else None,
                law=service.service_time,
                calls=tuple(_call(to, call) for to, call in service.calls.items()),
            )
            for name, service in spec.services.items()
        },
        outage=Outage(
            for_ns=outage.for_,
            service=outage.service,
            capacity_left=outage.capacity_left if outage.service else 1.0,
            load_times=outage.load_times,
        ),
    )


def _call(to: str, spec: CallSpec) -> Call:
    sleep = spec.back_off
    return Call(
        to=to,
        timeout_ns=spec.timeout,
        tries=spec.tries,
        back_off=BackOff(base_ns=sleep.base, cap_ns=sleep.cap, jitter=sleep.jitter) if sleep else NO_SLEEP,
        budget=RetryBudget(earn=spec.retry_budget) if spec.retry_budget else None,
    )


def _unknown_services(spec: SystemSpec, written: ParsedFile) -> list[Problem]:
    named: list[tuple[FieldPath, str | None]] = [
        (("callers", "call"), spec.callers.call),
        (("outage", "service"), spec.outage.service),
        *((("services", name, "calls", to), to) for name, service in spec.services.items() for to in service.calls),
    ]
    problems = []
    for field, name in named:
        if name is not None and name not in spec.services:
            near = difflib.get_close_matches(name, spec.services, n=1)
            fix = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(spec.services)}."
            problems.append(Problem(written.line(field), dotted(field), f"there is no service {name!r}.", fix))
    if USERS in spec.services:
        field = ("services", USERS)
        problems.append(Problem(written.line(field), dotted(field), f"{USERS!r} is what the callers are called."))
    return problems


def _marks(spec: SystemSpec, written: ParsedFile) -> list[Problem]:
    problems = []
    for name, service in spec.services.items():
        if service.shed and service.shed.high <= service.shed.low:
            field = ("services", name, "shed", "high")
            problems.append(Problem(written.line(field), dotted(field), "must be above low."))
    if spec.outage.service is None and spec.outage.load_times == 1:
        fix = "Write 'service: NAME' (its capacity goes) or 'load_times: 5'."
        problems.append(Problem(written.line(("outage",)), "outage", "nothing goes wrong in it.", fix))
    return problems


def problems_of(error: ValidationError, written: ParsedFile, model: type[BaseModel]) -> list[Problem]:
    """pydantic's findings, with line, field and what would be right."""
    return [_problem(finding, written, model) for finding in error.errors(include_url=False)]


def _problem(finding: Any, written: ParsedFile, model: type[BaseModel]) -> Problem:
    field: FieldPath = tuple(finding["loc"])
    line, kind = written.line(field), finding["type"]
    if kind == "extra_forbidden":
        known = _fields_around(model, field)
        return Problem(line, dotted(field), "there is no such field.", known_fields(field, known))
    if kind == "missing":
        return Problem(line, dotted(field), "is missing.", f"Add {field[-1]!r} here.")
    if kind == "literal_error":
        return Problem(
            line, dotted(field), f"{finding['input']!r} is not known here.", f"Write {finding['ctx']['expected']}."
        )
    return Problem(line, dotted(field), f"{finding['msg'].removeprefix('Value error, ').rstrip('.')}.")


def _fields_around(model: type[BaseModel], field: FieldPath) -> list[str]:
    """The fields that the model knows at the place of ``field``'s last part."""
    around: Any = model
    for part in field[:-1]:
        info = next((i for name, i in around.model_fields.items() if (i.alias or name) == part), None)
        annotation = info.annotation if info else around
        around = next(iter(_models(annotation)), around)
    return [info.alias or name for name, info in around.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]
