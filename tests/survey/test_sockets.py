"""The kernel's table of sockets: how it is read, and how looks become spans."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.survey.sockets import SHORTEST_NS, Socket, SocketLog, sockets_in
from chaoskit.units import MILLISECOND

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:C5D2 010200C0:1538 02 00000001:00000000 01:00000064 00000000     0        0 2 2 0 100 0 0 10 0
   2: 0100007F:C5D3 0101007F:01BB 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
"""

ONE: Socket = ("C5D2", "192.0.2.1:5432", "SYN_SENT")


@pytest.mark.skipif(sys.byteorder != "little", reason="the table is in the machine's byte order")
def test_dialled_and_open_sockets_are_read() -> None:
    assert sockets_in(TABLE) == {ONE, ("C5D3", "127.0.1.1:443", "ESTABLISHED")}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_the_kernel_s_own_table_is_read(host: str, family: socket.AddressFamily) -> None:
    with socket.socket(family) as server, socket.socket(family) as client:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip(f"there is no {host}")
        server.listen()
        port = server.getsockname()[1]
        client.connect((host, port))
        table = Path("/proc/self/net/tcp6" if ":" in host else "/proc/self/net/tcp").read_text()
        peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        assert (f"{client.getsockname()[1]:04X}", peer, "ESTABLISHED") in sockets_in(table)


@given(st.text(max_size=200))
def test_any_text_is_read_without_complaint(text: str) -> None:
    sockets_in(text)


@given(looks=st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_socket_is_told_if_it_lived_long_enough(looks: list[bool]) -> None:
    log, events, step = SocketLog("app"), [], 100 * MILLISECOND
    for number, present in enumerate(looks):
        events += log.look([ONE] if present else [], number * step)
    events += log.close()
    lives = "".join("x" if present else " " for present in looks).split()
    long_lives = [len(life) - 1 for life in lives if (len(life) - 1) * step >= SHORTEST_NS]
    assert [(event.at - event.since) // step for event in events] == long_lives
    assert all(event.peer == "192.0.2.1:5432" and event.state == "SYN_SENT" for event in events)
