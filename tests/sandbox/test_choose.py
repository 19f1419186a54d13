"""Which sandbox a run gets, and that a change of it is said."""

from __future__ import annotations

import asyncio
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
