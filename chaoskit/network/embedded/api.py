"""Toxiproxy's HTTP API (v2) over the embedded proxies: the same paths, bodies, status codes and error texts.

https://github.com/Shopify/toxiproxy#http-api; read against its ``api.go`` and ``toxic_collection.go``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from chaoskit import __version__
from chaoskit.network.embedded.addresses import parse
from chaoskit.network.embedded.http import Request, Response
from chaoskit.network.embedded.metrics import METRICS_TYPE, metrics
from chaoskit.network.embedded.proxy import EventSink, Proxy, ToxicInstance
from chaoskit.network.toxics import TOXICS, Toxic
from chaoskit.network.where import Stream

Body = dict[str, Any]
Answer = tuple[int, Any]

DOWN = "down"
"""Our name for a proxy that is switched off; Toxiproxy has no toxic of this name."""


class _Refused(Exception):
    """An answer, not a failure."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Api:
    """All proxies, and the operations on them. ``handle`` answers a request."""

    def __init__(self, seed: int, sink: EventSink, within: Sequence[str] = ()) -> None:
        self.proxies: dict[str, Proxy] = {}
        self._seed = seed
        self._sink = sink
        self._within = tuple(within)

    async def handle(self, request: Request) -> Response:
        """Answer a request. What the request got wrong is an answer; what we got wrong is raised."""
        if request.headers.get("user-agent", "").startswith("Mozilla/"):  # a page in a browser must not drive a proxy
            return Response(403, b"User agent not allowed\n", "text/plain")
        if request.path == ("metrics",) and request.method == "GET":
            return Response(200, metrics(self.proxies.values()).encode(), METRICS_TYPE)
        try:
            operation, names = _route(request)
            status, answer = await operation(self, *names, request.body)
        except _Refused as refused:
            status, answer = refused.status, {"error": str(refused), "status": refused.status}
        return Response(status, b"" if answer is None else json.dumps(answer).encode())

    def stop(self) -> None:
        """Stop every proxy."""
        for proxy in self.proxies.values():
            proxy.stop()

    # One method an operation; each returns the status and the body.

    async def index(self, _: bytes) -> Answer:
        return 200, {name: _proxy_json(proxy) for name, proxy in self.proxies.items()}

    async def create(self, body: bytes) -> Answer:
        wanted = _object(body)
        name = _text(wanted, "name")
        if name in self.proxies:
            raise _Refused(409, "proxy already exists")
        return 201, _proxy_json(await self._make(wanted))

    async def populate(self, body: bytes) -> Answer:
        wanted = _json(body)
        if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
            raise _Refused(400, "bad request body: a list of proxies is wanted")
        for number, one in enumerate(wanted, start=1):
            for field in ("name", "upstream"):
                if not one.get(field):
                    text = f"missing required field: {field} at proxy {number}"
                    return 400, {"error": text, "status": 400, "proxies": None}
        made: list[Proxy] = []
        for one in wanted:
            try:
                made.append(await self._made(one))
            except _Refused as refused:
                described = [_proxy_json(proxy) for proxy in made]
                return refused.status, {"error": str(refused), "status": refused.status, "proxies": described}
        return 201, {"proxies": [_proxy_json(proxy) for proxy in made]}

    async def _made(self, wanted: Body) -> Proxy:
        """The proxy as wanted: the one that is there, if it is the same."""
        old = self.proxies.get(_text(wanted, "name"))
        if old:
            if wanted.get("listen") in (old.listen, old.asked) and wanted.get("upstream") == old.upstream:
                return old
            old.stop()
        return await self._make(wanted)

    async def show(self, name: str, _: bytes) -> Answer:
        return 200, _proxy_json(self._proxy(name))

    async def update(self, name: str, body: bytes) -> Answer:
        proxy, wanted = self._proxy(name), _object(body)
        listen = self._address(wanted.get("listen", proxy.listen))
        upstream = self._address(wanted.get("upstream", proxy.upstream))
        enabled = wanted.get("enabled", proxy.enabled)
        if (listen, upstream) != (proxy.listen, proxy.upstream) or not enabled:
            proxy.stop(None if enabled else DOWN)
            proxy.listen, proxy.upstream = listen, upstream
        if enabled:
            await _start(proxy)
        return 200, _proxy_json(proxy)

    async def delete(self, name: str, _: bytes) -> Answer:
        self._proxy(name).stop()
        del self.proxies[name]
        return 204, None

    async def toxics(self, name: str, _: bytes) -> Answer:
        return 200, [_toxic_json(instance) for instance in self._proxy(name).toxics.values()]

    async def add_toxic(self, name: str, body: bytes) -> Answer:
        proxy, wanted = self._proxy(name), _object(body)
        kind, stream = wanted.get("type"), wanted.get("stream") or "downstream"
        if stream not in ("downstream", "upstream"):
            raise _Refused(400, "stream was invalid, can be either upstream or downstream")
        if not isinstance(kind, str) or kind not in TOXICS.kinds or kind == DOWN:
            raise _Refused(400, "invalid toxic type")
        toxic_name = wanted.get("name") or f"{kind}_{stream}"
        if toxic_name in proxy.toxics:
            raise _Refused(409, "toxic already exists")
        toxic = _toxic(TOXICS.get(kind), wanted.get("attributes") or {})
        instance = ToxicInstance(str(toxic_name), kind, cast(Stream, stream), _toxicity(wanted, 1.0), toxic)
        return 200, _toxic_json(proxy.add(instance))

    async def toxic(self, name: str, toxic: str, _: bytes) -> Answer:
        return 200, _toxic_json(_instance(self._proxy(name), toxic))

    async def update_toxic(self, name: str, toxic: str, body: bytes) -> Answer:
        proxy, wanted = self._proxy(name), _object(body)
        old = _instance(proxy, toxic)
        changed = _toxic(type(old.toxic), {**old.toxic.attributes(), **(wanted.get("attributes") or {})})
        return 200, _toxic_json(proxy.update(toxic, toxicity=_toxicity(wanted, old.toxicity), toxic=changed))

    async def remove_toxic(self, name: str, toxic: str, _: bytes) -> Answer:
        proxy = self._proxy(name)
        proxy.remove(_instance(proxy, toxic).name)
        return 204, None

    async def reset(self, _: bytes) -> Answer:
        for proxy in self.proxies.values():
            await _start(proxy)
            for toxic in list(proxy.toxics):
                proxy.remove(toxic)
        return 204, None

    async def version(self, _: bytes) -> Answer:
        return 200, {"version": f"chaoskit {__version__}"}

    def _proxy(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise _Refused(404, "proxy not found")
        return self.proxies[name]

    async def _make(self, wanted: Body) -> Proxy:
        upstream = self._address(_text(wanted, "upstream"))
        listen = self._address(wanted.get("listen") or "127.0.0.1:0")
        proxy = Proxy(_text(wanted, "name"), listen, upstream, self._seed, self._sink, self._within)
        if wanted.get("enabled", True):
            await _start(proxy)
        self.proxies[proxy.name] = proxy
        return proxy

    def _address(self, text: Any) -> str:
        try:
            parse(str(text), self._within)
        except ValueError as error:
            raise _Refused(400, str(error)) from error
        return str(text)


_ROUTES: tuple[tuple[str, str, Callable[..., Awaitable[Answer]]], ...] = (
    ("GET", "version", Api.version),
    ("POST", "reset", Api.reset),
    ("POST", "populate", Api.populate),
    ("GET", "proxies", Api.index),
    ("POST", "proxies", Api.create),
    ("GET", "proxies/*", Api.show),
    ("POST", "proxies/*", Api.update),
    ("DELETE", "proxies/*", Api.delete),
    ("GET", "proxies/*/toxics", Api.toxics),
    ("POST", "proxies/*/toxics", Api.add_toxic),
    ("GET", "proxies/*/toxics/*", Api.toxic),
    ("POST", "proxies/*/toxics/*", Api.update_toxic),
    ("DELETE", "proxies/*/toxics/*", Api.remove_toxic),
)


def _route(request: Request) -> tuple[Callable[..., Awaitable[Answer]], list[str]]:
    """The operation for a request, and the names in its path."""
    method = "POST" if request.method == "PATCH" and len(request.path) in (2, 4) else request.method
    found = False
    for wanted, pattern, operation in _ROUTES:
        parts = pattern.split("/")
        if len(parts) == len(request.path) and all(
            p in ("*", given) for p, given in zip(parts, request.path, strict=True)
        ):
            found = True
            if wanted == method:
                return operation, [given for p, given in zip(parts, request.path, strict=True) if p == "*"]
    raise _Refused(405, "method not allowed") if found else _Refused(404, "not found")


async def _start(proxy: Proxy) -> None:
    try:
        await proxy.start()
    except OSError as error:
        raise _Refused(500, f"listen tcp {proxy.listen}: {error.strerror}") from error


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise _Refused(400, f"bad request body: {error}") from error


def _object(body: bytes) -> Body:
    value = _json(body)
    if not isinstance(value, dict):
        raise _Refused(400, "bad request body: an object is wanted")
    return value


def _text(body: Body, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise _Refused(400, f"missing required field: {field}")
    return value


def _toxicity(body: Body, default: float) -> float:
    value = body.get("toxicity", default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _Refused(400, f"bad request body: toxicity must be a number from 0 to 1, not {value!r}")
    return float(value)


def _toxic(kind: type[Toxic], attributes: Any) -> Toxic:
    if not isinstance(attributes, dict):
        raise _Refused(400, "bad request body: attributes must be an object")
    try:
        return kind.of_attributes(attributes)
    except ValueError as error:
        raise _Refused(400, f"bad request body: {error}") from error


def _instance(proxy: Proxy, name: str) -> ToxicInstance:
    if name not in proxy.toxics:
        raise _Refused(404, "toxic not found")
    return proxy.toxics[name]


def _toxic_json(instance: ToxicInstance) -> Body:
    return {
        "attributes": instance.toxic.attributes(),
        "name": instance.name,
        "type": instance.kind,
        "stream": instance.stream,
        "toxicity": instance.toxicity,
    }


def _proxy_json(proxy: Proxy) -> Body:
    return {
        "name": proxy.name,
        "listen": proxy.listen,
        "upstream": proxy.upstream,
        "enabled": proxy.enabled,
        "toxics": [_toxic_json(instance) for instance in proxy.toxics.values()],
    }
