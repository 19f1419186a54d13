"""The driver of service faults, on a WSGI application of a few lines; no socket, no waiting for time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from chaoskit.aws.evidence import MET, SENT_AS, Evidence
from chaoskit.aws.faults import Request, Response, ServiceFault
from chaoskit.aws.faults.capacity import Capacity
from chaoskit.aws.faults.error import Error
from chaoskit.aws.faults.slow import Slow
from chaoskit.aws.faults.throttle import Throttle
from chaoskit.aws.faults.truncated import Truncated
from chaoskit.aws.faults.wrong_length import WrongLength
from chaoskit.aws.inject import Faults, Places
from chaoskit.aws.plan import ServiceInjection, injections_from_json
from chaoskit.aws.target import ServiceTarget
from chaoskit.journal.events import Event, HarnessFailed, RequestAnswered
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once, Until
from chaoskit.units import HOUR, MILLISECOND, SECOND
from tests.aws.test_evidence import environ

PATIENCE_S = 30
ALWAYS = Once(0, HOUR)
BODY = b'{"Item": {}}'


def injection(fault: ServiceFault, where: ServiceTarget | None = None, chance: float = 1.0, name: str = "it") -> Any:
    return Injection(name, where or ServiceTarget("dynamodb"), ALWAYS, fault, chance)


class Bench:
    """Faults around an application that answers 200, and all that is told."""

    def __init__(self, *injections: ServiceInjection, arm: bool = True, seed: int = 0) -> None:
        self.events: list[Event] = []
        self.served = 0
        self.faults = Faults(injections, seed)
        if arm:
            self.faults.arm(time.monotonic_ns())
        self.application = Evidence(self.faults.around(self._serve), self.events.append)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.served += 1
        start_response("200 OK", [("Content-Length", str(len(BODY))), ("X-Own", "1")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else BODY]

    def ask(self, **fields: Any) -> tuple[str, dict[str, str], bytes, dict[str, Any]]:
        told: list[Any] = []
        asked = environ(HTTP_X_AMZ_TARGET="DynamoDB_20120810.GetItem", **fields)
        body = b"".join(self.application(asked, lambda *args: told.extend(args[:2])))
        return told[0], dict(told[1]), body, asked

    @property
    def answered(self) -> list[tuple[int, str | None, tuple[str, ...]]]:
        return [(e.status, e.error, e.faults) for e in self.events if isinstance(e, RequestAnswered)]


def test_nothing_is_injected_elsewhere_or_before_it_is_armed() -> None:
    assert Bench(injection(Throttle()), arm=False).ask()[0] == "200 OK"
    for where in (ServiceTarget("ec2"), ServiceTarget("dynamodb", "PutItem"), ServiceTarget("dynamodb", "get*")):
        bench = Bench(injection(Throttle(), where))
        assert bench.ask()[2] == BODY
        assert bench.answered == [(200, None, ())]


def test_a_window_that_waits_ends_when_its_event_is_seen() -> None:
    bench = Bench(Injection("it", ServiceTarget("dynamodb"), Until(0, HOUR, "app", 1), Throttle()))
    assert bench.ask()[0] != "200 OK"
    bench.faults.with_event("1 failed calls of app", time.monotonic_ns())
    assert bench.ask()[0] == "200 OK"


@pytest.mark.parametrize(
    ("faults", "met", "unseen"),
    [
        ([Slow(SECOND), Throttle()], ("i0", "i1"), ()),
        ([Slow(SECOND), Error(performed=True)], ("i1",), ("i0",)),
        ([Error(performed=True), Slow(SECOND)], ("i0", "i1"), ()),
        ([Throttle(), Error()], ("i0",), ("i1",)),
        ([Throttle(), Error(performed=True)], ("i1",), ("i0",)),
        ([Truncated(), Error(performed=True)], ("i1",), ("i0",)),
        ([WrongLength(5), WrongLength(7)], ("i1",), ("i0",)),
        ([Slow(MILLISECOND - 1)], (), ("i0",)),
        ([Slow(MILLISECOND)], ("i0",), ()),
    ],
    ids=repr,
)
def test_only_what_shaped_the_response_was_met(faults: Any, met: tuple[str, ...], unseen: tuple[str, ...]) -> None:
    bench = Bench(*(injection(fault, name=f"i{number}") for number, fault in enumerate(faults)))
    bench.faults.end()  # so that nothing waits
    bench.ask()
    assert [(e.faults, e.unseen) for e in bench.events if isinstance(e, RequestAnswered)] == [(met, unseen)]


def test_a_throttle_answers_in_place_of_the_service() -> None:
    bench = Bench(injection(Throttle(), ServiceTarget("dynamodb", "*Item")))
    status, headers, body, _ = bench.ask()
    assert status == "400 Bad Request"
    assert headers["Content-Length"] == str(len(body))
    assert bench.served == 0
    assert bench.answered == [(400, "ProvisionedThroughputExceededException", ("it",))]


def test_the_first_fault_that_answers_wins_others_are_not_met() -> None:
    bench = Bench(injection(Error(), name="a"), injection(Throttle(), name="b"))
    bench.ask()
    assert bench.answered == [(500, "InternalServerError", ("a",))]


def test_faults_that_change_add_up() -> None:
    bench = Bench(injection(Error(performed=True), name="error"), injection(Slow(MILLISECOND), name="slow"))
    bench.ask()
    assert bench.served == 1
    assert bench.answered == [(500, "InternalServerError", ("error", "slow"))]


def test_a_delay_holds_the_answer_back_and_the_end_lets_go() -> None:
    bench = Bench(injection(Slow(HOUR)))
    asking = threading.Thread(target=bench.ask)
    asking.start()
    bench.faults.end()
    asking.join(PATIENCE_S)
    assert not asking.is_alive()
    began = time.monotonic_ns()
    slow = Bench(injection(Slow(5 * MILLISECOND)))
    slow.ask()
    assert time.monotonic_ns() - began >= 5 * MILLISECOND
    assert slow.answered == [(200, None, ("it",))]


def test_counts_and_dice() -> None:
    bench = Bench(injection(Throttle(), ServiceTarget("dynamodb", first=5, every=2)))
    assert [bench.ask()[0][:3] for _ in range(8)] == ["200", "400", "200", "400", "200", "200", "200", "200"]

    def drawn(seed: int) -> list[str]:
        bench = Bench(injection(Throttle(), chance=0.5), seed=seed)
        return [bench.ask()[0][:3] for _ in range(64)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {"200", "400"} == set(drawn(1))


def test_lengths_that_lie_reach_the_front() -> None:
    _, headers, body, asked = Bench(injection(Truncated())).ask()
    assert (headers["Content-Length"], body) == (str(len(BODY)), BODY[: len(BODY) // 2])
    assert asked[SENT_AS].cut
    _, headers, body, asked = Bench(injection(WrongLength(-2))).ask()
    assert (headers["Content-Length"], body, asked[MET]) == (str(len(BODY) - 2), BODY, ("it",))


def test_a_head_keeps_its_length_and_gets_no_body() -> None:
    status, headers, body, _ = Bench(injection(Slow(1))).ask(REQUEST_METHOD="HEAD")
    assert (status, headers["Content-Length"], headers["X-Own"], body) == ("200 OK", str(len(BODY)), "1", b"")
    _, headers, body, _ = Bench(injection(Throttle())).ask(REQUEST_METHOD="HEAD")
    assert ("Content-Length" in headers, body) == (False, b"")


def test_a_bug_in_a_fault_is_a_failure_of_the_harness() -> None:
    class Broken(ServiceFault):
        def instead(self, request: Request) -> Response | None:
            raise RuntimeError("a bug of ours")

    bench = Bench(injection(Broken()))
    assert bench.ask()[0].startswith("500")
    (failed,) = [event for event in bench.events if isinstance(event, HarnessFailed)]
    assert "a bug of ours" in failed.message
    assert bench.answered[0][2] == ()


def test_places_go_by_order_of_arrival_and_the_rest_is_refused() -> None:
    places = Places(Capacity(at_once=1, queue=2))
    assert places.enter() == "serve"
    order: list[int] = []
    leave = threading.Semaphore(0)

    def queued(number: int) -> bool:
        return len(places.queue) == number

    def came(number: int) -> bool:
        return len(order) == number

    def come(number: int) -> None:
        assert places.enter() == "wait"
        order.append(number)
        leave.acquire()
        places.leave()

    waiting = [threading.Thread(target=come, args=(number,)) for number in (1, 2)]
    for number, thread in enumerate(waiting, 1):
        thread.start()
        until(partial(queued, number))
    assert places.enter() == "refuse"
    places.leave()
    for number in (1, 2):
        until(partial(came, number))
        leave.release()
    for thread in waiting:
        thread.join(PATIENCE_S)
    assert order == [1, 2]
    assert places.enter() == "serve", "every place was given back"


def until(reached: Callable[[], bool]) -> None:
    """Give other threads the processor until ``reached``; fails after ``PATIENCE_S``."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "it never came to that"
        threading.Event().wait(0.001)


def test_a_full_service_refuses_and_says_so() -> None:
    bench = Bench(injection(Capacity(at_once=1), name="full"), injection(Slow(HOUR), name="slow"))
    first = threading.Thread(target=bench.ask)
    first.start()
    until(lambda: bench.served == 1)
    assert bench.ask()[0] == "400 Bad Request"
    assert bench.answered == [(400, "ProvisionedThroughputExceededException", ("full",))], "a refusal is not slow"
    bench.faults.end()
    first.join(PATIENCE_S)
    assert bench.answered[1] == (200, None, ("slow",))
    assert bench.ask()[0] == "200 OK"


@pytest.mark.parametrize("fault", [Throttle("Own"), Slow(5, "uniform", 2), Capacity(3, 4), Error(performed=True)])
def test_a_plan_survives_json(fault: ServiceFault) -> None:
    import json

    written: Any = Injection("x", ServiceTarget("elbv2", "Describe*", 3, 2), Once(1, 2), fault, 0.5, hidden=True)
    assert injections_from_json([json.loads(json.dumps(injection_to_json(written)))]) == (written,)


def test_where() -> None:
    where = ServiceTarget("elbv2", "Describe*", every=3)
    assert where.matches("elasticloadbalancing", "DescribeTags")
    assert not where.matches("elbv2", "DescribeTags")
    assert where.describe() == "elbv2, Describe*, one in 3"
    for first, every in ((0, None), (None, 0)):
        with pytest.raises(ValueError, match="counts from 1"):
            ServiceTarget("s3", "*", first, every)
