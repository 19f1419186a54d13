"""The keeper as a process, without namespaces: it must clean up however its parent ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.errors import SandboxError
from chaoskit.sandbox.base import REAPER, Reaper, removed_at_end
from tests.processes import all_ended


def full_folder(path: Path) -> Path:
    path.mkdir()
    (path / "file").write_text("x")
    return path


def test_it_removes_its_folders_when_we_end_in_order(tmp_path: Path) -> None:
    gone, empty, full = full_folder(tmp_path / "gone"), tmp_path / "empty", full_folder(tmp_path / "full")
    empty.mkdir()

    async def hold() -> None:
        keeper = Reaper([gone], [empty, full])
        answer = await keeper.start([], namespace=False, binds=[])
        assert answer.pid != os.getpid()
        assert gone.exists()
        await keeper.stop()
        await keeper.stop()  # a second time is nothing

    asyncio.run(hold())
    assert not gone.exists()
    assert not empty.exists(), "an empty folder of ours goes"
    assert full.exists(), "one with something in it stays"


def test_it_removes_its_folders_when_the_parent_is_killed(tmp_path: Path) -> None:
    gone = full_folder(tmp_path / "gone")
    # The parent starts a keeper, says so, and waits; then it is killed in a way it cannot notice.
    parent = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom chaoskit.sandbox.base import Reaper\n"
        "async def hold():\n"
        "    keeper = Reaper([Path(sys.argv[1])], [])\n"
        "    print((await keeper.start([], namespace=False, binds=[])).pid, flush=True)\n"
        "    await asyncio.get_running_loop().create_future()\n"
        "asyncio.run(hold())\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent, str(gone)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        keeper_pid = int(process.stdout.readline())
        watch = os.pidfd_open(keeper_pid) if hasattr(os, "pidfd_open") else None
        process.send_signal(signal.SIGKILL)
    if watch is None:
        pytest.skip("no pidfd on this platform to wait for the keeper with")
    try:
        assert all_ended([watch]), "the keeper outlived its parent by 10 s"
    finally:
        os.close(watch)
    assert not gone.exists()


def test_it_ignores_signals(tmp_path: Path) -> None:
    gone = full_folder(tmp_path / "gone")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(REAPER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"remove": ["%s"], "empty": [], "namespace": false}\n' % str(gone).encode())
        process.stdin.flush()
        process.stdout.readline()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        assert gone.exists()
        process.stdin.close()
        assert process.wait(10) == 0, "it ended by the end of its input, not by a signal"
    assert not gone.exists()


def test_what_it_cannot_make_is_an_error_with_a_reason() -> None:
    async def fail() -> None:
        await Reaper([], []).start(["sh", "-c", "echo unshare: not allowed >&2; exit 1"], namespace=True, binds=[])

    with pytest.raises(SandboxError, match="unshare: not allowed"):
        asyncio.run(fail())


def test_a_failed_try_leaves_the_folders_for_the_next(tmp_path: Path) -> None:
    remaining = full_folder(tmp_path / "kept")

    async def fail() -> None:
        # No privilege to mount: what a namespace sandbox meets where only part of it is allowed.
        await Reaper([remaining], []).start(
            ["setpriv", "--reuid=65534"] if os.geteuid() == 0 else [], namespace=True, binds=[]
        )

    with pytest.raises(SandboxError):
        asyncio.run(fail())
    assert remaining.exists()


def test_a_program_that_is_not_there_is_an_error_with_a_reason() -> None:
    with pytest.raises(SandboxError, match="cannot start /nowhere/unshare: No such file"):
        asyncio.run(Reaper([], []).start(["/nowhere/unshare"], namespace=True, binds=[]))


def test_folders_are_kept_as_long_as_the_block_lasts(tmp_path: Path) -> None:
    work, empty, results = (tmp_path / name for name in ("work", "empty", "results"))
    for folder in (work, empty, results):
        folder.mkdir()
    (work / "half.yaml").touch()
    (results / "journal.jsonl").touch()
    with removed_at_end([work], [empty, results]):
        assert work.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


def test_folders_go_with_whoever_kept_them(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    code = f"""
import os, pathlib
from chaoskit.sandbox.base import removed_at_end
with removed_at_end([pathlib.Path({str(work)!r})], []):
    os.kill(os.getpid(), 9)
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stderr=pipe) as process:
        assert process.stderr is not None
        assert process.stderr.read() == b"", "it is open until the keeper has ended too"
    assert process.returncode == -9
    assert not work.exists()
