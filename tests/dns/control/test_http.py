"""The control API's sockets and its thread."""

from __future__ import annotations

import asyncio
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from chaoskit.clock import WallClock
from chaoskit.dns.control import standalone
from chaoskit.dns.control.address import Tcp, Unix, parse_control, parse_host_port
from chaoskit.dns.control.controller import InjectionController
from chaoskit.dns.control.http import ControlThread, bind
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.requests import read_injection
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.zone import Zones
from chaoskit.errors import HarnessError, InputError, PlaneError
from chaoskit.timeline.injection import Timeline


def test_a_unix_socket_is_its_owner_s_alone(tmp_path: Path) -> None:
    bound, _ = bind(Unix(tmp_path / "control"))
    with bound:
        assert stat.S_IMODE((tmp_path / "control").stat().st_mode) == 0o600


def test_a_dead_socket_is_replaced_a_live_one_and_a_file_are_not(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    bound, _ = bind(Unix(path))
    with bound, pytest.raises(PlaneError, match="cannot listen for control on unix:"):
        bind(Unix(path))
    (tmp_path / "file").write_text("precious")
    with pytest.raises(PlaneError, match="exists and is no socket"):
        bind(Unix(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "precious"


def test_a_taken_port_is_said() -> None:
    bound, address = bind(Tcp("127.0.0.1", 0))
    with bound, pytest.raises(PlaneError, match="Address already in use; choose another --control"):
        bind(address)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:8530", "http://127.0.0.1:8530"),
        ("http://localhost:8530/", "http://127.0.0.1:8530"),
        ("[::1]:80", "http://[::1]:80"),
        ("unix:/run/x", "unix:/run/x"),
    ],
)
def test_addresses(text: str, shown: str) -> None:
    assert str(parse_control(text)) == shown
    assert parse_control(text).is_loopback


@pytest.mark.parametrize(
    "text", ["", "unix:", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "example.com:80", "::1", "1:2:3"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError):
        parse_control(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("192.0.2.1", ("192.0.2.1", 53)), ("192.0.2.1:5", ("192.0.2.1", 5)), ("::1", ("::1", 53)), ("[::1]:5", ("::1", 5))],
)  # fmt: skip
def test_an_address_with_or_without_its_port(text: str, found: tuple[str, int]) -> None:
    assert parse_host_port(text, "--upstream", 53) == found


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that is never asked."""


def test_only_a_thread_that_ends_unasked_is_reported() -> None:
    died = threading.Event()
    asked, _ = bind(Tcp("127.0.0.1", 0))
    thread = ControlThread(nothing, asked, died.set)
    thread.start()
    thread.stop(lambda: None)
    assert not died.is_set()
    unasked, _ = bind(Tcp("127.0.0.1", 0))
    thread = ControlThread(nothing, unasked, died.set)
    thread.server.should_exit = True
    thread.start()
    assert died.wait(60)
    thread.stop(lambda: None)


def test_without_control_nothing_stays_injected() -> None:
    async def main() -> None:
        server = Server(Responder(Zones.from_plan([]), Timeline(), 1), WallClock(), lambda _: None)
        desk = InjectionController(server, WallClock(), LeaseRules(), DEFAULT_CANARY)
        desk.swap_zones(Zones({}))
        desk.begin(read_injection({"fault": "empty", "where": "a.test"}))
        standalone.end_without_control(desk, server)
        assert desk.overview().held == ()
        with pytest.raises(HarnessError, match="control API ended unasked"):
            server.failed.result()
        await server.close()

    asyncio.run(main())
