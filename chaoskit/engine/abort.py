"""An abort: a run's end before its time that somebody, or a condition of its file, asked for."""

from __future__ import annotations

import asyncio


class Abort(asyncio.Event):
    """Set when the run is to end now. ``because`` says, for people, who or what asked; who asked first counts."""

    because = ""

    def ask(self, because: str) -> None:
        """End the run; call it in the thread of the event loop."""
        self.because = self.because or because
        self.set()
