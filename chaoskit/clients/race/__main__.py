"""The process of a participant of the race: runs ``chaoskit.race.live``, which lies in a higher layer, in this process."""

from __future__ import annotations

import runpy

from chaoskit.clients.race import MODULE


def main() -> None:
    """Run the participant's program; in this process, so that a resolver hook stays in force."""
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
