"""pydantic's findings as problems a person can act on: the line, the field, what is wrong, what would be right."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from chaoskit.dns.changing_zone_spec import ChangingZoneSpec
from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.errors import FieldPath, Problem, dotted, known_fields
from chaoskit.experiment import schema, when
from chaoskit.experiment.abort_spec import AbortSpec
from chaoskit.experiment.app_spec import AppSpec
from chaoskit.experiment.document import Document
from chaoskit.experiment.own_service_spec import OwnServiceSpec
from chaoskit.experiment.repeat_spec import RepeatSpec
from chaoskit.timeline import window_spec

_MODELS: dict[str, type[BaseModel]] = {
    "clients": schema.ClientSpec,
    "apps": AppSpec,
    "services": schema.ServiceSpec,
    "zones": ChangingZoneSpec,
    "resolver": ResolverSettings,
    "abort_when": AbortSpec,
    "repeat": RepeatSpec,
    "timeline": schema.TimelineSpec,
    "when": when.WhenSpec,
    "pulse": window_spec.PulseSpec,
    "flap": window_spec.FlapSpec,
    "ramp": window_spec.RampSpec,
    "until": when.UntilSpec,
    "limits": schema.LimitsSpec,
}


def problems_of(
    error: ValidationError, document: Document, under: FieldPath = (), kind: type[Any] | None = None
) -> list[Problem]:
    """Every finding of ``error``; ``under`` is the field whose value was being read, as an object of ``kind``."""
    return [
        _located(_problem(finding, document, under, kind), finding, under)
        for finding in error.errors(include_url=False)
    ]


def _located(problem: Problem, finding: Any, under: FieldPath) -> Problem:
    return replace(problem, path=(*under, *(part for part in finding["loc"] if not str(part).startswith("["))))


def _problem(finding: Any, document: Document, under: FieldPath, read_as: type[Any] | None) -> Problem:
    field: FieldPath = (
        *under,
        *(part for part in finding["loc"] if not str(part).startswith("[")),
    )  # pydantic's own words
    line = document.line(field)
    kind = finding["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        if read_as is not None and is_dataclass(read_as) and len(finding["loc"]) == 1:
            known = [each.name.rstrip("_") for each in fields(read_as) if each.init]  # ``except_`` is written without
            fix = known_fields(field, known) if known else "It has no fields."
            return Problem(line, dotted(field), "there is no such field.", fix)
        model = OwnServiceSpec if "[own]" in finding["loc"] else None
        return Problem(line, dotted(field), "there is no such field.", _known_fields(field, model))
    if kind in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return Problem(line, dotted(field), "is missing.", f"Add {field[-1]!r} here.")
    if kind == "literal_error":
        return Problem(
            line, dotted(field), f"{finding['input']!r} is not known here.", f"Write {finding['ctx']['expected']}."
        )
    if kind == "string_pattern_mismatch":
        noun, fix = _PATTERNS.get(
            str(field[-1]), ("name", "Begin with a letter; then letters, digits, - and _ (at most 40).")
        )
        return Problem(line, dotted(field), f"{finding['input']!r} is no {noun}.", fix)
    if kind in ("tuple_type", "list_type"):
        fix = f"Write [{json.dumps(finding['input'])}]." if isinstance(finding["input"], str) else "Write it in [ ]."
        return Problem(line, dotted(field), "must be a list.", fix)
    if kind in _FORMS:
        return Problem(line, dotted(field), *_FORMS[kind])
    if kind == "float_parsing":
        return Problem(line, dotted(field), f"{finding['input']!r} is no number.", _as_number(finding["input"]))
    message = finding["msg"].removeprefix("Value error, ").rstrip(".")
    return Problem(line, dotted(field), f"{message}.")


def _as_number(written: object) -> str:
    match = re.fullmatch(r"\s*([\d.]+)\s*%\s*", str(written))
    return f"Write {float(match[1]) / 100:g}." if match else "Write one like 0.5."


_FORMS = {
    "bool_parsing": ("is neither true nor false.", "Write true or false."),
    "bool_type": ("is neither true nor false.", "Write true or false."),
    "string_type": ("must be text.", 'Put it in quotes: "…".'),
    "model_type": ("must be fields with values.", "Write them as {field: value}."),
    "dataclass_type": (
        "must be fields with values.",
        "Write them as {field: value}, or nothing where all are optional.",
    ),
    "dict_type": ("must be fields with values.", "Write them as {field: value}."),
}
"""What a value of another form must be, and how it is written, by pydantic's type of the error."""

_PATTERNS = {
    "region": ("region of AWS", "Write one like us-east-1."),
    "version": ("version", "Write numbers with points, like 1.44 or 1.44.5."),
}
"""What a field that has a pattern of its own holds, and how it is written."""

_RENAMED = {
    ("timeline", "askers"): "It is called 'clients' now: clients of the experiment, by name; addresses are 'networks'.",
    ("services", "zones"): "It is called 'availability_zones' now.",
    ("services", "address"): "It is called 'backend' now: host:port of what answers in place of moto.",
}
"""Fields that had another name before 0.1.0, by the part of the file that they stand in."""


def _known_fields(field: FieldPath, own: type[BaseModel] | None = None) -> str:
    """What would be right; ``own`` is the model that the field stands in where its path alone does not tell."""
    if renamed := _RENAMED.get((str(field[0]), str(field[-1]))):
        return renamed
    model: type[BaseModel] = schema.ExperimentSpec
    if len(field) > 1:
        model = _MODELS.get(str(field[-2]) if "when" in field[1:-1] else str(field[0]), schema.ExperimentSpec)
        if model is schema.ExperimentSpec:
            return ""
    if field[0] == "timeline" and len(field) > 3 and "when" not in field:
        return ""  # a fault's own parameters: pydantic's loc does not tell us which fault
    model = own or model
    known = [info.alias or name for name, info in model.model_fields.items()]
    return known_fields(field, known)
