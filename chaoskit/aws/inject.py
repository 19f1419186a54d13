"""The driver of service faults: WSGI middleware that compares the clock with the timeline at each request, and does what the faults say.

It stands between ``evidence.py``, which has read the request's head, and the services. Nothing toggles and no timer races.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, TypeAlias

from chaoskit.aws.evidence import ARRIVED, MET, SENT_AS, UNSEEN, Application, Environ, whole
from chaoskit.aws.faults import Request, Response, ServiceFault, Turn
from chaoskit.aws.forms import form_of
from chaoskit.aws.plan import ServiceInjection
from chaoskit.aws.services import SERVICES
from chaoskit.clock import Instant
from chaoskit.journal.events import RequestArrived
from chaoskit.seeds import generator
from chaoskit.timeline.injection import FELT_NS, Timeline

Hit: TypeAlias = tuple[ServiceInjection, random.Random]
"""An injection that is meant for a request, with the dice for that."""

_ANY = Response(0, (), b"")
"""Stands for whatever a service might have answered."""


class Places:
    """The places and the queue of one injection. ``enter`` blocks while the fault says *wait*; who entered must ``leave``."""

    def __init__(self, fault: ServiceFault) -> None:
        self._fault = fault
        self._serving = 0
        self.queue: deque[object] = deque()
        self._changed = threading.Condition()

    def enter(self) -> Turn:
        """How the request fared: served at once, served after a wait, or refused."""
        with self._changed:
            turn = self._fault.turn(self._serving, len(self.queue))
            if turn == "refuse":
                return turn
            if turn == "wait":
                ticket = object()
                self.queue.append(ticket)
                self._changed.wait_for(
                    lambda: self.queue[0] is ticket and self._fault.turn(self._serving, 0) == "serve"
                )
                self.queue.popleft()
            self._serving += 1
            self._changed.notify_all()  # the next in the queue may find a place too
            return turn

    def leave(self) -> None:
        """Free the place."""
        with self._changed:
            self._serving -= 1
            self._changed.notify_all()


class Faults:
    """Until ``arm`` nothing is injected. ``seed`` is the run's."""

    def __init__(self, injections: Sequence[ServiceInjection], seed: int) -> None:
        self._timeline = Timeline(tuple(injections))
        self._seed = seed
        self._places = {injection.id: Places(injection.fault) for injection in injections}
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._ending = threading.Event()

    def arm(self, origin: Instant) -> None:
        """Offset 0 of the timeline is at ``origin``."""
        self._timeline = self._timeline.anchored(origin)

    def with_event(self, event: str, at: Instant) -> None:
        """Windows that waited for ``event`` end ``at``."""
        self._timeline = self._timeline.with_event(event, at)

    def end(self) -> None:
        """Let go of the answers that are held back."""
        self._ending.set()

    def around(self, application: Application) -> Application:
        """The services with these faults."""
        return partial(self._serve, application)

    def _serve(self, application: Application, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        arrived: RequestArrived = environ[ARRIVED]
        found = self._on(arrived)
        if not found:
            return application(environ, start_response)
        request = _request(arrived, found[0][0].where.service, environ)
        with ExitStack() as leaving:
            response, met, unseen = self._answer(request, found, partial(_capture, application, environ), leaving)
            environ[MET] = tuple(injection.id for injection, _ in found if injection.id in met)
            environ[UNSEEN] = tuple(injection.id for injection, _ in found if injection.id in unseen)
            environ[SENT_AS] = response
            if response.delay_ns:
                self._ending.wait(response.delay_ns / 1e9)
        headers = list(response.headers)
        if environ["REQUEST_METHOD"] != "HEAD" and response.status not in (204, 304):
            length = len(response.body) if response.declared is None else response.declared
            headers.append(("Content-Length", str(length)))
        start_response(f"{response.status} {_phrase(response.status)}", headers)
        return [response.body if environ["REQUEST_METHOD"] != "HEAD" else b""]

    def _on(self, arrived: RequestArrived) -> list[Hit]:
        """The injections that are meant for this request: active, aimed at it, due by their counts, and with the dice for them.

        Dice derive from the seed, the injection and the request's place in the injection's count.
        """
        now = time.monotonic_ns()
        timeline = self._timeline
        found: list[Hit] = []
        for injection in timeline.active(now):
            if not injection.where.matches(arrived.service, arrived.operation):
                continue
            with self._counting:
                self._counts[injection.id] += 1
                nth = self._counts[injection.id]
            if not injection.where.due(nth):
                continue
            rng = generator(self._seed, injection.id, nth)
            if rng.random() < timeline.chance(injection, now):
                found.append((injection, rng))
        return found

    def _answer(
        self, request: Request, found: Sequence[Hit], honest: Callable[[], Response], leaving: ExitStack
    ) -> tuple[Response, set[str], set[str]]:
        """The response, honest or not, and the ids of those whose doing its client sees, and of those that acted in vain.

        ``leaving`` gets the places to give back.
        """
        waited: set[str] = set()
        for injection, _ in found:
            turn = self._places[injection.id].enter()
            if turn != "serve":
                waited.add(injection.id)
            if turn == "refuse":
                return injection.fault.refusal(request), waited, set()
            leaving.callback(self._places[injection.id].leave)
        answers = [(hit, answer) for hit in found if (answer := hit[0].fault.instead(request)) is not None]
        base = answers[0][1] if answers else honest()
        changing: list[Hit] = []
        response = base
        for hit in found:
            changed = _changed(request, [hit], response)
            if changed != response:
                changing.append(hit)
                response = changed
        shaping = _shaping(request, changing, base, response)
        if answers and not _alike(_changed(request, shaping, _ANY), response):
            shaping = [*shaping, answers[0][0]]
        met = waited | {injection.id for injection, _ in shaping}
        acted = {injection.id for injection, _ in (*changing, *(hit for hit, _ in answers))}
        return response, met, acted - met


def _changed(request: Request, hits: Sequence[Hit], response: Response) -> Response:
    """What the faults of ``hits`` make of ``response``, one after the other."""
    for injection, dice in hits:
        response = injection.fault.change(request, response, copy(dice))
    return response


def _shaping(request: Request, hits: list[Hit], base: Response, response: Response) -> list[Hit]:
    """Those of ``hits``, each of which changed what it was handed, without which ``base`` would not have become ``response``."""
    shaping = hits
    for hit in hits:
        others = [other for other in shaping if other is not hit]
        if _alike(_changed(request, others, base), response):
            shaping = others
    return shaping


def _alike(one: Response, other: Response) -> bool:
    """Whether no client could tell the two apart: they differ in nothing, or in less time than is felt."""
    return abs(one.delay_ns - other.delay_ns) < FELT_NS and replace(one, delay_ns=other.delay_ns) == other


def _request(arrived: RequestArrived, service: str, environ: Environ) -> Request:
    return Request(
        service=service,
        operation=arrived.operation,
        number=arrived.request,
        form=form_of(service, targeted="HTTP_X_AMZ_TARGET" in environ) if service in SERVICES else "plain",
        content_type=environ.get("CONTENT_TYPE", ""),
    )


def _capture(application: Application, environ: Environ) -> Response:
    """What the services answer, as a whole."""
    told: list[Any] = []

    def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        told[:] = [status, headers]
        return lambda _: None

    body = whole(application(environ, remember))
    headers: tuple[tuple[str, str], ...] = tuple(told[1])
    if environ["REQUEST_METHOD"] != "HEAD":  # of a HEAD's answer it tells the length that a GET's body would have
        headers = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return Response(int(told[0].split(" ", 1)[0]), headers, body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
