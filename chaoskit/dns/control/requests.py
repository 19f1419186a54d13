"""What may be asked of the control API, as pydantic models, and how it becomes faults and zones. No HTTP here.

The command line reads its words with the same functions, so it says the same of a misspelt fault as the API and an experiment do.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.masterfile import read_master_file
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zone, Zones
from chaoskit.dns.zone_spec import ZoneSpec, zone_plan
from chaoskit.errors import InputError
from chaoskit.registry import NoKind
from chaoskit.strict import Strict, validate
from chaoskit.timeline.window_spec import FlapSpec, PulseSpec, RampSpec, WindowShape
from chaoskit.units import Duration

MAX_RECORDS = 50_000
"""Of one master file that comes over the network: a line of ``$GENERATE`` makes thousands."""

Label = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class InjectionRequest(Strict):
    """An injection to begin now. It is a lease: it ends by itself."""

    fault: Any = Field(description="the fault's kind, or {kind: {parameters}}")
    where: Any = Field(description="the exact name, or {name, types, …}")
    length: Duration | None = Field(None, alias="for", description="the lease; default 60s, at most the server's limit")
    heartbeat: Duration | None = Field(
        None, description="it ends when no heartbeat was posted for this long; none: the deadline alone ends it"
    )
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0
    pulse: PulseSpec | None = Field(None, description="within the lease on and off in even pulses: {every, for}")
    flap: FlapSpec | None = Field(None, description="within the lease on and off for random times: {on, off}")
    ramp: RampSpec | None = Field(None, description="the chance grows from 0 to all of it: {over}")
    id: Label | None = Field(None, description="a name of your own; default: one is made")

    @property
    def way(self) -> WindowShape | None:
        """How it is on within its lease; None: all the time."""
        return self.pulse or self.flap or self.ramp

    @model_validator(mode="after")
    def _can_be(self) -> InjectionRequest:
        if sum(way is not None for way in (self.pulse, self.flap, self.ramp)) > 1:
            raise ValueError("pulse, flap and ramp exclude each other; begin two injections instead")
        if self.way:
            self.way.window(0, self.length or 1, 1.0, 0)
        return self


class InjectionChange(Strict):
    """A change of an injection that is under way."""

    length: Duration | None = Field(None, alias="for", description="from now; never past the server's limit")
    chance: Annotated[float, Field(gt=0, le=1)] | None = None


class ZonesRequest(Strict):
    """All zones, in place of those that are served: they are swapped at once, or, if anything is wrong, not at all."""

    zones: dict[str, ZoneSpec] = Field(default_factory=dict, description="zones by apex, as in an experiment")
    master_files: dict[str, str] = Field(default_factory=dict, description="text of master files (RFC 1035 §5) by apex")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a request: ``field`` is its dotted path, ``fix`` what would be right."""

    field: str
    message: str
    fix: str = ""


class BadRequest(InputError):
    """A request that cannot be met as it stands. ``findings`` holds all that was found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        said = [
            f"{one.field + ': ' if one.field else ''}{one.message}" + f" {one.fix}" * bool(one.fix) for one in findings
        ]
        super().__init__("\n".join(said))


@dataclass(frozen=True, slots=True)
class NewInjection:
    """A valid request. ``written`` is the fault in the asker's own words, ``{kind: {parameters}}``."""

    id: str | None
    where: DnsTarget
    fault: DnsFault
    written: dict[str, Any]
    chance: float
    length_ns: int | None
    heartbeat_ns: int | None
    way: WindowShape | None = None


def read_injection(plain: Any) -> NewInjection:
    """Raises ``BadRequest`` with everything that is wrong."""
    request = read(InjectionRequest, plain)
    findings: list[Finding] = []
    fault: Any = None
    words: dict[str, Any] = {}
    try:
        kind, parameters = FAULTS.read(request.fault, "fault")
        words = {kind: parameters}
        fault = _object(FAULTS.get(kind), parameters, f"fault.{kind}", findings)
    except NoKind as error:
        findings.append(Finding("fault", error.message, error.fix))
    place = {"name": request.where} if isinstance(request.where, str) else request.where
    where = _object(DnsTarget, place, "where", findings)
    if findings:
        raise BadRequest(findings)
    return NewInjection(request.id, where, fault, words, request.chance, request.length, request.heartbeat, request.way)


def read_zones(plain: Any) -> Zones:
    """All zones of a ``ZonesRequest``. Raises ``BadRequest``."""
    request = read(ZonesRequest, plain)
    try:
        zones = [Zone.from_plan(zone_plan(apex, zone)) for apex, zone in request.zones.items()]
        zones += [read_master_file(text, apex, apex, most=MAX_RECORDS) for apex, text in request.master_files.items()]
        return Zones.of(zones)
    except (ValueError, InputError) as error:
        raise BadRequest([Finding("zones", f"{error}.")]) from error


Model = typing.TypeVar("Model", bound=BaseModel)


def read(model: type[Model], plain: Any) -> Model:
    """Validate ``plain``. Raises ``BadRequest`` with everything that is wrong."""
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise BadRequest(list(_findings(error, "", model))) from error


def _object(kind: type[Any], plain: Any, field: str, findings: list[Finding]) -> Any:
    """An object of ``kind`` made of ``plain``; None, with findings, when it is wrong."""
    try:
        return validate(kind, plain)
    except ValidationError as error:
        findings += _findings(error, field, kind)
    except ValueError as error:
        findings.append(Finding(field, f"{error}."))
    return None


def _findings(error: ValidationError, under: str, kind: type[Any]) -> typing.Iterator[Finding]:
    known = _field_names(kind)
    for one in error.errors(include_url=False, include_context=False):
        field = ".".join([under, *map(str, one["loc"])] if under else map(str, one["loc"]))
        match one["type"]:
            case "extra_forbidden" | "unexpected_keyword_argument":
                # Below the first level pydantic does not tell whose field it would have been.
                near = difflib.get_close_matches(str(one["loc"][-1]), known, n=1) if len(one["loc"]) == 1 else []
                fix = f"Did you mean {near[0]!r}? " * bool(near) if near else ""
                fix += f"Known: {', '.join(known) or 'none'}." if len(one["loc"]) == 1 else ""
                yield Finding(field, "there is no such field.", fix)
            case "missing" | "missing_argument" | "missing_keyword_only_argument":
                yield Finding(field, "is missing.", f"Known here: {', '.join(known)}.")
            case _:
                message = one["msg"].removeprefix("Value error, ").rstrip(".")
                yield Finding(field, f"{message}.")


def _field_names(kind: type[Any]) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [info.alias or name for name, info in kind.model_fields.items()]
    return [name.rstrip("_") for name in getattr(kind, "__dataclass_fields__", {})]
