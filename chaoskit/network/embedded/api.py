"""Toxiproxy's HTTP API (v2) over the embedded proxies: the same paths, bodies, status codes and error texts.

https://github.com/Shopify/toxiproxy#http-api; read against its ``api.go`` and ``toxic_collection.go``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

from chaoskit import __version__
from chaoskit.host_port import host_port
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.body import PROXY, TOXIC, BadBody, read_json, read_object, typed, whole_numbers
from chaoskit.network.embedded.http import Request, Response
from chaoskit.network.embedded.operations import DOWN, NAME_IN_PATH, OPERATIONS, document
from chaoskit.network.embedded.proxy import ConnectionBudget, EventSink, Proxy, Surroundings, ToxicInstance
from chaoskit.network.target import Stream
from chaoskit.network.toxics import TOXICS, Toxic

Body = dict[str, Any]
Answer = tuple[int, Any]


class _Refused(Exception):
    """An answer, not a failure."""

    def __init__(self, status: int, error: str, allow: tuple[str, ...] = ()) -> None:
        super().__init__(error)
        self.status = status
        self.allow = allow


class Api:
    """All proxies, and the operations on them. ``handle`` answers a request."""

    def __init__(self, seed: int, sink: EventSink, reach: Reach | None = None, open_files: int = 1024) -> None:
        self.proxies: dict[str, Proxy] = {}
        self._reach = reach or Reach()
        self._surroundings = Surroundings(seed, sink, self._reach, ConnectionBudget(open_files))

    async def handle(self, request: Request) -> Response:
        """Answer a request. What the request got wrong is an answer; what we got wrong is raised."""
        if request.headers.get("user-agent", "").startswith("Mozilla/"):  # a page in a browser must not drive a proxy
            return Response(403, b"User agent not allowed\n", "text/plain")
        try:
            operation, names = _route(request)
            status, answer = await operation(self, *names, request.body)
        except _Refused as refused:
            body = json.dumps({"error": str(refused), "status": refused.status}).encode()
            return Response(refused.status, body, allow=refused.allow)
        except BadBody as error:
            status, answer = 400, {"error": f"bad request body: {error}", "status": 400}
        if isinstance(answer, Response):
            return answer
        return Response(status, b"" if answer is None else json.dumps(answer).encode())

    def stop(self) -> None:
        """Stop every proxy."""
        for proxy in self.proxies.values():
            proxy.stop()

    # One method an operation; each returns the status and the body.

    async def index(self, _: bytes) -> Answer:
        return 200, {name: _proxy_json(proxy) for name, proxy in self.proxies.items()}

    async def create(self, body: bytes) -> Answer:
        given = read_object(body, PROXY)
        for field in ("name", "upstream"):
            if not given.get(field):
                raise _Refused(400, f"missing required field: {field}")
        if given["name"] in self.proxies:
            raise _Refused(409, "proxy already exists")
        return 201, _proxy_json(await self._make(given))

    async def populate(self, body: bytes) -> Answer:
        try:
            entries = _proxy_list(body)
        except BadBody as error:
            return 400, {"error": f"bad request body: {error}", "status": 400, "proxies": None}
        for number, entry in enumerate(entries, start=1):
            for field in ("name", "upstream"):
                if not entry.get(field):
                    text = f"missing required field: {field} at proxy {number}"
                    return 400, {"error": text, "status": 400, "proxies": None}
        proxies: list[Proxy] = []
        for entry in entries:
            try:
                proxies.append(await self._ensure(entry))
            except _Refused as refused:
                described = [_proxy_json(proxy) for proxy in proxies]
                return refused.status, {"error": str(refused), "status": refused.status, "proxies": described}
        return 201, {"proxies": [_proxy_json(proxy) for proxy in proxies]}

    async def _ensure(self, entry: Body) -> Proxy:
        """The proxy of this entry: the one that is there, if it is the same."""
        old = self.proxies.get(entry["name"])
        if old:
            if entry.get("listen") in (old.listen, old.asked) and entry["upstream"] == old.upstream:
                return old
            old.stop()
        return await self._make(entry)

    async def show(self, name: str, _: bytes) -> Answer:
        return 200, _proxy_json(self._proxy(name))

    async def update(self, name: str, body: bytes) -> Answer:
        proxy, given = self._proxy(name), read_object(body, PROXY)
        listen = self._listen(given.get("listen", proxy.listen))
        upstream = self._upstream(given.get("upstream", proxy.upstream))
        enabled = given.get("enabled", proxy.enabled)
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
        proxy, given = self._proxy(name), read_object(body, TOXIC)
        kind, stream = given.get("type", ""), given.get("stream", "downstream")
        if stream.lower() not in ("downstream", "upstream"):
            raise _Refused(400, "stream was invalid, can be either upstream or downstream")
        if kind not in TOXICS.kinds or kind == DOWN:
            raise _Refused(400, "invalid toxic type")
        toxic_name = given.get("name") or f"{kind}_{stream}"
        if toxic_name in proxy.toxics:
            raise _Refused(409, "toxic already exists")
        toxic = _toxic(TOXICS.get(kind), whole_numbers(given.get("attributes", {})))
        instance = ToxicInstance(toxic_name, kind, cast(Stream, stream.lower()), _toxicity(given, 1.0), toxic)
        if lacking := toxic.lacking():
            raise _Refused(400, lacking)
        _check_toxicity(instance)
        added = proxy.add(instance)
        await proxy.fill_or_reopen()
        return 200, _toxic_json(added)

    async def toxic(self, name: str, toxic: str, _: bytes) -> Answer:
        return 200, _toxic_json(_instance(self._proxy(name), toxic))

    async def update_toxic(self, name: str, toxic: str, body: bytes) -> Answer:
        proxy = self._proxy(name)
        old, given = _instance(proxy, toxic), read_object(body, TOXIC)
        changed = _toxic(type(old.toxic), {**old.toxic.attributes(), **whole_numbers(given.get("attributes", {}))})
        toxicity = _toxicity(given, old.toxicity)
        _check_toxicity(replace(old, toxicity=toxicity))
        return 200, _toxic_json(proxy.update(toxic, toxicity=toxicity, toxic=changed))

    async def remove_toxic(self, name: str, toxic: str, _: bytes) -> Answer:
        proxy = self._proxy(name)
        proxy.remove(_instance(proxy, toxic).name)
        await proxy.fill_or_reopen()
        return 204, None

    async def reset(self, _: bytes) -> Answer:
        for proxy in self.proxies.values():
            await _start(proxy)
            for toxic in list(proxy.toxics):
                proxy.remove(toxic)
            await proxy.fill_or_reopen()
        return 204, None

    async def metrics(self, _: bytes) -> Answer:
        from chaoskit.network.embedded.metrics import metrics  # half of the start-up time, and few ask

        return 200, Response(200, *metrics(self.proxies.values()))

    async def openapi(self, _: bytes) -> Answer:
        return 200, document()

    async def version(self, _: bytes) -> Answer:
        return 200, {"version": f"chaoskit {__version__}"}

    def _proxy(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise _Refused(404, "proxy not found")
        return self.proxies[name]

    async def _make(self, given: Body) -> Proxy:
        upstream = self._upstream(given["upstream"])
        listen = self._listen(given.get("listen") or "127.0.0.1:0")
        proxy = Proxy(given["name"], listen, upstream, self._surroundings)
        if given.get("enabled", True):
            await _start(proxy)
        self.proxies[proxy.name] = proxy
        return proxy

    def _listen(self, text: str) -> str:
        return _checked(self._reach.listen, text)

    def _upstream(self, text: str) -> str:
        return _checked(self._reach.upstream, text)


_ROUTES = tuple(
    (
        operation.methods,
        tuple(NAME_IN_PATH.sub("*", operation.path).strip("/").split("/")),
        getattr(Api, operation.name),
    )
    for operation in OPERATIONS
)


def _route(request: Request) -> tuple[Callable[..., Awaitable[Answer]], list[str]]:
    """The operation for a request, and the names in its path."""
    allowed: list[str] = []
    for methods, parts, operation in _ROUTES:
        if len(parts) == len(request.path) and all(
            part in ("*", given) for part, given in zip(parts, request.path, strict=True)
        ):
            if request.method in methods:
                return operation, [given for part, given in zip(parts, request.path, strict=True) if part == "*"]
            allowed += methods
    raise _Refused(405, "method not allowed", tuple(allowed)) if allowed else _Refused(404, "not found")


async def _start(proxy: Proxy) -> None:
    try:
        await proxy.start()
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else error.strerror
        raise _Refused(500, f"listen tcp {host_port(proxy.listen_address())}: bind: {reason}") from error


def _proxy_list(body: bytes) -> list[Body]:
    """The proxies of a populate body; ``null`` is none. Raises ``BadBody``."""
    entries = read_json(body)
    if not isinstance(entries, list | None):
        raise BadBody("a list of proxies is wanted")
    return [typed(entry, PROXY) for entry in entries or ()]


def _checked(parse: Callable[[str], tuple[str, int]], text: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise _Refused(400, str(error)) from error
    return text


def _toxicity(given: Body, default: float) -> float:
    value = given.get("toxicity", default)
    if not 0 <= value <= 1:
        raise BadBody("toxicity must be a number from 0 to 1")
    return float(value)


def _check_toxicity(instance: ToxicInstance) -> None:
    if instance.toxic.ON_LISTENER and instance.toxicity < 1:
        raise _Refused(400, f"{instance.kind} acts on every new connection, so its toxicity is 1")


def _toxic(kind: type[Toxic], attributes: dict[str, int]) -> Toxic:
    try:
        return kind.of_attributes(attributes)
    except ValueError as error:
        raise BadBody(str(error)) from error


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
