"""``chaoskit.run``: a run as one call, for programs that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from chaoskit.engine import preflight, session
from chaoskit.engine.folders import make_folders
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.interruption import until_signalled
from chaoskit.journal.store import Listener


def run(
    experiment: Experiment | Path | str,
    *,
    out: Path = Path("runs"),
    sandbox: str = "auto",
    listener: Listener | None = None,
) -> session.RunResult:
    """Play ``experiment`` and judge it; returns when its results are complete in a new folder under ``out``.

    ``experiment`` is a loaded experiment, the path of a file, or the name of a shipped one. ``sandbox`` is auto, namespace, docker or
    inline; ``listener`` hears of every event as it happens. Nothing is printed. A run that failed, met nothing or is invalid returns
    like any other: its ``outcome`` and ``verdicts`` say so.

    In the main thread Ctrl-C and SIGTERM clean up and raise ``Interrupted``; in another thread signals are not ours to take. Raises
    ``InputError`` before anything runs, and inside a running event loop (await ``chaoskit.engine.session.run`` there); ``SandboxError``
    and ``HarnessError`` as that does.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise InputError("chaoskit.run blocks, and an event loop runs here; await chaoskit.engine.session.run instead")
    loaded = experiment if isinstance(experiment, Experiment) else load(find_experiment(str(experiment)))
    preflight.check(loaded, sandbox, None)
    playing = session.run(
        loaded, folders=make_folders(Path(out), Path(loaded.source).stem), sandbox=sandbox, listener=listener
    )
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(playing)
    return asyncio.run(until_signalled(playing))
