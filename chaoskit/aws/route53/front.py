"""Route 53 in front of moto: WSGI middleware that answers for record sets and changes itself and leaves hosted zones to moto.

moto keeps which hosted zones there are. What is in them is kept here, from the first time that a zone is asked for.
"""

from __future__ import annotations

import io
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from chaoskit.aws.evidence import ARRIVED, Application, Environ, whole
from chaoskit.aws.route53 import wire
from chaoskit.aws.route53.batch import Change, Refusal
from chaoskit.aws.route53.control_plane import ControlPlane
from chaoskit.aws.route53.record_set import HostedZone, RecordSet, canonical
from chaoskit.clock import Clock, WallClock

_RECORD_SETS = re.compile(r"/2013-04-01/hostedzone/(?P<id>[^/]+)/rrset/?$")
_CHANGE = re.compile(r"/2013-04-01/change/(?P<id>[^/]+)/?$")
_ZONE = re.compile(r"/2013-04-01/hostedzone/(?P<id>[^/]+)/?$")
_ZONES = re.compile(r"/2013-04-01/hostedzone/?$")
_HEALTH_CHECKS = re.compile(r"/2013-04-01/healthcheck/?$")

_ACTIONS = (
    (_RECORD_SETS, {"GET": "ListResourceRecordSets", "POST": "ChangeResourceRecordSets"}),
    (_CHANGE, {"GET": "GetChange"}),
    (_ZONE, {"GET": "GetHostedZone", "DELETE": "DeleteHostedZone", "POST": "UpdateHostedZoneComment"}),
    (_ZONES, {"GET": "ListHostedZones", "POST": "CreateHostedZone"}),
)


_PASSED_ON = ("location", "x-amzn-requestid")


def action_of(method: str, path: str) -> str:
    """The API's name for a request, as far as its own bucket needs one; ``GET /…`` for the rest."""
    return next(
        (names[method] for known, names in _ACTIONS if known.search(path) and method in names), f"{method} {path}"
    )


class Route53:
    """The middleware. Requests to other services go to ``application`` untouched, as do those that it does not answer itself."""

    def __init__(self, application: Application, plane: ControlPlane, clock: Clock | None = None) -> None:
        self._application = application
        self._plane = plane
        self._clock = clock or WallClock()
        self._ending = threading.Event()

    def end(self) -> None:
        """Let go of answers that are held back because their change is being processed."""
        self._ending.set()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        arrived = environ.get(ARRIVED)
        if arrived is None or arrived.service != "route53":
            return self._application(environ, start_response)
        headers: list[tuple[str, str]] = []
        try:
            status, body = self._answer(environ, environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), headers)
        except Refusal as refused:
            status, body = refused.status, wire.render_error(refused, str(uuid.uuid4()))
        headers += [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def adopt_all(self, first: Mapping[str, Sequence[Change]] | None = None) -> None:
        """Take over every hosted zone that moto has, as after it was seeded, and make the ``first`` changes, by zone name.

        Raises ``Refusal`` for changes that Route 53 would not take.
        """
        changes = {canonical(name): batch for name, batch in (first or {}).items()}
        listed = self._ask("GET", "/2013-04-01/hostedzone", {})
        for zone_id, name in wire.parse_zone_names(listed[1]).items() if listed[0] == 200 else ():
            self._zone(zone_id)
            if changes.get(name):
                self._plane.change(zone_id, changes[name], self._clock.now())

    def _answer(self, environ: Environ, method: str, path: str, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
        """Status and body; ``headers`` gets those of moto's that an SDK reads."""
        action = action_of(method, path)
        body = _body(environ) if method in ("POST", "PUT") else b""
        at = self._clock.now()
        changes = wire.parse_batch(body) if action == "ChangeResourceRecordSets" else []
        self._plane.throttle(action, len(changes), at)
        if records := _RECORD_SETS.search(path):
            zone = self._zone(unquote(records["id"]))
            if changes:
                info = self._plane.change(zone.id, changes, at, environ[ARRIVED].request)
                if self._plane.behaviour.processing_ns:
                    self._ending.wait(self._plane.behaviour.processing_ns / 1e9)
                return 200, self._change(info.id, "PENDING", at, "ChangeResourceRecordSetsResponse")
            return 200, self._list(zone, environ.get("QUERY_STRING", ""))
        if (change := _CHANGE.search(path)) and method == "GET":
            info = self._plane.find_change(unquote(change["id"]))
            return 200, self._change(info.id, info.status(at), info.at, "GetChangeResponse")
        return self._pass_on(environ, action, path, body, headers)

    def _pass_on(
        self, environ: Environ, action: str, path: str, body: bytes, headers: list[tuple[str, str]]
    ) -> tuple[int, bytes]:
        """Have moto answer; a zone that holds more than its own SOA and NS is not deleted, whatever moto knows of it."""
        zone = _ZONE.search(path)
        if action == "DeleteHostedZone" and zone:
            known = self._plane.zone(unquote(zone["id"]))
            if known is not None and any(key[0] != known.name or key[1] not in ("SOA", "NS") for key in known.sets):
                message = (
                    "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
                )
                raise Refusal("HostedZoneNotEmpty", message)
        status, answer = self._ask_as(environ, body, headers)
        if status == 200 and action == "DeleteHostedZone" and zone:
            self._plane.forget(unquote(zone["id"]))
        if status == 201 and action == "CreateHostedZone":
            for zone_id in wire.parse_zone_names(answer):
                self._zone(zone_id)
        if _HEALTH_CHECKS.search(path) and status == 200:
            answer = wire.with_list_end(answer)
        if b"<ResourceRecordSetCount>" in answer:
            known_zones = {zone_id: self._plane.zone(zone_id) for zone_id in wire.parse_zone_names(answer)}
            answer = wire.with_counts(answer, {key: len(zone.sets) for key, zone in known_zones.items() if zone})
        return status, answer

    def _zone(self, zone_id: str) -> HostedZone:
        """A hosted zone, taken over from moto if it is met for the first time. Raises ``Refusal`` (NoSuchHostedZone)."""
        if known := self._plane.zone(zone_id):
            return known
        path = f"/2013-04-01/hostedzone/{zone_id}"
        status, shown = self._ask("GET", path, {})
        if status != 200:
            raise Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", status=404)
        sets: list[RecordSet] = []
        query: dict[str, str] | None = {}
        while query is not None:
            _, page = self._ask("GET", f"{path}/rrset", query)
            sets += map(wire.as_moto_means, wire.parse_record_sets(page))
            query = wire.next_page(page) or None
        zone = HostedZone(
            zone_id, wire.parse_zone_names(shown)[zone_id], {record_set.key: record_set for record_set in sets}
        )
        return self._plane.adopt(zone, self._clock.now())

    def _list(self, zone: HostedZone, query: str) -> bytes:
        fields = {key: values[0] for key, values in parse_qs(query).items()}
        name, rtype, identifier = (fields.get(key, "") for key in ("name", "type", "identifier"))
        if rtype and not name:
            raise Refusal(
                "InvalidInput", "Invalid request: StartRecordType needs a StartRecordName"
            )  # wording not verified
        written = fields.get("maxitems", str(wire.MAX_ITEMS))
        if not (written.isascii() and written.isdigit() and len(written) < wire.MAX_DIGITS and int(written)):
            raise Refusal(
                "InvalidInput", f"Invalid request: MaxItems {written!r} is no number of items"
            )  # wording not verified
        return wire.render_sets(zone, (name, rtype, identifier), min(int(written), wire.MAX_ITEMS))

    def _change(self, change_id: str, status: str, submitted: int, root: str) -> bytes:
        """``submitted`` is turned into the wall clock's time, since the API tells that."""
        ago = timedelta(microseconds=(self._clock.now() - submitted) / 1000)
        return wire.render_change(change_id, status, datetime.now(UTC) - ago, root)

    def _ask_as(self, environ: Environ, body: bytes, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
        statuses: list[str] = []

        def remember(status: str, sent: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            statuses.append(status)
            headers.extend((name, value) for name, value in sent if name.lower() in _PASSED_ON)
            return lambda _: None

        answer = whole(self._application(environ | {"wsgi.input": io.BytesIO(body)}, remember))
        return int(statuses[-1].split(" ", 1)[0]), answer

    def _ask(self, method: str, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """moto's answer to a question of our own."""
        scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0"
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": "route53.amazonaws.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "route53.amazonaws.com",
            "HTTP_AUTHORIZATION": scope,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        return self._ask_as(environ, b"", [])


def _body(environ: Environ) -> bytes:
    chunked = environ.get("wsgi.input_terminated", False)
    body: bytes = environ["wsgi.input"].read(*([] if chunked else [int(environ.get("CONTENT_LENGTH") or 0)]))
    return body
