"""Which sandbox a run gets, and that a change of it is said."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from chaoskit.errors import SandboxError
from chaoskit.sandbox.choose import open_sandbox

TOO_MANY = [f"client-{number}" for number in range(251)]


def opened(choice: str, work: Path) -> tuple[str, str]:
    async def hold() -> tuple[str, str]:
        sandbox = await open_sandbox(choice, work, TOO_MANY, [work], [])
        try:
            return sandbox.name, sandbox.because
        finally:
            await sandbox.close()

    return asyncio.run(hold())


def test_251_clients_are_told_why_they_get_another_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = tmp_path / "work"
    work.mkdir()
    name, because = opened("auto", work)
    assert name == "inline"
    assert because == "no namespace sandbox: at most 250 clients fit the sandbox's resolver addresses; use fewer"
    assert capsys.readouterr().err == f"chaoskit: {because}; using the inline sandbox, which runs Python clients only\n"
    assert not work.exists()


def test_251_clients_that_want_namespaces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="at most 250 clients"):
        opened("namespace", tmp_path)


def test_folders_stay_for_inline_where_namespaces_are_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forbidding = tmp_path / "bin" / "unshare"
    forbidding.parent.mkdir()
    forbidding.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2; exit 1\n")
    forbidding.chmod(0o755)
    monkeypatch.setenv("PATH", f"{forbidding.parent}:{os.environ['PATH']}")
    work = tmp_path / "work"
    work.mkdir()

    async def hold() -> None:
        sandbox = await open_sandbox("auto", work, ["one"], [work], [])
        assert sandbox.name == "inline"
        assert work.is_dir()
        await sandbox.close()

    asyncio.run(hold())
    assert not work.exists()
    assert "Operation not permitted" in capsys.readouterr().err
