"""Tell other systems of a run as it goes: JSON to a webhook, or annotations to a Grafana dashboard.

A webhook gets a POST for each hold, each begin and end of a fault, and the outcome:
``{"run", "title", "kind", "text", "time_ms", "injection"?, "fault"?, "where"?, "injections"?, "by"?, "outcome"?}``. A hold
has ``injections``, the ids of the faults that wait for its go. Kinds are ``fault_begins``,
``fault_ends``, ``hold_begins``, ``hold_ends``, ``run_ends`` and ``verdict``. Nothing is told of a hidden fault.

A Grafana gets what its HTTP API takes at ``POST /api/annotations`` (grafana.com/docs/grafana/latest/developers/http_api/annotations):
``time`` in ms since 1970, ``tags`` and ``text``; a fault's end is told as an annotation of its own, for it may come early.

A receiver that fails is told of once, and never disturbs the run: requests are sent by a thread, in order, within ``WITHIN_S`` each.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chaoskit.clock import Instant
from chaoskit.errors import InputError
from chaoskit.host_port import is_loopback
from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry
from chaoskit.units import MILLISECOND

WITHIN_S = 2.0
LEAVE_WITHIN_S = 5.0
"""How long the messages that are still to be sent may keep a run that is over."""

GRAFANA_PATH = "/api/annotations"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages go. ``token`` is shown as a bearer (Grafana: of a service account)."""

    url: str
    token: str | None = None

    @property
    def takes_annotations(self) -> bool:
        """Whether it is Grafana's API, by its path."""
        return urlsplit(self.url).path.rstrip("/").endswith(GRAFANA_PATH)

    def body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message as this receiver takes it."""
        if not self.takes_annotations:
            return dict(message)
        ids = [message["injection"]] if "injection" in message else message.get("injections", [])
        tags = ["chaoskit", message["kind"], *ids]
        return {"time": message["time_ms"], "tags": tags, "text": f"{message['title']}: {message['text']}"}

    def post(self, message: Mapping[str, Any]) -> None:
        """Send one message; redirections are not followed, and no proxy is used. Raises ``OSError`` or ``HTTPException``."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=WITHIN_S)
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, json.dumps(self.body(message)), headers)
            with connection.getresponse() as answer:
                status, reason = answer.status, answer.reason
            if not 200 <= status < 300:
                raise OSError(f"it answered {status} {reason}")
        finally:
            connection.close()


def read_receiver(url: str, remote: bool, token: str | None = None) -> Receiver:
    """Check a URL. Raises ``InputError`` for what is none, and for one off loopback unless ``remote``."""
    parts = urlsplit(url)
    try:
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or parts.username is not None:
        raise InputError(f"--webhook {url}: write http://HOST:PORT/PATH or https://…, without a user's name")
    if not remote and not is_loopback(parts.hostname or ""):
        raise InputError(
            f"--webhook {url}: this is not on this machine's loopback; if you mean it, add --webhook-remote"
        )
    return Receiver(url, token)


class Webhooks:
    """A listener of the journal that tells ``receivers``. ``complain`` gets a line when one fails, once for each."""

    def __init__(self, receivers: tuple[Receiver, ...], complain: Callable[[str], object]) -> None:
        self._receivers = receivers
        self._complain = complain
        self._failed: set[str] = set()
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="webhooks", daemon=True)
        self._thread.start()
        self._head: ev.RunStarted | None = None
        self._waiting: list[str] = []
        self._edges: dict[tuple[str, int], tuple[Instant, str, ev.InjectionPlanned]] = {}

    def __call__(self, entry: Entry) -> None:
        """Take in one entry."""
        event = entry.event
        self._tell_edges(event.at)
        match event:
            case ev.RunStarted():
                self._head = event
            case ev.InjectionPlanned(hidden=False):
                for number, (start, end) in enumerate(event.spans):
                    self._edges[event.injection, 2 * number] = start, "fault_begins", event
                    self._edges[event.injection, 2 * number + 1] = end, "fault_ends", event
            case ev.InjectionCut():
                for key, (at, kind, planned) in list(self._edges.items()):
                    if key[0] == event.injection and at > event.ends and kind == "fault_ends":
                        self._edges[key] = event.ends, kind, planned
            case ev.HoldBegun():
                self._waiting = list(event.injections)
                text = f"held before {event.before}, until somebody says go"
                self._tell(event.at, "hold_begins", text, injections=self._waiting)
            case ev.HoldReleased():
                self._tell(event.at, "hold_ends", f"go, said by {event.by}", injections=self._waiting, by=event.by)
            case ev.RunEnded():
                self._edges.clear()
                self._tell(
                    event.at, "run_ends", f"the run {'was aborted' if event.aborted else 'ended'}: {event.reason}"
                )

    def tell_outcome(self, at: Instant, outcome: str) -> None:
        """Tell how the run was judged."""
        self._tell(at, "verdict", f"the outcome is: {outcome}", outcome=outcome)

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._messages.put(None)
        self._thread.join(LEAVE_WITHIN_S)

    def _tell_edges(self, now: Instant) -> None:
        """Tell of what has begun and ended until ``now``: the canary's look each second is late enough for any dashboard."""
        due = sorted((edge, key) for key, edge in self._edges.items() if edge[0] <= now) if self._edges else []
        for (at, kind, planned), key in due:
            del self._edges[key]
            verb = "begins" if kind == "fault_begins" else "is over"
            text = f"{planned.injection} {verb}: {planned.fault} on {planned.where}"
            self._tell(at, kind, text, injection=planned.injection, fault=planned.fault, where=planned.where)

    def _tell(self, at: Instant, kind: str, text: str, **more: str | list[str]) -> None:
        if self._head is None:
            return
        time_ms = (self._head.epoch_ns + at - self._head.at) // MILLISECOND
        head = {"run": self._head.run_id, "title": self._head.title, "kind": kind, "text": text, "time_ms": time_ms}
        self._messages.put(head | more)

    def _send(self) -> None:
        while (message := self._messages.get()) is not None:
            for receiver in self._receivers:
                try:
                    receiver.post(message)
                except (OSError, http.client.HTTPException) as error:
                    if receiver.url not in self._failed:
                        self._failed.add(receiver.url)
                        why = error or type(error).__name__
                        more = "the run goes on, and further failures of it are not told"
                        self._complain(f"webhook {receiver.url}: {why}; {more}")
