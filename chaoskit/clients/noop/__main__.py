"""The no-op client's process: the whole contract, and nothing else."""

from __future__ import annotations

from chaoskit.child import Child
from chaoskit.clients.noop import Noop, NoopClient
from chaoskit.clients.process import Run, serve
from chaoskit.clock import WallClock


def main() -> None:
    """Read the plan, become ready, and run until told otherwise."""
    child = Child()
    given = child.plan()

    def prepare() -> Run:
        client = NoopClient(Noop.from_json(given), WallClock(), child.emit)
        child.emit(client.ready())
        return client.run

    serve(child, prepare)


if __name__ == "__main__":
    main()
