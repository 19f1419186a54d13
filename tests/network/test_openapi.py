"""The proxy's OpenAPI document: valid, and what it says of answers is so."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator

from chaoskit.network.embedded.api import Api
from chaoskit.network.embedded.http import Request
from chaoskit.network.embedded.operations import NAME_IN_PATH, OPERATIONS, Operation, document
from chaoskit.network.embedded.proxy import EventSink

NAMES = {"proxy": "web", "toxic": "slow"}
PROXY = {"name": "web", "upstream": "127.0.0.1:9"}
TOXIC = {"name": "slow", "type": "latency", "attributes": {"latency": 5}}
BODIES: dict[str, Any] = {
    "create": PROXY, "populate": [PROXY], "update": {"enabled": True}, "add_toxic": TOXIC, "update_toxic": {"toxicity": 0.5},
}  # fmt: skip
IN_ORDER = (
    *(
        "version",
        "openapi",
        "metrics",
        "create",
        "show",
        "index",
        "update",
        "add_toxic",
        "toxics",
        "toxic",
        "update_toxic",
    ),
    *("remove_toxic", "populate", "reset", "delete"),
)


def request_of(operation: Operation) -> Request:
    path = NAME_IN_PATH.sub(lambda match: NAMES[match[1]], operation.path)
    body = json.dumps(BODIES[operation.name]).encode() if operation.body is not None else b""
    return Request(operation.method, tuple(path.strip("/").split("/")), {}, body)


def conforms(body: bytes, schema: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(body), schema | {"components": document()["components"]})


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def test_every_operation_answers_as_the_document_says() -> None:
    operations = {operation.name: operation for operation in OPERATIONS}
    assert sorted(operations) == sorted(IN_ORDER)

    async def life() -> dict[str, tuple[int, bytes]]:
        api = Api(0, EventSink(lambda event: None, lambda message: None))
        answers = {}
        for name in IN_ORDER:
            response = await api.handle(request_of(operations[name]))
            answers[name] = response.status, response.body
        api.stop()
        return answers

    for name, (status, body) in asyncio.run(life()).items():
        operation = operations[name]
        assert status == operation.status, (name, body)
        if operation.answer is None:
            assert body == b""
        elif name != "metrics":
            conforms(body, operation.answer)


def test_what_is_refused_is_an_error_of_the_document() -> None:
    refused = (("GET", "/proxies/none", b"", 404), ("POST", "/proxies", b"[", 400), ("POST", "/populate", b"1", 400))

    async def ask_all() -> list[tuple[int, bytes]]:
        api = Api(0, EventSink(lambda event: None, lambda message: None))
        responses = [
            await api.handle(Request(method, tuple(path[1:].split("/")), {}, body)) for method, path, body, _ in refused
        ]
        return [(response.status, response.body) for response in responses]

    for (method, path, _, status), (answered, body) in zip(refused, asyncio.run(ask_all()), strict=True):
        assert answered == status, (method, path)
        conforms(body, {"$ref": "#/components/schemas/" + ("PopulateError" if path == "/populate" else "Error")})


def test_a_wrong_method_is_told_the_right_ones() -> None:
    """RFC 9110, 15.5.6."""

    async def ask() -> tuple[str, ...]:
        api = Api(0, EventSink(lambda event: None, lambda message: None))
        return (await api.handle(Request("PUT", ("proxies", "web"), {}, b""))).allow

    assert asyncio.run(ask()) == ("GET", "POST", "PATCH", "DELETE")
