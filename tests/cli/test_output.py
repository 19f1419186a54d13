"""Commands whose output nobody takes, or cannot be written: no finding about clients, no bug of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHAOSKIT = [sys.executable, "-m", "chaoskit"]


def unread(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Run with standard output on a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run([*CHAOSKIT, *words], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writer)


@pytest.mark.parametrize("words", [("experiments",), ("schema",), ("--help",)])
def test_a_reader_that_has_gone_ends_it_as_any_program(words: tuple[str, ...]) -> None:
    done = unread(*words)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_an_output_that_is_full_is_told() -> None:
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("there is no /dev/full here")
    with device.open("wb") as full:
        done = subprocess.run([*CHAOSKIT, "experiments"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 4
    assert done.stderr == b"chaoskit: cannot write to standard output: No space left on device\n"


def test_an_output_that_was_closed_before_is_none() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *CHAOSKIT, "experiments"], stderr=subprocess.PIPE, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
