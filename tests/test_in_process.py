"""Faults for this process's own lookups."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chaoskit
from chaoskit.errors import InputError

HOST = "dynamodb.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("fault", "code"), [("empty", -5), ("nxdomain", -2), ("servfail", -3), ("refused", -3), ("drop", -3)]
)
@pytest.mark.parametrize("lookup", [lambda: socket.getaddrinfo(HOST, 443), lambda: socket.gethostbyname(HOST)])
def test_lookups_raise_the_measured_errors(fault: Any, code: int, lookup: Callable[[], object]) -> None:
    with chaoskit.inject(fault, "dynamodb.*", time_scale=0) as block, pytest.raises(socket.gaierror) as caught:
        lookup()
    assert (caught.value.errno, block.met) == (code, 1)
    assert block.describe().splitlines()[1] == f"  {HOST}: {fault}"


def test_other_names_and_addresses_pass() -> None:
    with chaoskit.inject("empty", HOST) as block:
        assert socket.getaddrinfo("localhost", 80)
        assert socket.getaddrinfo("127.0.0.1", 80)
        assert socket.getaddrinfo(None, 80)
    assert (block.met, [lookup.name for lookup in block.lookups]) == (0, ["localhost"])


def test_what_was_replaced_is_restored_by_identity() -> None:
    before = socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex
    with chaoskit.inject("empty", HOST), chaoskit.inject("nxdomain", HOST) as inner:
        with pytest.raises(socket.gaierror, match="-2"):
            socket.getaddrinfo(HOST, 443)
        assert inner.met == 1
    assert (socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex) == before


def test_a_tool_that_comes_after_us_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    original = socket.getaddrinfo

    def blocked(*arguments: object) -> object:
        raise RuntimeError("blocked")

    with chaoskit.inject("empty", HOST):
        ours = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", blocked)
    assert socket.getaddrinfo is blocked
    monkeypatch.setattr(socket, "getaddrinfo", ours)  # as a tool that restores what it saw
    assert socket.getaddrinfo("localhost", 80)
    with chaoskit.inject("empty", HOST), pytest.raises(socket.gaierror):
        socket.getaddrinfo(HOST, 443)
    assert socket.getaddrinfo is original


def test_a_tool_that_came_before_us_still_blocks_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(*arguments: object) -> object:
        raise RuntimeError("blocked")

    monkeypatch.setattr(socket, "getaddrinfo", blocked)
    with chaoskit.inject("empty", HOST):
        with pytest.raises(socket.gaierror, match="-5"):
            socket.getaddrinfo(HOST, 443)
        with pytest.raises(RuntimeError, match="blocked"):
            socket.getaddrinfo("example.org", 443)
    assert socket.getaddrinfo is blocked


def test_event_loops_and_threads_meet_it() -> None:
    errors: list[int | None] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(HOST, 443)
        except socket.gaierror as error:
            errors.append(error.errno)

    async def ask() -> None:
        await asyncio.get_running_loop().getaddrinfo(HOST, 443)

    with chaoskit.inject("empty", HOST) as block:
        threads = [threading.Thread(target=look_up) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(socket.gaierror, match="-5"):
            asyncio.run(ask())
    assert (errors, block.met) == ([-5] * 8, 9)


class SeenWait(threading.Event):
    """An event that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.awaited.set()
        return super().wait(timeout)


def test_the_end_of_the_block_ends_a_silence() -> None:
    over = SeenWait()

    def look_up() -> None:
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo(HOST, 443)

    with chaoskit.inject("drop", HOST, time_scale=100) as block:
        block.over = over
        thread = threading.Thread(target=look_up)
        thread.start()
        assert over.awaited.wait(30)
    thread.join(30)
    assert not thread.is_alive()


def test_botocore_under_moto_meets_it() -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import EndpointConnectionError
    from moto import mock_aws

    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", config=Config(retries={"mode": "standard", "total_max_attempts": 2})
        )
        with chaoskit.inject("empty", HOST) as block, pytest.raises(EndpointConnectionError):
            client.list_tables()
        assert block.met == 2  # both attempts
        assert client.list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("words", "text"),
    [(("emtpy", HOST), "'emtpy' is no fault"), (("empty",), "name at least one host"), (("empty", ""), "at least one")],
)
def test_bad_input_is_refused(words: Any, text: str) -> None:
    with pytest.raises(InputError, match=text), chaoskit.inject(*words):
        pass


@given(
    st.lists(st.sampled_from(["a.example", "B.example", "c.example."]), min_size=1),
    st.sampled_from(["empty", "nxdomain"]),
)
def test_exactly_the_names_that_are_meant_fail(names: list[str], fault: Any) -> None:
    meant = {name.lower().rstrip(".") for name in names}
    from chaoskit.in_process import meet

    with chaoskit.inject(fault, *names):
        failing = {name for name in ("a.example", "b.example", "c.example", "d.example") if meet(name) is not None}
    assert failing == meant
    assert meet(names[0]) is None
