"""Every try of every call, from botocore's own reports, each tied to its call.

botocore reports tries by *client-side monitoring*: one UDP datagram of JSON per ``ApiCallAttempt`` (botocore ``monitoring.py``). A
datagram does not say which call it belongs to, and in a burst many look alike. So it is read at the one moment when
there can be no doubt: botocore sends it from within its public event ``response-received``, on the thread that makes the call. A
handler just before takes a lock, a handler just after reads the one datagram that was sent in between, and gives the lock
back. Nothing is matched by time, so nothing is guessed.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chaoskit.child import Child
from chaoskit.clients.process import own_faults_are_fatal
from chaoskit.clock import Instant
from chaoskit.journal.events import AttemptFinished, AttemptStarted, Result
from chaoskit.units import MILLISECOND

REPORT_WAIT_S = 0.05
"""A datagram on loopback is there when ``send`` returns; a kernel under load may hand it over a little later."""

RECEIVE_BUFFER_BYTES = 1 << 20


class Attempts:
    """Reads botocore's reports and emits ``AttemptStarted`` and ``AttemptFinished``.

    Make it before the session: its environment variables are what switches monitoring on.
    """

    def __init__(self, child: Child, client: str, now: Callable[[], Instant]) -> None:
        self._child, self._client, self._now = child, client, now
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._receiving = threading.Lock()
        self._here = (
            threading.local()
        )  # the call that this thread makes: botocore's handlers run on the caller's thread
        os.environ.update(
            AWS_CSM_ENABLED="true",
            AWS_CSM_HOST="127.0.0.1",
            AWS_CSM_PORT=str(self._socket.getsockname()[1]),
            AWS_CSM_CLIENT_ID=client[:255],  # botocore refuses more
        )

    def attach(self, events: Any) -> None:
        """Register on ``client.meta.events``, after botocore's monitor, which registers when the client is made."""
        events.register_last("request-created", self._started)
        events.register("response-received", self._about_to_report)
        events.register_last("response-received", self._reported)

    @contextmanager
    def call(self, number: int) -> Iterator[None]:
        """Everything that this thread asks botocore for inside belongs to call ``number``."""
        self._here.call, self._here.attempt, self._here.locked = number, None, False
        try:
            yield
        finally:
            self._here.call = None
            self._unlock()  # if another handler raised between ours

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _started(self, request: Any, **_: Any) -> None:
        with own_faults_are_fatal(self._child):
            call = getattr(self._here, "call", None)
            if call is None:
                return
            retries = request.context["retries"]
            self._here.attempt = retries["attempt"]
            self._child.emit(
                AttemptStarted(
                    at=self._now(),
                    client=self._client,
                    call=call,
                    attempt=retries["attempt"],
                    invocation=retries["invocation-id"],
                )
            )

    def _about_to_report(self, **_: Any) -> None:
        self._receiving.acquire()
        self._here.locked = True

    def _reported(self, **_: Any) -> None:
        with own_faults_are_fatal(self._child):
            try:
                reports = self._receive()
            finally:
                self._unlock()
            # More than one means that an earlier one came too late for its own reader: then none is surely ours.
            mine = len(reports) == 1
            for report in reports:
                self._finished(report, mine)

    def _unlock(self) -> None:
        if getattr(self._here, "locked", False):
            self._here.locked = False
            self._receiving.release()

    def _receive(self) -> list[dict[str, Any]]:
        """The reports of tries that have come, at least one unless the wait is over. Caller holds the lock."""
        reports: list[dict[str, Any]] = []
        while not reports and select.select([self._socket], [], [], REPORT_WAIT_S)[0]:
            while True:
                try:
                    report = json.loads(self._socket.recv(65_535))
                except BlockingIOError:
                    break
                if report["Type"] == "ApiCallAttempt":  # "ApiCall" sums up what the tries have told
                    reports.append(report)
        return reports

    def _finished(self, report: dict[str, Any], mine: bool) -> None:
        error = error_of(report)
        status = report.get("HttpStatusCode")
        result: Result = "failed" if error or (status or 0) >= 400 else "ok"
        self._child.emit(
            AttemptFinished(
                at=self._now(),
                client=self._client,
                call=getattr(self._here, "call", None) if mine else None,
                attempt=getattr(self._here, "attempt", None) if mine else None,
                result=result,
                latency_ns=report["AttemptLatency"] * MILLISECOND,
                status=status,
                error=error,
            )
        )


def error_of(report: dict[str, Any]) -> str | None:
    """What went wrong in a try, by its report: the SDK's exception or the service's error code; None: nothing."""
    if kind := report.get("SdkException"):
        return f"{kind}: {report.get('SdkExceptionMessage', '')}"
    code = report.get("AwsException")
    return str(code) if code else None
