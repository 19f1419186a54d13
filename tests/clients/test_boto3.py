"""The boto3 client in this process, with a stand-in for ``Child``: no name is looked up, nothing leaves loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from chaoskit.clients.boto3 import CALLS, Boto3
from chaoskit.clients.boto3 import attempts as attempts_module
from chaoskit.clients.boto3.__main__ import Workload
from chaoskit.clients.boto3.attempts import Attempts
from chaoskit.clients.schedule import Slot
from chaoskit.journal.events import AttemptFinished, AttemptStarted, CallFinished, CallStarted, ClientReady
from chaoskit.units import MILLISECOND, SECOND
from tests.clients.children import FAKE_AWS, FakeChild, Left
from tests.clients.endpoint import endpoint, leading_to, no_address

# botocore never closes the socket that it sends its reports from.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """A client's environment, and nothing of the real one; put back afterwards."""
    with mock.patch.dict(os.environ, FAKE_AWS, clear=True):
        yield
    gc.collect()  # so that botocore's socket is collected here, where the warning is expected


@pytest.fixture
def empty_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_address)


def played(plan: Boto3, calls: int) -> FakeChild:
    """All that a client tells over ``calls`` calls, one after the other."""
    child = FakeChild()
    workload = Workload(child, plan)
    child.emit(workload.ready())
    for number in range(1, calls + 1):
        workload.call(Slot(number, due=time.monotonic_ns(), concurrent=False))
    workload.close()
    return child


def one_call(**settings: Any) -> FakeChild:
    return played(Boto3(client="app", **settings), 1)


def bursts(size: int) -> FakeChild:
    """All that a burst client tells over a run long enough for more than one burst, should a busy machine be late for the first."""
    plan = Boto3(
        client="app",
        connection="burst",
        burst_size=size,
        every_ns=400 * MILLISECOND,
        burst_every_ns=400 * MILLISECOND,
    )
    child = FakeChild()
    workload = Workload(child, plan)
    origin = time.monotonic_ns()
    asyncio.run(workload.run(origin, origin + SECOND))
    workload.close()
    return child


@pytest.mark.usefixtures("empty_record")
class TestOnAnEmptyRecord:
    def test_the_default_tries_dynamodb_four_times(self) -> None:
        child = one_call()
        started, finished = child.of(AttemptStarted), child.of(AttemptFinished)
        assert [(event.call, event.attempt) for event in started] == [(1, 1), (1, 2), (1, 3), (1, 4)]
        assert [(event.call, event.attempt) for event in finished] == [(1, 1), (1, 2), (1, 3), (1, 4)]
        assert {event.result for event in finished} == {"failed"}
        assert all((event.error or "").startswith("EndpointConnectionError: ") for event in finished)
        assert len({event.invocation for event in started}) == 1, "one invocation a call"

    def test_the_chain_ends_with_the_resolvers_errno(self) -> None:
        (finished,) = one_call().of(CallFinished)
        assert finished.result == "failed"
        assert finished.errors[0].type == "EndpointConnectionError"
        assert finished.errors[-1].type == "gaierror"
        assert finished.errors[-1].errno == socket.EAI_NODATA == -5

    def test_the_order_of_events_is_the_order_of_things(self) -> None:
        kinds = [event.kind for event in one_call(max_attempts=2).events]
        one_try = ["attempt_started", "attempt_finished"]
        assert kinds == ["client_ready", "call_started", *one_try, *one_try, "call_finished"]
        instants = [event.at for event in one_call(max_attempts=2).events]
        assert instants == sorted(instants)

    @pytest.mark.parametrize(("service", "tries"), [("dynamodb", 4), ("sts", 3), ("sqs", 3)])
    def test_the_number_of_tries_is_the_sdks_own(self, service: str, tries: int) -> None:
        child = one_call(service=service)
        assert len(child.of(AttemptFinished)) == tries
        assert child.of(CallStarted)[0].operation == CALLS[service][0]

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_settings_reach_the_sdk_where_users_set_them(self, mode: Any) -> None:
        child = one_call(retry_mode=mode, max_attempts=2, connect_timeout_ns=2 * SECOND, read_timeout_ns=SECOND // 2)
        (ready,) = child.of(ClientReady)
        assert os.environ["AWS_RETRY_MODE"] == mode
        assert ready.settings["retry_mode"] == mode
        assert ready.settings["max_attempts"] == "2"
        assert (ready.settings["connect_timeout"], ready.settings["read_timeout"]) == ("2 s", "0.5 s")
        assert len(child.of(AttemptFinished)) == 2

    def test_a_client_that_cannot_resolve_gets_ready_all_the_same(self) -> None:
        child = FakeChild()
        ready = Workload(child, Boto3(client="app")).ready()
        assert child.events == [], "nothing is called before the start"
        assert set(ready.versions) == {"boto3", "botocore", "urllib3", "python"}
        assert ready.settings["operation"] == "GetItem"

    def test_a_burst_loses_and_mixes_up_nothing(self) -> None:
        child = bursts(12)
        assert Counter(event.concurrent for event in child.of(CallStarted))[True] >= 12
        started = Counter((event.call, event.attempt) for event in child.of(AttemptStarted))
        finished = Counter((event.call, event.attempt) for event in child.of(AttemptFinished))
        assert started == finished
        assert set(started.values()) == {1}
        assert None not in {event.call for event in child.of(AttemptFinished)}


class TestConnections:
    def requests(self, folder: Path, monkeypatch: pytest.MonkeyPatch, connection: Any) -> tuple[FakeChild, list[int]]:
        """What a client told over a few calls, and each request's place on its connection."""
        with endpoint(folder) as (seen, authority):
            monkeypatch.setattr(socket, "getaddrinfo", leading_to(seen.port))
            os.environ["AWS_CA_BUNDLE"] = str(authority)
            child = played(Boto3(client="app", connection=connection), 3)
        assert {event.result for event in child.of(CallFinished)} == {"ok"}
        assert [invocation for _, _, invocation in seen.requests] == [e.invocation for e in child.of(AttemptStarted)]
        return child, [nth for _, nth, _ in seen.requests]

    def test_cold_opens_a_new_one_for_every_call(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        child, places = self.requests(tmp_path, monkeypatch, "cold")
        assert places == [1, 1, 1]
        assert {event.status for event in child.of(AttemptFinished)} == {200}
        assert {event.error for event in child.of(AttemptFinished)} == {None}

    def test_warm_keeps_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _, places = self.requests(tmp_path, monkeypatch, "warm")
        assert places == [1, 2, 3]

    def test_in_a_burst_every_report_goes_to_its_own_call(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The endpoint's error code is the invocation id, so a report that was given to a neighbour would show.
        with endpoint(tmp_path, refuse=True) as (seen, authority):
            monkeypatch.setattr(socket, "getaddrinfo", leading_to(seen.port))
            os.environ["AWS_CA_BUNDLE"] = str(authority)
            child = bursts(24)
        invocations = {(event.call, event.attempt): event.invocation for event in child.of(AttemptStarted)}
        reports = {(event.call, event.attempt): event.error for event in child.of(AttemptFinished)}
        answered = {
            (event.call, event.attempt): event.error for event in child.of(AttemptFinished) if event.status == 400
        }
        assert len(answered) >= 24
        assert answered == {key: invocation for key, invocation in invocations.items() if key in answered}
        # Threads of one urllib3 pool set ALPN on the SSLContext that they share while another opens a connection with it (cpython 141012):
        # once in very many handshakes the hello is torn. It is the client's own trouble, told as such.
        unanswered = reports.keys() - answered
        assert all((reports[key] or "").startswith("SSLError: ") for key in unanswered), reports
        (first, *_) = child.of(CallFinished)[0].errors
        assert first.type == "ClientError"


class Reports:
    """botocore's side of ``Attempts``, played by hand."""

    def __init__(self) -> None:
        self.child = FakeChild()
        self.attempts = Attempts(self.child, "app", time.monotonic_ns)
        self.handlers: dict[str, list[Any]] = {"request-created": [], "response-received": []}
        self.attempts.attach(self)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def register(self, event: str, handler: Any) -> None:
        self.handlers[event].append(handler)

    register_last = register

    def close(self) -> None:
        self._socket.close()
        self.attempts.close()

    def publish(self, report: bytes) -> None:
        self._socket.sendto(report, ("127.0.0.1", int(os.environ["AWS_CSM_PORT"])))

    def one_try(self, *reports: bytes, attempt: int = 1) -> None:
        request = mock.Mock(context={"retries": {"attempt": attempt, "invocation-id": "i"}})
        (started,), (before, after) = self.handlers["request-created"], self.handlers["response-received"]
        started(request=request)
        before()
        for report in reports:
            self.publish(report)
        after()


def report(**fields: Any) -> bytes:
    return json.dumps({"Type": "ApiCallAttempt", "AttemptLatency": 7, "HttpStatusCode": 200} | fields).encode()


class TestReports:
    @pytest.fixture
    def reports(self) -> Iterator[Reports]:
        found = Reports()
        yield found
        found.close()

    def test_a_report_is_that_of_the_call_in_which_it_was_sent(self, reports: Reports) -> None:
        with reports.attempts.call(5):
            reports.one_try(report(), attempt=3)
        (event,) = reports.child.of(AttemptFinished)
        assert (event.call, event.attempt, event.latency_ns, event.status) == (5, 3, 7 * MILLISECOND, 200)

    def test_summaries_of_calls_are_no_attempts(self, reports: Reports) -> None:
        with reports.attempts.call(1):
            reports.one_try(report(Type="ApiCall"), report())
        assert len(reports.child.of(AttemptFinished)) == 1

    def test_a_report_that_never_comes_leaves_the_attempt_open(
        self, reports: Reports, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts_module, "REPORT_WAIT_S", 0)
        with reports.attempts.call(1):
            reports.one_try()
        assert [event.kind for event in reports.child.events] == ["attempt_started"]

    def test_what_came_too_late_is_counted_and_given_to_nobody(
        self, reports: Reports, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts_module, "REPORT_WAIT_S", 0)
        with reports.attempts.call(1):
            reports.one_try()
        reports.publish(report(AttemptLatency=1))
        with reports.attempts.call(2):
            reports.one_try(report(AttemptLatency=2))
        finished = reports.child.of(AttemptFinished)
        assert [(event.call, event.attempt) for event in finished] == [(None, None)] * 2
        with reports.attempts.call(3):
            reports.one_try(report())
        assert reports.child.of(AttemptFinished)[-1].call == 3

    @pytest.mark.parametrize(
        ("fields", "result", "error"),
        [
            ({}, "ok", None),
            ({"HttpStatusCode": 500}, "failed", None),
            ({"HttpStatusCode": 400, "AwsException": "Throttled", "AwsExceptionMessage": "m"}, "failed", "Throttled"),
            (
                {"HttpStatusCode": None, "SdkException": "SSLError", "SdkExceptionMessage": "bad"},
                "failed",
                "SSLError: bad",
            ),
        ],
    )
    def test_how_it_ended(self, reports: Reports, fields: dict[str, Any], result: str, error: str | None) -> None:
        with reports.attempts.call(1):
            reports.one_try(report(**fields))
        (event,) = reports.child.of(AttemptFinished)
        assert (event.result, event.error, event.status) == (result, error, fields.get("HttpStatusCode", 200))

    def test_a_bug_of_ours_ends_the_process_and_fails_no_call(
        self, reports: Reports, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(Left) as left, reports.attempts.call(1):
            reports.one_try(b"no JSON")
        assert left.value.code == 4
        assert "JSONDecodeError" in capsys.readouterr().err

    def test_a_handler_that_raises_does_not_lock_out_the_others(self, reports: Reports) -> None:
        before, after = reports.handlers["response-received"]
        with contextlib.suppress(ZeroDivisionError), reports.attempts.call(1):
            before()
            raise ZeroDivisionError
        with reports.attempts.call(2):
            before()  # would wait for ever
            reports.publish(report())
            after()
        assert len(reports.child.of(AttemptFinished)) == 1


def test_the_numbers_of_a_calls_attempts_count_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    child = played(Boto3(client="app", max_attempts=2), 3)
    started = child.of(AttemptStarted)
    by_call = [[event.attempt for event in of_call] for _, of_call in groupby(started, key=lambda event: event.call)]
    assert by_call == [[1, 2]] * 3
