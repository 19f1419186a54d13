"""``python -m chaoskit.engine EXPERIMENT --results FOLDER …``: one run as a process of its own, which ends when its standard input does.

Searches make many runs, each as a process with a sandbox, ports and signals of its own. Whatever kills the one that wants them, the
pipe to this process closes, and the run ends as by SIGTERM: in order, with everything cleaned up. FOLDER appears when the run is
complete: it needs nobody to put it in its place, so it is there even if whoever wanted it is gone by then. Ends with the outcome's exit
code; an error's message is on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders
from chaoskit.errors import ChaoskitError
from chaoskit.experiment.loader import load
from chaoskit.interruption import until_signalled


def main() -> int:
    """Make the run that the arguments describe."""
    parser = argparse.ArgumentParser(prog="python -m chaoskit.engine")
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    try:
        return asyncio.run(until_signalled(_run(arguments)))
    except ChaoskitError as error:
        sys.stderr.write(f"chaoskit: {error}\n")
        return error.exit_code


async def _run(arguments: argparse.Namespace) -> int:
    experiment = load(arguments.experiment, seed=arguments.seed)

    def replay(sandbox: str) -> str:
        words = ["chaoskit", "run", str(arguments.experiment), "--sandbox", sandbox]
        return shlex.join([*words, "--seed", str(experiment.spec.seed)])

    result = await session.run(
        experiment,
        folders=exact_folders(arguments.results),
        sandbox=arguments.sandbox,
        source=str(arguments.experiment),
        replay=replay,
    )
    return result.outcome.exit_code


def _end_with_parent() -> None:
    while os.read(0, 1 << 12):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
