"""Route 53 in the arena: each request of its API passes the gate, and may be answered from an older version of the hosted zones."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from queue import Queue
from typing import Any

from chaoskit.aws.evidence import ARRIVED, Application, Environ, error_code, whole
from chaoskit.aws.route53 import wire
from chaoskit.aws.route53.batch import Change, Refusal
from chaoskit.aws.route53.control_plane import Behaviour, ChangeInfo, ControlPlane
from chaoskit.aws.route53.front import Route53, action_of
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.aws.route53.served import change_event, dns_name
from chaoskit.clock import WallClock
from chaoskit.hunt.gate import Gate, HeldCall, Order
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged

Follow = Callable[[HostedZoneChanged], ZoneChanged]
"""Has the name server serve a change of a hosted zone; returns when it does, with what it serves."""


class GatedRoute53:
    """WSGI middleware. ``moto`` keeps which hosted zones there are. ``begin`` starts anew from the hosted zones of ``first``.

    ``first`` fills moto's zones when it is asked for the first time.
    """

    def __init__(self, moto: Application, behaviour: Behaviour, gate: Gate, follow: Follow) -> None:
        self._moto = moto
        self._behaviour = behaviour
        self._gate = gate
        self._follow = follow
        self._first: Mapping[str, HostedZone] = {}
        self._changed: list[ChangeInfo] = []
        self.versions: list[Mapping[str, HostedZone]] = [{}]
        self._one_at_a_time = threading.Lock()
        self._present = self._route53({})

    def fill(self, first: Mapping[str, list[Change]]) -> None:
        """Make the first changes of each hosted zone, by its name; what they give is what each run begins with."""
        self._present.adopt_all(first)
        self._first = {info.zone.id: info.zone for info in self._changed}

    def begin(self) -> list[HostedZoneChanged]:
        """The hosted zones as they were at first, with no past; returns what is served then."""
        self._changed = []
        self._present = self._route53(self._first)
        served = [change_event(info) for info in self._changed]
        self._changed = []
        self.versions = [self._first]
        return served

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        arrived = environ.get(ARRIVED)
        if arrived is None or arrived.service != "route53":
            return self._moto(environ, start_response)
        body = _body(environ)
        action = action_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        kind, what = describe_request(action, environ.get("QUERY_STRING", ""), body)
        peer = environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0)
        ordered: Queue[tuple[int, Order]] = Queue()
        self._gate.arrive(HeldCall(peer, "tcp", "route53", kind, what), lambda *order: ordered.put(order))
        number, order = ordered.get()
        with self._one_at_a_time:
            try:
                return self._carry_out(number, order, environ | {"wsgi.input": io.BytesIO(body)}, start_response)
            except Exception as error:
                self._gate.say({"failed": f"{what}: {type(error).__name__}: {error}"})
                raise

    def _carry_out(
        self, number: int, order: Order, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if order.drop:
            return _fail(start_response)
        version = len(self.versions) - 1
        if order.fail == "before":
            self._gate.answered(number, "500 InternalFailure", version)
            return _fail(start_response)
        application = self._present
        if order.as_of is not None and environ["REQUEST_METHOD"] == "GET":
            version = min(order.as_of, version)
            application = self._route53(self.versions[version])
        heads: list[Any] = []

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            heads[:] = [status, headers]
            return lambda _: None

        self._changed = []
        body = whole(application(environ, remember))
        changes: list[ZoneChanged | HostedZoneChanged] = []
        for info in self._changed if application is self._present else ():
            hosted = change_event(info)
            changes += [hosted, self._follow(hosted)]
            version = len(self.versions)
            self.versions.append({**self.versions[-1], info.zone.id: info.zone})
        status = int(heads[0].split(" ", 1)[0])
        code = error_code(heads[1], body) if status >= 400 else None
        self._gate.answered(number, f"{status} {code}" if code else str(status), version, changes)
        if order.withhold or order.fail == "after":
            return _fail(start_response)
        start_response(*heads)
        return [body]

    def _note(self, change: ChangeInfo) -> None:
        self._changed.append(change)

    def _route53(self, zones: Mapping[str, HostedZone]) -> Route53:
        """A Route 53 whose hosted zones are these."""
        plane = ControlPlane(self._behaviour, self._note)
        for zone in zones.values():
            plane.adopt(zone, WallClock().now())
        return Route53(self._moto, plane)


def _fail(start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = wire.render_error(Refusal("InternalFailure", "An internal failure occurred.", status=500), "hunt")
    headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
    start_response(f"500 {HTTPStatus(500).phrase}", headers)
    return [body]


def _body(environ: Environ) -> bytes:
    chunked = environ.get("wsgi.input_terminated", False)
    body: bytes = environ["wsgi.input"].read(*([] if chunked else [int(environ.get("CONTENT_LENGTH") or 0)]))
    return body


def describe_request(action: str, query: str, body: bytes) -> tuple[Any, str]:
    """Whether a request is a read or a write, and what it is about, in words."""
    if action != "ChangeResourceRecordSets":
        is_write = action.split(" ", maxsplit=1)[0] in ("CreateHostedZone", "DeleteHostedZone", "POST", "PUT", "DELETE")
        return ("write" if is_write else "read"), f"{action} {query}".strip()
    try:
        changes = wire.parse_batch(body)
    except Refusal:
        return "write", f"{action} that cannot be read"
    return "write", "; ".join(f"{change.action} {_describe(change.record_set)}" for change in changes)


def _describe(record_set: RecordSet) -> str:
    target = [f"alias of {dns_name(record_set.alias.name)}"] if record_set.alias else list(record_set.values)
    identifier = [f"({record_set.identifier})"] if record_set.identifier else []
    return " ".join([dns_name(record_set.name), record_set.rtype, *identifier, ", ".join(target)])
