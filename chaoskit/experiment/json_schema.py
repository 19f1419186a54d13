"""The JSON Schema of experiment files: editors complete and check with it while one types."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from chaoskit.aws.services import SERVICES
from chaoskit.expect import EXPECTATIONS
from chaoskit.experiment.own_service_spec import OwnServiceSpec
from chaoskit.experiment.planes import PLANE_KEYS, PLANES
from chaoskit.experiment.schema import ExperimentSpec, ServiceSpec
from chaoskit.registry import Registry


def json_schema() -> dict[str, Any]:
    """The schema, with every fault, toxic and expectation that this installation has."""
    schema = ExperimentSpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "chaoskit experiment"
    definitions = schema["$defs"]
    entry = definitions["TimelineSpec"]["properties"]
    for plane in PLANES:
        entry[plane.key] = {"description": f"a {plane.noun}", **_kinds(plane.faults, definitions)}
    entry["where"] = {
        "description": entry["where"]["description"],
        "anyOf": [{"type": "string"}, *(_of(plane.target, definitions) for plane in PLANES)],
    }
    definitions["TimelineSpec"]["oneOf"] = [{"required": [plane]} for plane in PLANE_KEYS]
    schema["properties"]["expect"]["items"] = _kinds(EXPECTATIONS, definitions)
    services = schema["properties"]["services"]
    mock, own = ({"$ref": f"#/$defs/{model.__name__}"} for model in (ServiceSpec, OwnServiceSpec))
    services["propertyNames"] = {"pattern": next(iter(services.pop("patternProperties")))}
    services |= {"properties": dict.fromkeys(SERVICES, mock), "additionalProperties": own}
    described = {"description": services.pop("description", "")}
    zones = definitions["ServiceSpec"]["properties"]["hosted_zones"]
    names = {"type": "array", "items": {"type": "string"}}
    definitions["ServiceSpec"]["properties"]["hosted_zones"] = {
        "description": zones["description"],
        "anyOf": [zones, names],
    }
    schema["properties"]["services"] = described | {
        "anyOf": [services, {"type": "array", "items": {"enum": list(SERVICES)}}]
    }
    return schema


def _kinds(registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    """A kind by name, where it needs no parameters, or one kind with its parameters."""
    kinds = {kind: _of(registry.get(kind), definitions) for kind in registry.kinds}
    alone = [kind for kind, schema in kinds.items() if not schema.get("required")]
    with_parameters = {
        "type": "object",
        "properties": {
            kind: {"anyOf": [schema, {"type": "null"}, *_short(registry.get(kind), schema)]}
            for kind, schema in kinds.items()
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": alone}, with_parameters]}


def _short(kind: type[Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The one parameter that may stand for all, where a kind has such a one."""
    return [schema["properties"][kind.SHORT]] if hasattr(kind, "SHORT") else []


def _of(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema()
    definitions.update(schema.pop("$defs", {}))
    return schema
