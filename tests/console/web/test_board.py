"""The console's board tells what was seen, and *unknown* where nothing was."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.console.web.board import Board
from chaoskit.console.web.client_row import ClientRow
from chaoskit.console.web.forms import fault_forms
from chaoskit.dns.control.requests import read_injection
from chaoskit.dns.faults import FAULTS
from chaoskit.journal import events as ev
from chaoskit.units import MILLISECOND, SECOND
from tests.effort import examples

START = 1_000 * SECOND


def query(
    at: int, client: str = "app", rtype: str = "A", rcode: str = "NOERROR", answers: int = 1, **more: Any
) -> ev.QueryAnswered:
    fields: dict[str, Any] = {"name": "api.example.com", "reply": "answer", "transport": "udp", "faults": ()} | more
    return ev.QueryAnswered(
        at=START + at,
        answered_at=START + at,
        asker=client,
        peer="127.0.0.9:4000",
        rtype=rtype,
        rcode=rcode,
        answers=answers,
        **fields,
    )


def board(*events: Any) -> Board:
    heard = Board(lambda event: event.asker if event.asker != "console" else None)
    heard.begun = START
    for event in events:
        heard.hear(event)
    return heard


def words(state: dict[str, Any]) -> dict[str, list[str]]:
    return {row["name"]: [cell["words"] for cell in row["cells"]] for row in state["names"]["rows"]}


def test_nothing_seen_is_unknown_and_never_zero() -> None:
    state = board().snapshot(START)
    assert state["connections"] is None
    assert state["names"]["rows"] == state["clients"] == state["events"] == []
    assert "<svg" not in state["charts"]["lookups"] + state["charts"]["latency"]


def test_each_client_has_its_own_answer_and_others_are_unknown() -> None:
    state = board(query(0), query(SECOND, "b", name="db.example.com", answers=0)).snapshot(START + 3 * SECOND)
    assert state["names"]["clients"] == ["app", "b"]
    assert words(state) == {"api.example.com": ["answers", "unknown"], "db.example.com": ["unknown", "NODATA"]}
    assert state["names"]["rows"][0]["cells"][0]["age_s"] == 3
    assert state["names"]["rows"][0]["cells"][1]["age_s"] is None


def test_a_message_without_a_question_names_nothing() -> None:
    state = board(query(0), query(1, name="", rtype="", rcode="NOTIMP", answers=0)).snapshot(START + SECOND)
    assert words(state) == {"api.example.com": ["answers"]}
    assert "NOTIMP" in state["charts"]["lookups"]


def test_one_family_is_enough_and_the_loss_of_both_is_told_once() -> None:
    heard = board(query(0), query(1, rtype="AAAA", answers=0))
    assert words(heard.snapshot(START + SECOND)) == {"api.example.com": ["answers"]}
    heard.hear(query(SECOND, answers=0))
    heard.hear(query(2 * SECOND, rtype="AAAA", answers=0))
    texts = [event["text"] for event in heard.snapshot(START + 2 * SECOND)["events"]]
    assert texts == [
        "app: api.example.com went from answers to NODATA",
        "app: api.example.com went from unknown to answers",
    ]


def test_the_probe_of_the_console_is_no_client() -> None:
    assert board(query(0, "console")).snapshot(START)["names"]["clients"] == []


def call(number: int, at: int, took: int, result: Any = "ok") -> list[Any]:
    begun = ev.CallStarted(at=START + at, client="app", call=number, operation="GetItem", due=START + at)
    return [begun, ev.CallFinished(at=START + at + took, client="app", call=number, result=result, errors=())]


def test_clients_success_latency_and_recovery() -> None:
    events = [
        *call(1, 0, 10 * MILLISECOND),
        *call(2, SECOND, 30 * MILLISECOND, "failed"),
        *call(3, 5 * SECOND, 20 * MILLISECOND),
    ]
    (row,) = board(*events).snapshot(START + 6 * SECOND, spans=[(START, START + 4 * SECOND)])["clients"]
    assert (row["calls"], row["ok"], row["failed"]) == (3, 2, 1)
    assert row["attempts"] is None, "no attempt was reported, which is not zero"
    assert row["share_ok"] == 2 / 3
    assert row["median_s"] == 0.02
    assert row["back"] == {"after_s": 1.02, "waited_s": 2.0}


def test_a_client_that_is_not_back_says_for_how_long() -> None:
    (row,) = board(*call(1, 0, MILLISECOND, "failed")).snapshot(
        START + 9 * SECOND, spans=[(START, START + 4 * SECOND)]
    )["clients"]
    assert row["back"] == {"after_s": None, "waited_s": 5.0}
    assert ClientRow("idle").snapshot(START, None)["back"] is None


def test_connections_are_counted_once_a_proxy_is_seen() -> None:
    opened = ev.ConnectionOpened(at=START, connection="c1", proxy="p", peer="", upstream_peer="")
    closed = ev.ConnectionClosed(at=START + 1, connection="c1", proxy="p", bytes_up=0, bytes_down=0)
    assert board(opened).snapshot(START)["connections"] == {"open": 1, "opened_10_s": 1}
    assert board(opened, closed).snapshot(START + 20 * SECOND)["connections"] == {"open": 0, "opened_10_s": 0}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.sampled_from(["NOERROR", "SERVFAIL", "NXDOMAIN", "BADVERS"]), st.integers(0, 1)
        ),
        max_size=60,
    )
)
@settings(max_examples=examples(50), deadline=None)
def test_any_stream_gives_a_state_and_no_markup(stream: list[tuple[int, str, int]]) -> None:
    events = [query(at * SECOND, rcode=rcode, answers=answers, name="<b>.example") for at, rcode, answers in stream]
    state = board(*events).snapshot(START + 300 * SECOND)
    assert sum(asker["queries"] for asker in state["askers"]) == len(stream)
    assert "<b>" not in state["charts"]["lookups"]


def test_each_fault_has_a_form_with_its_file_s_defaults() -> None:
    forms = {form["kind"]: form for form in fault_forms()}
    assert set(forms) == set(FAULTS.kinds)
    delay = {field["name"]: field for field in forms["delay"]["fields"]}
    assert delay["by"] == {"name": "by", "required": True, "default": None, "type": "duration"}
    assert delay["distribution"]["choices"] == ["fixed", "uniform", "normal", "pareto"]
    assert forms["empty"]["summary"].startswith("empty: the record is there no more")


@pytest.mark.parametrize("form", fault_forms(), ids=lambda form: form["kind"])
def test_each_fault_s_example_can_be_filled_in(form: dict[str, Any]) -> None:
    example = yaml.safe_load(FAULTS.get(form["kind"]).EXAMPLE)
    parameters = example[form["kind"]] if isinstance(example, dict) else {}
    assert set(parameters or {}) <= {field["name"] for field in form["fields"]}
    assert {field["type"] for field in form["fields"]} <= {
        "duration",
        "text",
        "integer",
        "number",
        "flag",
        "list",
        "choice",
    }
    assert read_injection({"fault": {form["kind"]: parameters or {}}, "where": "api.example.com"}).chance == 1
