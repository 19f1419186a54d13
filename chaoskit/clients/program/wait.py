"""Waits until a program of the user's is ready, from inside its sandbox: ``python -m chaoskit.clients.program.wait PLACE SECONDS``.

``PLACE`` is a URL or ``host:port``. Exit code 0 when it is ready; 1, with the reason on standard output, when it is not in time.
"""

from __future__ import annotations

import asyncio
import sys
import time

from chaoskit.clients.process import die_with_us
from chaoskit.clients.program import POLL_EVERY_NS
from chaoskit.clients.program.ask import why_not_ready
from chaoskit.units import SECOND


def main() -> None:
    """Ask until it is ready, or the time is over."""
    die_with_us()  # what started us (nsenter) may be killed first
    place, seconds = sys.argv[1:]
    if reason := asyncio.run(_why_not_within(place, float(seconds))):
        sys.stdout.write(reason)
        sys.exit(1)


async def _why_not_within(place: str, seconds: float) -> str | None:
    until = time.monotonic() + seconds
    while (reason := why_not_ready(place)) is not None and time.monotonic() <= until:
        await asyncio.sleep(POLL_EVERY_NS / SECOND)
    return reason


if __name__ == "__main__":
    main()
