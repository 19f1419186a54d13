"""With a console, our own page may ask, and change things if it shows its secret; no page of another origin can."""

from typing import Any

import pytest

from chaoskit.dns.control.gate import Gate, PageAccess

HOST = "127.0.0.1:8530"
ORIGIN = f"http://{HOST}"
PAGE = PageAccess("the-page's-secret", frozenset({"/"}))
JSON = {"host": HOST, "content-type": "application/json"}
OURS = {**JSON, "origin": ORIGIN, "sec-fetch-site": "same-origin", "x-chaoskit-console": PAGE.secret}


def status(gate: Gate, *, method: str = "POST", path: str = "/halt", **headers: Any) -> int | None:
    shown: dict[str, str | None] = {**OURS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    denial = gate.check(method, {name: value for name, value in shown.items() if value is not None}, "127.0.0.1", path)
    return denial.status if denial else None


def test_our_page_may_act() -> None:
    assert status(Gate(None, local=True, page=PAGE)) is None
    assert status(Gate(None, local=True, page=PAGE), method="DELETE", path="/injections/i1") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": f"https://{HOST}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"x_chaoskit_console": None},
        {"x_chaoskit_console": "another"},
        {"origin": None, "x_chaoskit_console": None},
        {"host": "evil.example:8530", "origin": "http://evil.example:8530"},
    ],
)
def test_no_other_page_can_steer(headers: dict[str, Any]) -> None:
    assert status(Gate(None, local=True, page=PAGE), **headers) == 403
    assert status(Gate(None, local=True, page=PAGE), method="DELETE", **headers) == 403


def test_other_origins_cannot_even_read() -> None:
    gate = Gate(None, local=True, page=PAGE)
    assert status(gate, method="GET", path="/", sec_fetch_site="cross-site") == 403
    assert status(gate, method="GET", path="/", origin="http://evil.example") == 403


def test_without_a_console_no_page_may_ask_at_all() -> None:
    assert status(Gate(None, local=True)) == 403


def test_programs_need_no_secret_of_a_page() -> None:
    gate = Gate(None, local=True, page=PAGE)
    assert status(gate, origin=None, sec_fetch_site=None, x_chaoskit_console=None) is None


def test_a_token_is_asked_of_all_but_the_page_itself() -> None:
    gate = Gate("a-token-of-16-letters", local=False, page=PAGE)
    assert status(gate, method="GET", path="/") is None
    assert status(gate, method="GET", path="/console/stream") == 401
    assert status(gate) == 401
    assert status(gate, authorization="Bearer a-token-of-16-letters") is None
