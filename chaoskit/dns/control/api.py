"""The control API over HTTP: from requests to the desk and back. Runs on a thread and loop of its own.

Only what the desk does itself runs on the DNS server's thread, and that is short: reading and checking what was asked happens here.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chaoskit import __version__
from chaoskit.clock import Instant
from chaoskit.dns.control import metrics, operations
from chaoskit.dns.control.body import read_json
from chaoskit.dns.control.controller import (
    ActiveInjection,
    EndedInjection,
    InjectionController,
    Overview,
    Refused,
    ZoneSnapshot,
)
from chaoskit.dns.control.event_stream import EventStream
from chaoskit.dns.control.gate import Gate, lacks_json
from chaoskit.dns.control.invariants import InvariantState
from chaoskit.dns.control.requests import BadRequest, InjectionChange, read, read_injection, read_zones
from chaoskit.dns.control.target_warning import doubt
from chaoskit.timeline.window_spec import WINDOW_SHAPES
from chaoskit.units import format_duration

T = TypeVar("T")

DESK_WITHIN_S = 5.0
KEEP_ALIVE_S = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class Bridge:
    """To the desk, on the DNS server's loop, from another thread."""

    loop: asyncio.AbstractEventLoop
    desk: InjectionController

    async def ask(self, act: Callable[[InjectionController], T]) -> T:
        """Have ``act`` done there and hand back its result, or what it raised."""
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(act(self.desk))
            except Exception as error:  # noqa: BLE001 - it is raised again on the asker's side
                done.set_exception(error)

        try:
            self.loop.call_soon_threadsafe(run)
        except RuntimeError as error:  # the loop is closed
            raise HTTPException(503, "the DNS server has ended") from error
        wrapped = asyncio.wrap_future(done)
        finished, _ = await asyncio.wait({wrapped}, timeout=DESK_WITHIN_S)
        if not finished:
            raise HTTPException(503, "the DNS server does not answer its control; it may be ending")
        return wrapped.result()


class Api:
    """The handlers; each is named by an ``Operation``."""

    def __init__(
        self,
        bridge: Bridge,
        feed: EventStream,
        tally: metrics.QueryMetrics,
        dns: tuple[str, ...],
        losses: Callable[[], metrics.Losses] = metrics.Losses,
        invariants: Callable[[], Sequence[InvariantState]] = list,
        forwards: bool = False,
    ) -> None:
        self._ask = bridge.ask
        self._feed = feed
        self._tally = tally
        self._dns = dns
        self._losses = losses
        self._invariants = invariants
        self._forwards = forwards

    async def list_injections(self, request: Request) -> Response:
        return JSONResponse(listing(await self._ask(InjectionController.overview)))

    async def begin_injection(self, request: Request) -> Response:
        new = read_injection(await _json(request, operations.BODY_BYTES))
        held, now = await self._ask(lambda desk: desk.begin(new))
        zones = (await self._ask(InjectionController.overview)).zones.zones
        said = _injection(held, now) | {"doubt": doubt(held.where, zones, self._forwards)}
        return JSONResponse(said, 201, {"Location": f"/injections/{held.id}"})

    async def get_injection(self, request: Request) -> Response:
        name = request.path_params["id"]
        return JSONResponse(_injection(*await self._ask(lambda desk: desk.find(name))))

    async def change_injection(self, request: Request) -> Response:
        name = request.path_params["id"]
        change = read(InjectionChange, await _json(request, operations.BODY_BYTES))
        changed = await self._ask(lambda desk: desk.change(name, change.length, change.chance))
        return JSONResponse(_injection(*changed))

    async def end_injection(self, request: Request) -> Response:
        name = request.path_params["id"]
        return JSONResponse(_ended(await self._ask(lambda desk: desk.withdraw(name))))

    async def heartbeat(self, request: Request) -> Response:
        name = request.path_params["id"]
        return JSONResponse(_injection(*await self._ask(lambda desk: desk.heartbeat(name))))

    async def reset(self, request: Request) -> Response:
        ended = await self._ask(InjectionController.reset)
        seen = await self._ask(InjectionController.overview)
        return JSONResponse({"withdrawn": [one.held.id for one in ended], "halted": seen.halted})

    async def halt(self, request: Request) -> Response:
        ended = await self._ask(InjectionController.halt)
        return JSONResponse({"withdrawn": [one.held.id for one in ended], "halted": True})

    async def resume(self, request: Request) -> Response:
        await self._ask(InjectionController.resume)
        return await self.health(request)

    async def get_zones(self, request: Request) -> Response:
        return _zones((await self._ask(InjectionController.overview)).zones)

    async def put_zones(self, request: Request) -> Response:
        version = _if_match(request)
        zones = read_zones(await _json(request, operations.ZONES_BYTES))
        return _zones(await self._ask(lambda desk: desk.put_zones(zones, version)))

    async def invariants(self, request: Request) -> Response:
        states = await self._ask(lambda desk: self._invariants())
        return JSONResponse({"invariants": [dataclasses.asdict(state) for state in states]})

    async def events(self, request: Request) -> Response:
        watcher = self._feed.watch()
        if watcher is None:
            raise HTTPException(503, "too many watch already; end one of them")

        async def lines() -> AsyncIterator[str]:
            try:
                yield ": watching\n\n"
                async for line in watcher.lines(KEEP_ALIVE_S):
                    yield line
            finally:
                self._feed.leave(watcher)

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def metrics(self, request: Request) -> Response:
        seen = await self._ask(InjectionController.overview)
        ok = seen.canary.ok and seen.alarm is None
        state = metrics.State(len(seen.held), seen.zones.version, ok, seen.halted, self._feed.lost, self._losses())
        page = metrics.exposition(self._tally, lambda: state)
        return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def health(self, request: Request) -> Response:
        seen = await self._ask(InjectionController.overview)
        status = _status(seen)
        said = {
            "status": status,
            "canary": dataclasses.asdict(seen.alarm or seen.canary),
            "injections": len(seen.held),
            "zones_version": seen.zones.version,
            "dns": list(self._dns),
            "version": __version__,
        }
        return JSONResponse(said, 503 if status == "canary failed" else 200)

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(operations.document())


def listing(seen: Overview) -> dict[str, Any]:
    """The answer to ``GET /injections``: those under way, those that ended lately, and whether all is well."""
    under_way = [_injection(held, seen.now) for held in seen.held]
    ended = [_ended(one) for one in seen.ended]
    return {"now_ns": seen.now, "status": _status(seen), "injections": under_way, "ended": ended}


def make_app(api: Api, gate: Gate, more: Sequence[Route] = ()) -> ASGIApp:
    """The ASGI application; ``more`` are routes beside the API's own, such as a console's pages."""
    routes = [Route(one.path, getattr(api, one.name), methods=[one.method]) for one in operations.OPERATIONS]
    return guarded_app([*routes, *more], gate)


def guarded_app(routes: Sequence[Route], gate: Gate) -> ASGIApp:
    """Routes behind the gate; whatever goes wrong is told as JSON."""
    handlers: dict[Any, Any] = {
        HTTPException: _http_error,
        BadRequest: _bad_request,
        Refused: lambda _, error: _error(error.status, str(error)),
        Exception: _bug,
    }
    inner = Starlette(routes=_by_path(routes), exception_handlers=handlers)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope["client"][0] if scope.get("client") else None
        denial = gate.check(scope["method"], headers, client, scope["path"])
        app = inner if denial is None else _error(denial.status, denial.message)
        await app(scope, receive, send)

    return guarded


def _by_path(routes: Sequence[Route]) -> list[Route]:
    """One route a path, so that a method that it lacks is told 405 with all those it has."""
    found: dict[str, dict[str, Any]] = {}
    for route in routes:
        for method in route.methods or ():
            found.setdefault(route.path, {})[method] = route.endpoint

    def dispatch(handlers: dict[str, Any]) -> Any:
        async def endpoint(request: Request) -> Response:
            if denial := lacks_json(request.method, request.headers):
                return _error(denial.status, denial.message)
            response: Response = await handlers[request.method](request)
            return response

        return endpoint

    return [Route(path, dispatch(handlers), methods=list(handlers)) for path, handlers in found.items()]


async def _json(request: Request, most: int) -> Any:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise HTTPException(413, f"the body is larger than {most:,} bytes")
    except ClientDisconnect as error:
        raise HTTPException(400, "the body ended early") from error
    try:
        return read_json(bytes(body))
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error


def _if_match(request: Request) -> int | None:
    written = request.headers.get("if-match")
    if written is None or written == "*":
        return None
    number = written.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit()):
        raise HTTPException(422, f'If-Match: {written} is no version; send it as GET /zones told it, for example "3"')
    return int(number)


def _injection(held: ActiveInjection, now: Instant) -> dict[str, Any]:
    lease = held.lease
    return _way(held) | {
        "id": held.id,
        "fault": held.written,
        "where": _where(held),
        "chance": held.chance,
        "now_ns": now,
        "begun_ns": lease.begun,
        "ends_ns": lease.ends,
        "deadline_ns": lease.deadline,
        "latest_ns": lease.latest,
        "heartbeat_ns": lease.heartbeat_ns,
        "met": held.met,
    }


def _way(held: ActiveInjection) -> dict[str, Any]:
    """As it was written; may be posted again."""
    if held.way is None:
        return {}
    return {
        WINDOW_SHAPES[type(held.way)]: {
            key: format_duration(ns) for key, ns in held.way.model_dump(by_alias=True).items()
        }
    }


def _ended(ended: EndedInjection) -> dict[str, Any]:
    held = ended.held
    said = {"id": held.id, "fault": held.written, "where": _where(held), "chance": held.chance}
    return _way(held) | said | {"ended_ns": ended.at, "why": ended.why, "met": held.met}


def _where(held: ActiveInjection) -> dict[str, Any]:
    """What was said, not what was left open; may be posted again."""
    fields = dataclasses.fields(held.where)
    return {one.name.rstrip("_"): value for one in fields if (value := getattr(held.where, one.name)) != one.default}


def _zones(snapshot: ZoneSnapshot) -> Response:
    said = {"version": snapshot.version, "zones": [zone.plan() for zone in snapshot.zones.zones.values()]}
    return JSONResponse(said, headers={"ETag": f'"{snapshot.version}"'})


def _status(seen: Overview) -> str:
    if seen.alarm is not None or not seen.canary.ok:
        return "canary failed"
    return "halted" if seen.halted else "ok"


def _error(status: int, message: str, **more: Any) -> JSONResponse:
    return JSONResponse({"error": message, **more}, status)


def _bad_request(_: Request, error: BadRequest) -> Response:
    return _error(422, str(error), findings=[dataclasses.asdict(one) for one in error.findings])


def _http_error(request: Request, error: HTTPException) -> Response:
    message = error.detail
    if error.status_code == 404:
        message = f"there is nothing at {request.url.path}; see /openapi.json"
    if error.status_code == 405:
        message = f"{request.method} is not done here; known: {(error.headers or {}).get('Allow', '')}"
    response = _error(error.status_code, message)
    response.headers.update(error.headers or {})
    return response


def _bug(_: Request, error: Exception) -> Response:
    traceback.print_exception(error, file=sys.stderr)
    return _error(500, f"a bug of chaoskit: {type(error).__name__}: {error}")
