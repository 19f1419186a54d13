"""How ``chaoskit go`` reaches a run that is held: two small files in the run's own hidden folder, which only its owner can enter.

The run writes ``held.json`` when it is held and removes it when it goes on; ``chaoskit go`` puts ``go.json`` beside it. So a go works
from another terminal, and from the host where the run is in a container whose results lie on the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from chaoskit.engine.hold_gate import HoldGate
from chaoskit.engine.session import Stage
from chaoskit.errors import HarnessError, InputError
from chaoskit.journal.events import Entry, HoldBegun, HoldReleased

HELD, GO = "held.json", "go.json"
LOOK_EVERY_S = 0.25
WITHIN_S = 10.0


@contextlib.asynccontextmanager
async def watch_for_go(folder: Path, gate: HoldGate, stage: Stage) -> AsyncIterator[None]:
    """While the context lasts, let a ``go.json`` in ``folder`` release the run."""
    go = folder / GO
    looking: list[asyncio.Task[None]] = []

    async def look() -> None:
        while True:
            if go.exists():
                gate.release(str(json.loads(go.read_text(encoding="utf-8"))["by"]))
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def hear(entry: Entry) -> None:
        event = entry.event
        if isinstance(event, HoldBegun):
            mark_held(folder, event)
            looking.append(asyncio.ensure_future(look()))
        elif isinstance(event, HoldReleased):
            stop()

    def stop() -> None:
        for task in looking:
            task.cancel()
        looking.clear()
        clear(folder)

    stage.journal.listen(hear)
    try:
        yield
    finally:
        stop()


def mark_held(folder: Path, hold: HoldBegun) -> None:
    """Let ``chaoskit go`` find the run whose folder this is. A full disk ends no run here: a go by the page still works."""
    with contextlib.suppress(OSError):
        (folder / HELD).write_text(json.dumps({"number": hold.number, "before": hold.before}), encoding="utf-8")


def clear(folder: Path) -> None:
    """The run is not held, and any go has been heard."""
    for name in (GO, HELD):
        (folder / name).unlink(missing_ok=True)


def say_go(runs: Path, by: str) -> str:
    """Release the one run below ``runs`` that is held, as ``by``, and wait until it goes on. Returns what it was held before.

    Raises ``InputError`` where none is held, or several are, and ``HarnessError`` where it does not go on.
    """
    if not runs.is_dir():
        raise InputError(f"there is no folder {runs}; name the one that the run writes to, its --out, with --runs")
    held = sorted(runs.glob(f".*/{HELD}"))
    if len(held) != 1:
        several = f"{len(held)} runs in {runs} are held; end one of them, or say go on their pages"
        raise InputError(
            several if held else f"no run in {runs} is held now; name the folder that it writes to with --runs"
        )
    (path,) = held
    try:
        before = str(json.loads(path.read_text(encoding="utf-8"))["before"])
        new = path.with_name(f"{GO}.new")
        new.write_text(json.dumps({"by": by}), encoding="utf-8")
        new.rename(path.with_name(GO))
    except OSError as error:
        raise HarnessError(f"cannot say go to the run in {path.parent}: {error.strerror}") from error
    pause = threading.Event()
    for _ in range(round(WITHIN_S / LOOK_EVERY_S)):
        if not path.exists():
            return before
        pause.wait(LOOK_EVERY_S)
    raise HarnessError(f"the run in {path.parent} did not go on within {WITHIN_S:g} s; is its process alive?")
