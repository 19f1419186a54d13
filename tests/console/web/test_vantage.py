"""Outside vantage points: what the two probes say together, and how they are named."""

from __future__ import annotations

import asyncio
import socket

import pytest

from chaoskit.console.web.vantage import Reach, Seen, by_address, conclusion, read_reach
from chaoskit.errors import InputError

OK, BAD, UNKNOWN = Seen("ok", ""), Seen("bad", ""), Seen("unknown", "")


def test_a_blank_phone_book_is_told_from_a_dead_endpoint() -> None:
    assert conclusion(BAD, OK) == "The folks are there; the phone book went blank."
    assert conclusion(OK, BAD).startswith("The phone book is right")
    assert conclusion(OK, OK) == "Both ways lead there."
    assert conclusion(BAD, BAD) == "Neither way leads there."
    assert conclusion(UNKNOWN, OK) == conclusion(BAD, UNKNOWN) == "Not known yet."


def test_an_address_that_listens_and_one_that_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert asyncio.run(by_address(Reach("a", "127.0.0.1", port))).tone == "ok"
    assert asyncio.run(by_address(Reach("a", "127.0.0.1", port))).tone == "bad"


def test_a_reach_is_a_name_and_a_place() -> None:
    assert read_reach("API.example.com=127.0.0.1:8443") == Reach("api.example.com", "127.0.0.1", 8443)
    for wrong in ("api.example.com", "=127.0.0.1:1", "a=b", "a=127.0.0.1:99999", "a..b=127.0.0.1:1"):
        with pytest.raises(InputError, match="--reach"):
            read_reach(wrong)
