"""What the control API can do, as one table: the routes are made from it, and so is the OpenAPI document. So they cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter

from chaoskit import __version__
from chaoskit.dns.control.requests import InjectionChange, InjectionRequest, ZonesRequest
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.target import DnsTarget
from chaoskit.units import PATTERN, SECOND

BODY_BYTES = 64 * 1024
ZONES_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    ``name`` is that of the handler, ``answer`` the schema of the body that comes with ``status``; ``errors`` maps status to why.
    """

    name: str
    method: str
    path: str
    summary: str
    answer: str
    status: int = 200
    body: type[BaseModel] | None = None
    body_bytes: int = BODY_BYTES
    media_type: str = "application/json"
    errors: dict[int, str] = field(default_factory=dict)


_UNDER_WAY = {404: "There is no such injection.", 410: "The injection is over."}
_WRONG = {400: "The body is not JSON.", 413: "The body is too large.", 422: "The body says something that cannot be."}

OPERATIONS = (
    Operation(
        "list_injections", "GET", "/injections", "All injections under way, and those that ended lately", "Injections"
    ),
    Operation(
        "begin_injection",
        "POST",
        "/injections",
        "Begin an injection now; it is a lease and ends by itself",
        "Injection",
        201,
        InjectionRequest,
        errors={**_WRONG, 409: "Halted, could touch the canary, or the id is taken."},
    ),
    Operation("get_injection", "GET", "/injections/{id}", "One injection", "Injection", errors=_UNDER_WAY),
    Operation(
        "change_injection",
        "PATCH",
        "/injections/{id}",
        "Move the deadline of an injection, or change its chance",
        "Injection",
        body=InjectionChange,
        errors={**_WRONG, **_UNDER_WAY},
    ),
    Operation("end_injection", "DELETE", "/injections/{id}", "End an injection", "Ended", errors=_UNDER_WAY),
    Operation(
        "heartbeat",
        "POST",
        "/injections/{id}/heartbeat",
        "Say that the injection's controller lives",
        "Injection",
        errors=_UNDER_WAY,
    ),
    Operation("reset", "POST", "/reset", "End all injections", "Withdrawn"),
    Operation("halt", "POST", "/halt", "End all injections and begin none until /resume; may be repeated", "Withdrawn"),
    Operation(
        "resume", "POST", "/resume", "Let injections begin again", "Health", errors={409: "The canary still fails."}
    ),
    Operation("get_zones", "GET", "/zones", "The zones served, and their version", "Zones"),
    Operation(
        "put_zones",
        "PUT",
        "/zones",
        "Serve other zones from the next query on; If-Match may name the version to replace",
        "Zones",
        body=ZonesRequest,
        body_bytes=ZONES_BYTES,
        errors={**_WRONG, 409: "The canary would not resolve.", 412: "Another version is served."},
    ),
    Operation("invariants", "GET", "/invariants", "What must hold of records, and whether it does", "Invariants"),
    Operation(
        "events",
        "GET",
        "/events",
        "Queries, injections begun and ended, and why, as server-sent events",
        "Event",
        media_type="text/event-stream",
        errors={503: "Too many watchers."},
    ),
    Operation("metrics", "GET", "/metrics", "Figures for Prometheus", "Text", media_type="text/plain; version=0.0.4"),
    Operation("health", "GET", "/health", "Whether all is well", "Health", errors={503: "The canary fails."}),
    Operation("openapi", "GET", "/openapi.json", "This document", "Document"),
)

_COMMON_ERRORS = {401: "A token is needed.", 403: "Not from where you are.", 500: "A bug of chaoskit."}


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "chaoskit DNS control",
            "version": __version__,
            "description": "Leased fault injections in a DNS server that runs. Durations are written 250ms, 20s, 2m30s; "
            "fields ending in _ns are nanoseconds on the server's monotonic clock.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    content = {operation.media_type: {"schema": _ref(operation.answer)}}
    errors = (
        operation.errors
        | _COMMON_ERRORS
        | ({415: "Not application/json."} if operation.method in ("POST", "PUT", "PATCH") else {})
    )
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            str(operation.status): {"description": "Done.", "content": content},
            **{
                str(status): {
                    "description": why,
                    "content": {"application/json": {"schema": _error_schema(operation, status)}},
                }
                for status, why in sorted(errors.items())
            },
        },
    }
    parameters = []
    if "{id}" in operation.path:
        parameters.append({"name": "id", "in": "path", "required": True, "schema": {"type": "string"}})
    if 412 in operation.errors:
        version = {"type": "string", "pattern": r'^"\d+"$'}
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": version})
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        schema = _ref(operation.body.__name__)
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _error_schema(operation: Operation, status: int) -> dict[str, str]:
    return _ref("Health" if operation.name == "health" and status == 503 else "Error")


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for operation in OPERATIONS:
        if operation.body is not None:
            schemas[operation.body.__name__] = _schema_of(operation.body, schemas)
    asked = schemas["InjectionRequest"]["properties"]
    asked["fault"] = {"description": asked["fault"]["description"], **_faults(schemas)}
    where = {"anyOf": [{"type": "string"}, _schema_of(DnsTarget, schemas)]}
    asked["where"] = {"description": asked["where"]["description"], **where}
    return schemas | _ANSWERS


def _schema_of(kind: type[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    _write_durations(schema)
    schemas.update(schema.pop("$defs", {}))
    return schema


def _write_durations(schema: Any) -> None:
    """Defaults of durations as people write them; pydantic leaves our nanoseconds there."""
    if isinstance(schema, list):
        for one in schema:
            _write_durations(one)
    elif isinstance(schema, dict):
        default = schema.get("default")
        if isinstance(default, int) and any(
            one.get("pattern") == PATTERN for one in (schema, *schema.get("anyOf", ()))
        ):
            schema["default"] = f"{default // SECOND}s" if default % SECOND == 0 else f"{default}ns"
        for one in schema.values():
            _write_durations(one)


def _faults(schemas: dict[str, Any]) -> dict[str, Any]:
    """A kind by name where it needs no parameters, or one kind with its parameters."""
    kinds = {kind: _schema_of(FAULTS.get(kind), schemas) for kind in FAULTS.kinds}
    alone = [kind for kind, schema in kinds.items() if not schema.get("required")]
    written = {
        "type": "object",
        "properties": {kind: {"anyOf": [schema, {"type": "null"}]} for kind, schema in kinds.items()},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": alone}, written]}


def _object(description: str, /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [name for name, schema in properties.items() if "null" not in schema.get("type", ())],
    }


_TEXT, _WHOLE, _NUMBER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
_ANY_OBJECT: dict[str, Any] = {"type": "object"}
_PERHAPS_TEXT, _PERHAPS_WHOLE, _PERHAPS_OBJECT = ({"type": [kind, "null"]} for kind in ("string", "integer", "object"))
_STATUS = {"enum": ["ok", "halted", "canary failed"]}

_ANSWERS: dict[str, Any] = {
    "Injection": _object(
        "An injection under way. It ends at ends_ns unless a heartbeat is heard before, and at deadline_ns whatever is heard. It has "
        "changed the answers to met queries so far. doubt, told when it is begun, is why nobody may ever ask for what it means.",
        id=_TEXT, fault=_ANY_OBJECT, where=_ANY_OBJECT, chance=_NUMBER, now_ns=_WHOLE, begun_ns=_WHOLE, ends_ns=_WHOLE,
        deadline_ns=_WHOLE, latest_ns=_WHOLE, heartbeat_ns=_PERHAPS_WHOLE, met=_WHOLE, pulse=_PERHAPS_OBJECT, flap=_PERHAPS_OBJECT,
        ramp=_PERHAPS_OBJECT, doubt=_PERHAPS_TEXT,
    ),
    "Ended": _object(
        "An injection that is over.",
        id=_TEXT, fault=_ANY_OBJECT, where=_ANY_OBJECT, chance=_NUMBER, ended_ns=_WHOLE, why=_TEXT, met=_WHOLE, pulse=_PERHAPS_OBJECT,
        flap=_PERHAPS_OBJECT, ramp=_PERHAPS_OBJECT,
    ),
    "Injections": _object(
        "Injections under way, and those that ended lately.",
        now_ns=_WHOLE,
        status=_STATUS,
        injections={"type": "array", "items": _ref("Injection")},
        ended={"type": "array", "items": _ref("Ended")},
    ),
    "Withdrawn": _object("The injections that this ended.", withdrawn={"type": "array", "items": _TEXT}, halted=_FLAG),
    "Zones": _object(
        "The zones in full: names absolute, data in presentation form.",
        version=_WHOLE, zones={"type": "array", "items": _ANY_OBJECT},
    ),
    "Invariant": _object(
        "What must hold of a record. finding: held, broken or unknown, by the changes since it was last broken.",
        invariant=_TEXT, kind=_TEXT, finding={"enum": ["held", "broken", "unknown"]}, because=_TEXT, broken=_WHOLE,
    ),
    "Invariants": _object("Those of --invariant.", invariants={"type": "array", "items": _ref("Invariant")}),
    "Canary": _object("What the last probe of the canary found.", name=_TEXT, ok=_FLAG, detail=_TEXT),
    "Health": _object(
        "status: ok; halted, when somebody asked for it; or canary failed, until the canary resolves and /resume is asked.",
        status=_STATUS,
        canary=_ref("Canary"), injections=_WHOLE, zones_version=_WHOLE, dns={"type": "array", "items": _TEXT}, version=_TEXT,
    ),
    "Finding": _object("One thing wrong.", field=_TEXT, message=_TEXT, fix=_TEXT),
    "Error": _object(
        "What is wrong, and what would be right.", error=_TEXT, findings={"type": ["array", "null"], "items": _ref("Finding")},
    ),
    "Event": {"type": "string", "description": "Lines 'event: KIND' and 'data: JSON'; kinds: query, query_failed, injection_begun, "
              "injection_ended, zones_swapped, zone_changed, update_answered, invariant_broken, lost (how "
              "many events this watcher missed)."},
    "Text": _TEXT,
    "Document": _ANY_OBJECT,
}  # fmt: skip
