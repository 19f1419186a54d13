"""What the proxy's HTTP API can do, as one table: the routes are made from it, and so is the OpenAPI document. So they cannot disagree.

The API is Toxiproxy's (https://github.com/Shopify/toxiproxy#http-api), which has no such document. ``GET /openapi.json`` is ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from chaoskit import __version__
from chaoskit.network.embedded.body import LARGEST
from chaoskit.network.toxics import TOXICS

DOWN = "down"
"""Our name for a proxy that is switched off; Toxiproxy has no toxic of this name."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    ``name`` is the method of ``Api``, ``answer`` the schema of the body that comes with ``status`` (None: there is none), ``body`` that of
    the request's; ``errors`` maps status to why. Where the method is POST and ``patch`` is true, PATCH does the same.
    """

    name: str
    method: str
    path: str
    summary: str
    answer: dict[str, Any] | None
    status: int = 200
    body: dict[str, Any] | None = None
    errors: tuple[int, ...] = ()
    patch: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that does this."""
        return (self.method, "PATCH") if self.patch else (self.method,)


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


_TEXT, _FLAG = {"type": "string"}, {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": LARGEST}
_FREE: dict[str, Any] = {"type": "object"}
_WHY = {
    400: "The body is no JSON of this kind, or says something that cannot be.",
    404: "There is no such proxy or toxic.",
    409: "The name is taken.",
    500: "The address cannot be listened at.",
}

OPERATIONS = (
    Operation("version", "GET", "/version", "The version of chaoskit", _ref("Version")),
    Operation("openapi", "GET", "/openapi.json", "This document", _FREE),
    Operation("metrics", "GET", "/metrics", "Toxiproxy's counters, for Prometheus", _TEXT),
    Operation("reset", "POST", "/reset", "Enable every proxy and remove every toxic", None, 204, errors=(500,)),
    Operation(
        "populate", "POST", "/populate", "Make many proxies, and leave alone those that are there already",
        {"type": "object", "properties": {"proxies": _list_of("Proxy")}, "required": ["proxies"]}, 201,
        {"type": ["array", "null"], "items": _ref("NewProxy")}, (400, 500),
    ),
    Operation(
        "index", "GET", "/proxies", "Every proxy, by name", {"type": "object", "additionalProperties": _ref("Proxy")}
    ),
    Operation("create", "POST", "/proxies", "Make a proxy", _ref("Proxy"), 201, _ref("NewProxy"), (400, 409, 500)),
    Operation("show", "GET", "/proxies/{proxy}", "One proxy", _ref("Proxy"), errors=(404,)),
    Operation(
        "update", "POST", "/proxies/{proxy}", "Move a proxy, or switch it on or off", _ref("Proxy"),
        body=_ref("ProxyChange"), errors=(400, 404, 500), patch=True,
    ),
    Operation("delete", "DELETE", "/proxies/{proxy}", "End a proxy", None, 204, errors=(404,)),
    Operation(
        "toxics", "GET", "/proxies/{proxy}/toxics", "The toxics of a proxy", _list_of("Toxic"), errors=(404,)
    ),
    Operation(
        "add_toxic", "POST", "/proxies/{proxy}/toxics", "Put a toxic on a proxy", _ref("Toxic"),
        body=_ref("NewToxic"), errors=(400, 404, 409),
    ),
    Operation("toxic", "GET", "/proxies/{proxy}/toxics/{toxic}", "One toxic", _ref("Toxic"), errors=(404,)),
    Operation(
        "update_toxic", "POST", "/proxies/{proxy}/toxics/{toxic}", "Change what is given of a toxic", _ref("Toxic"),
        body=_ref("ToxicChange"), errors=(400, 404), patch=True,
    ),
    Operation("remove_toxic", "DELETE", "/proxies/{proxy}/toxics/{toxic}", "Take a toxic off", None, 204, errors=(404,)),
)  # fmt: skip

NAME_IN_PATH = re.compile(r"\{(\w+)\}")


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        for method in operation.methods:
            name = operation.name if method == operation.method else f"{operation.name}_by_patch"
            paths.setdefault(operation.path, {})[method.lower()] = _operation(operation, name)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "chaoskit's embedded proxy",
            "version": __version__,
            "description": "Toxiproxy's HTTP API, version 2. Names of fields in requests are of any case, a null field counts as left "
            "out, and fields that are not known are passed over. Requests of web browsers are refused with 403.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(operation: Operation, name: str) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done."}
    if operation.answer is not None:
        media_type = "text/plain" if operation.answer is _TEXT else "application/json"
        done["content"] = {media_type: {"schema": operation.answer}}
    if operation.name in _LINKED:
        done["links"] = _links(operation.name)
    failure = _ref("PopulateError" if operation.name == "populate" else "Error")
    failures = {
        str(status): {"description": _WHY[status], "content": {"application/json": {"schema": failure}}}
        for status in operation.errors
    }
    described: dict[str, Any] = {
        "operationId": name,
        "summary": operation.summary,
        "responses": {str(operation.status): done, **failures, "403": {"description": "Web browsers are refused."}},
    }
    if names := NAME_IN_PATH.findall(operation.path):
        described["parameters"] = [
            {"name": each, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for each in names
        ]
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    return described


_LINKED = {
    "create": {"proxy": "$response.body#/name"},
    "add_toxic": {"proxy": "$request.path.proxy", "toxic": "$response.body#/name"},
}
"""What makes something, and where the names of its path are told then."""


def _links(name: str) -> dict[str, Any]:
    """The operations on what was made (OpenAPI 3.1.0, Link Object)."""
    names = _LINKED[name]
    return {
        operation.name: {"operationId": operation.name, "parameters": names}
        for operation in OPERATIONS
        if set(NAME_IN_PATH.findall(operation.path)) == set(names)
    }


def _perhaps(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"type": [schema["type"], "null"]}


def _object(description: str, required: tuple[str, ...], /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        **({"required": list(required)} if required else {}),
    }


def _schemas() -> dict[str, Any]:
    filled = {"type": "string", "minLength": 1}
    toxicity = {"type": "number", "minimum": 0, "maximum": 1}
    stream = {"type": "string", "enum": ["upstream", "downstream"]}
    attributes = {"type": "object", "additionalProperties": _COUNT}
    given = {"type": ["object", "null"], "additionalProperties": _perhaps(_COUNT)}
    change = {"toxicity": _perhaps(toxicity), "attributes": given}
    proxy = {"listen": _perhaps(_TEXT), "enabled": _perhaps(_FLAG)}
    kinds = {kind: ", ".join(TOXICS.get(kind).UNITS) or "none" for kind in TOXICS.kinds if kind != DOWN}
    named = "; ".join(f"{kind}: {units}" for kind, units in kinds.items())
    status = {"type": "integer"}
    return {
        "Version": _object("What answers.", ("version",), version=_TEXT),
        "NewProxy": _object(
            "A proxy to make. An empty listen is a free port of 127.0.0.1.", ("name", "upstream"),
            name=filled, upstream=filled, **proxy,
        ),
        "ProxyChange": {**_object("What to change of a proxy.", (), upstream=_perhaps(_TEXT), **proxy), "type": ["object", "null"]},
        "Proxy": _object(
            "A proxy, and where it listens really.", ("name", "listen", "upstream", "enabled", "toxics"),
            name=_TEXT, listen=_TEXT, upstream=_TEXT, enabled=_FLAG, toxics=_list_of("Toxic"),
        ),
        "NewToxic": _object(
            f"A toxic to put on. Its name is by default type_stream. Attributes by type: {named}.", ("type",),
            type={"type": "string", "enum": list(kinds)}, name=_perhaps(_TEXT),
            stream={"anyOf": [stream, {"type": "null"}]}, **change,
        ),
        "ToxicChange": {**_object("What to change of a toxic.", (), **change), "type": ["object", "null"]},
        "Toxic": _object(
            "A toxic.", ("attributes", "name", "type", "stream", "toxicity"),
            attributes=attributes, name=_TEXT, type=_TEXT, stream=stream, toxicity=toxicity,
        ),
        "Error": _object("What is wrong.", ("error", "status"), error=_TEXT, status=status),
        "PopulateError": _object(
            "What is wrong, and the proxies made before that.", ("error", "status", "proxies"),
            error=_TEXT, status=status, proxies={"type": ["array", "null"], "items": _ref("Proxy")},
        ),
    }  # fmt: skip
