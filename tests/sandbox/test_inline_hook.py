"""The inline sandbox's hook, in a process of its own: where its sockets may send to."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

HOOKED = """
import socket, sys
from chaoskit.sandbox.inline_hook import refuse_to_leave
refuse_to_leave()
kind, family = {kind}, socket.AF_INET6 if ":" in "{address}" else socket.AF_INET
with socket.socket(family, kind) as ours:
    try:
        print({call})
    except OSError as error:
        print("errno", error.errno)
"""
WAYS = {
    "connect": "ours.connect(('{address}', 9))",
    "connect_ex": "ours.connect_ex(('{address}', 9))",
    "sendto": "ours.sendto(b'x', ('{address}', 9))",
    "sendto with flags": "ours.sendto(b'x', 0, ('{address}', 9))",
    "sendmsg": "ours.sendmsg([b'x'], [], 0, ('{address}', 9))",
}


def said(way: str, address: str) -> str:
    kind = "socket.SOCK_DGRAM"
    code = HOOKED.format(kind=kind, address=address, call=WAYS[way].format(address=address))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "name.invalid"])
def test_nothing_is_sent_past_loopback(way: str, address: str) -> None:
    """The addresses are such that an unguarded socket would send nothing that leaves this machine."""
    assert said(way, address) == f"errno {errno.ENETUNREACH}"


@pytest.mark.parametrize("way", WAYS)
def test_loopback_is_reached(way: str) -> None:
    assert said(way, "127.0.0.1") in ("None", "0", "1")


def test_what_is_connected_sends_without_an_address() -> None:
    code = HOOKED.format(
        kind="socket.SOCK_DGRAM", address="127.0.0.1", call="(ours.connect(('127.0.0.1', 9)), ours.sendmsg([b'x']))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "(None, 1)"
