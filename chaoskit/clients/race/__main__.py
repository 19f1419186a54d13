"""The process of a participant of the race: becomes ``chaoskit.race.live`` of a higher layer, on the same standard input and output."""

from __future__ import annotations

import os
import sys

from chaoskit.clients.race import MODULE


def main() -> None:
    """Replace this process by the participant's program."""
    os.execv(sys.executable, [sys.executable, "-m", MODULE])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
