"""``python -m chaoskit.cli.exit_with_parent run …``: a chaoskit command that ends when its standard input does.

Searches make many runs, each as a process. Whatever kills the one that wants them, the pipe to this process closes, and it ends
the command as SIGTERM does: in order, with everything cleaned up.
"""

from __future__ import annotations

import os
import signal
import threading

from chaoskit.cli import main


def _watch() -> None:
    while os.read(0, 1 << 12):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    main()
