"""The no-op client's process: the whole contract, and nothing else."""

from __future__ import annotations

from chaoskit.clients.noop import Noop, NoopClient
from chaoskit.clients.process import play
from chaoskit.clock import WallClock


def main() -> None:
    """Read the plan, become ready, and run until told otherwise."""
    play(lambda child, given: NoopClient(Noop.from_json(given), WallClock(), child.emit))


if __name__ == "__main__":
    main()
