"""A run that is played in sight of the terminal, for each command that plays one experiment."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from chaoskit.cli.exec_run import tell_what_is_kept
from chaoskit.cli.facilitator import doors
from chaoskit.clock import WallClock
from chaoskit.engine import session
from chaoskit.engine.abort import Abort
from chaoskit.engine.folders import make_folders
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.experiment.loader import Experiment
from chaoskit.interruption import ABORT
from chaoskit.journal.events import Entry
from chaoskit.journal.store import Listener

OpenListener: TypeAlias = Callable[[Abort], AbstractContextManager[Listener]]
"""Opens a listener beside the terminal's; it may ask for an abort, which ends the run before its time."""


async def play_watched(
    experiment: Experiment,
    source: str,
    out: Path,
    sandbox: str,
    replay: Callable[[str], str],
    *,
    toxiproxy: str | None = None,
    plain: bool = False,
    beside: Sequence[OpenListener] = (),
    gate: HoldGate | None = None,
) -> session.RunResult:
    """Play ``experiment`` in a new folder below ``out``, with the live view in the terminal, or in plain lines.

    ``source``, ``replay``, ``toxiproxy`` and ``gate`` are those of ``session.run``; at the gate a go is listened for. SIGUSR1 ends the
    run before its time, as *invalid*. Raises ``Interrupted`` after a clean-up.
    """
    from chaoskit.cli.output import make_console
    from chaoskit.console.live import make_view

    console = make_console(force_terminal=False) if plain else make_console()
    aborted = Abort()
    asyncio.get_running_loop().add_signal_handler(ABORT, aborted.ask, f"{ABORT.name} asked for it")
    with contextlib.ExitStack() as stack:
        listeners: list[Listener] = [stack.enter_context(opened(aborted)) for opened in beside]
        view = make_view(console, WallClock())
        stack.enter_context(view)
        listeners.append(view)

        def tell(entry: Entry) -> None:
            for listen in listeners:
                listen(entry)

        folders = make_folders(out, Path(experiment.source).stem)
        return await session.run(
            experiment,
            folders=folders,
            sandbox=sandbox,
            listener=tell,
            source=source,
            replay=replay,
            toxiproxy=toxiproxy,
            aborted=aborted,
            on_interrupted=tell_what_is_kept,
            beside=functools.partial(doors, folders.partial, gate) if gate else None,
            gate=gate,
        )
