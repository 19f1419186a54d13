"""``chaoskit exec`` in a terminal: the command has it, keys reach it, and job control works around and inside it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import struct
import termios
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.commands import PATIENCE_S, Place, make_place
from tests.cli.test_whole_run import namespaces_work

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default::UserWarning")]

ROWS, COLUMNS = 33, 77
LOOKS = """\
import os, signal, sys
print([os.isatty(number) for number in range(3)], tuple(os.get_terminal_size()), flush=True)
try:
    print("ready", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(5)
"""
JOB = """\
import signal
signal.signal(signal.SIGCONT, lambda *_: print("onward", flush=True))
print("up", flush=True)
while True:
    signal.pause()
"""
CTRL_C, CTRL_Z = b"\x03", b"\x1a"
PROMPT, BLANKS = b"prompt> ", b" " * 16


@pytest.fixture
def place(tmp_path: Path) -> Place:
    if reason := namespaces_work():
        pytest.skip(reason)
    return make_place(tmp_path)


def converse(place: Place, argv: Sequence[str], talk: Sequence[tuple[bytes, bytes]]) -> tuple[int, str]:
    """Run ``argv`` in a terminal of its own; whenever the next text of ``talk`` has come, type its answer. Exit code and all that came."""
    try:
        return _converse(place, argv, talk)
    except AssertionError as error:
        # What is typed while a shell takes its terminal back may be lost. One such talk is told, not hidden; two are a failure.
        warnings.warn(f"a conversation went astray at first: {error}", stacklevel=1)
        return _converse(place, argv, talk)


def _converse(place: Place, argv: Sequence[str], talk: Sequence[tuple[bytes, bytes]]) -> tuple[int, str]:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests in the background has it ignored
        os.chdir(place.work)
        os.execvpe(argv[0], list(argv), place.environment | {"PS1": PROMPT.decode(), "TERM": "dumb"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen, since, waiting = b"", 0, list(talk)
    deadline = time.monotonic() + PATIENCE_S
    while select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # how Linux tells that the other side is closed
            break
        if not more:
            break
        seen += more
        while waiting and (at := seen.find(waiting[0][0], since)) >= 0:
            since = at + len(waiting[0][0])
            until, answer = waiting.pop(0)
            # A shell that has just taken its terminal back may throw away what is typed first: let that be blanks.
            os.write(terminal, BLANKS + answer if until == PROMPT else answer)
    else:
        os.kill(pid, 9)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    text = seen.decode(errors="replace").replace("\r\n", "\n")
    assert not waiting, f"never seen: {waiting[0][0]!r} in {text}"
    return os.waitstatus_to_exitcode(status), text


def test_the_command_has_the_terminal_and_its_keys(place: Place) -> None:
    argv = place.argv("--no-aws", "--", "python3", "-c", LOOKS)
    code, text = converse(place, argv, [(b"ready", CTRL_C)])
    assert code == 5, text
    assert f"[True, True, True] ({COLUMNS}, {ROWS})" in text
    assert text.count("interrupted") == 1
    assert "the command ended with code 5" in text


def test_it_can_be_stopped_and_continued(place: Place) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    command = shlex.join(place.argv("--quiet", "--no-aws", "--", "sh", "-c", "echo u''p; read x; echo got $x"))
    talk = [
        (PROMPT, command.encode() + b"\n"),
        (b"\r\nup\r\n", CTRL_Z),
        (b"Stopped", b""),
        (PROMPT, b"echo ba''ck; fg\n"),  # a shell throws away what is typed before its prompt
        (b"back\r\n", b"hello\n"),
        (b"got hello\r\n", b"exit $((40 + $?))\n"),
    ]
    code, text = converse(place, ["bash", "--norc", "--noprofile", "--noediting", "-i"], talk)
    assert code == 40, text


def test_a_shell_has_job_control_and_gives_the_terminal_back(place: Place) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    (place.work / "job.py").write_text(JOB)
    inner = place.argv("--quiet", "--no-aws", "--", "bash", "--norc", "--noprofile", "--noediting", "-i")
    talk = [
        (PROMPT, b"python3 job.py\n"),
        (b"up\r\n", CTRL_Z),
        (b"Stopped", b""),
        (PROMPT, b"fg\n"),
        (b"onward\r\n", CTRL_C),
        (b"KeyboardInterrupt", b"exit 9\n"),
        (b"outer 9", b"typed\n"),
    ]
    outer = f"{shlex.join(inner)}; echo out''er $?; read x; echo got $x"
    code, text = converse(place, ["sh", "-c", outer], talk)
    assert code == 0
    assert "got typed" in text, "whoever comes after can read from the terminal"
