"""The participant's process: becomes ``chaoskit.cascade.live``, which lies in a higher layer, with the same standard input and output."""

from __future__ import annotations

import os
import sys

from chaoskit.clients.participant import MODULE


def main() -> None:
    """Replace this process by the part's program."""
    os.execv(sys.executable, [sys.executable, "-m", MODULE])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
