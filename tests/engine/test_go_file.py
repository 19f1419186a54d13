"""``chaoskit go`` and the run that it reaches, by the files between them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaoskit.engine.go_file import HELD, say_go, watch_for_go
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.errors import InputError
from chaoskit.journal.events import HoldBegun, HoldReleased
from chaoskit.journal.store import Journal


def test_a_go_from_elsewhere_releases_the_run(tmp_path: Path) -> None:
    folder, journal, gate = tmp_path / ".a-run", Journal(), HoldGate()
    folder.mkdir()
    stage: Any = SimpleNamespace(journal=journal)

    async def run() -> str:
        async with watch_for_go(folder, gate, stage):
            waiting = asyncio.ensure_future(gate.wait())
            journal.append(HoldBegun(at=1, number=1, before="blank"))
            elsewhere = asyncio.ensure_future(asyncio.to_thread(say_go, tmp_path, "Ada"))
            by = await asyncio.wait_for(waiting, 30)
            journal.append(HoldReleased(at=2, number=1, by=by, resumes=2, ends=9))
            assert await elsewhere == "blank"
            return by

    assert asyncio.run(run()) == "Ada"
    assert not list(folder.iterdir()), "nothing of it is left among the results"


def test_a_run_that_is_aborted_while_held_leaves_no_file(tmp_path: Path) -> None:
    stage: Any = SimpleNamespace(journal=Journal())

    async def run() -> None:
        async with watch_for_go(tmp_path, HoldGate(), stage):
            stage.journal.append(HoldBegun(at=1, number=1, before="blank"))
            assert (tmp_path / HELD).exists()

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_no_run_is_held_or_several_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run in .* is held now"):
        say_go(tmp_path, "Ada")
    with pytest.raises(InputError, match="there is no folder"):
        say_go(tmp_path / "missing", "Ada")
    for name in (".one", ".two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / HELD).write_text("{}")
    with pytest.raises(InputError, match=r"2 runs in .* are held"):
        say_go(tmp_path, "Ada")
