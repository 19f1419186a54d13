"""How a go on this machine reaches a run in chaoskit's container of somebody's project, where an experiment has ``hold: true``."""

from __future__ import annotations

import threading
from pathlib import Path

from chaoskit.compose.engine import Docker
from chaoskit.engine.go_file import GO, LOOK_EVERY_S, clear, mark_held
from chaoskit.errors import HarnessError
from chaoskit.journal.events import Entry, HoldBegun, HoldReleased

GO_FOLDER = Path("/tmp")  # noqa: S108 - inside our container
"""Where our container looks for a go."""

_TAKE = f"cat > {GO_FOLDER}/{GO}.new && mv {GO_FOLDER}/{GO}.new {GO_FOLDER}/{GO}"


class HoldBridge:
    """A listener of the journal: while the run is held, ``chaoskit go`` finds it in ``folder``, and its go is handed to ``container``."""

    def __init__(self, docker: Docker, container: str, folder: Path) -> None:
        self._docker, self._container, self._folder = docker, container, folder
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, HoldBegun):
            mark_held(self._folder, event)
            self._over.clear()
            self._thread = threading.Thread(target=self._look, name="go", daemon=True)
            self._thread.start()
        elif isinstance(event, HoldReleased):
            self.end()

    def end(self) -> None:
        """The run is held no more. Safe to call again."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        clear(self._folder)

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            if (self._folder / GO).exists():
                text = (self._folder / GO).read_text(encoding="utf-8")
                try:
                    self._docker.run("exec", "--interactive", self._container, "sh", "-c", _TAKE, stdin=text)
                except HarnessError:  # our container has ended, which its log tells
                    return
                self._over.wait()
