from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chaoskit.hunt.procfs import HeldNamespace, processes_in, user_namespace

MAKES_ONE = "import ctypes, sys; print(ctypes.CDLL(None).unshare(0x10000000), flush=True); sys.stdin.read()"
"""CLONE_NEWUSER, and wait."""


@contextmanager
def process_in_a_namespace() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", MAKES_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"0\n":
            process.kill()
            pytest.skip("user namespaces are forbidden here")
        yield process.pid
        process.kill()


def test_the_number_of_a_held_namespace_is_given_to_no_other() -> None:
    with process_in_a_namespace() as pid:
        held = HeldNamespace(pid)
        assert held.name == user_namespace(pid)
        assert [number for number, _ in processes_in(frozenset({held.name}))] == [pid]
    try:
        for _ in range(5):
            with process_in_a_namespace() as other:
                assert user_namespace(other) != held.name
                assert not list(processes_in(frozenset({held.name})))
    finally:
        held.close()
    assert held.name == ""
    assert not list(processes_in(frozenset({held.name})))
    held.close()


def test_a_process_that_has_gone_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    held = HeldNamespace(process.pid)
    assert held.name == ""
    assert os.getpid() not in [number for number, _ in processes_in(frozenset({held.name}))]
