"""What every client process does around its calls: take commands, run, and leave."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import queue
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from chaoskit.child import Child, Command
from chaoskit.clock import Instant
from chaoskit.errors import ChaoskitError
from chaoskit.journal.events import ClientReady

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Workload(Protocol):
    """A client that is prepared."""

    def ready(self) -> ClientReady:
        """Its ready event."""

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make the calls of one run."""


def play(make: Callable[[Child, dict[str, Any]], Workload]) -> None:
    """The life of a client's process: read the plan, ``make`` the client, say ready, wait for ``start``, run, end. Does not return.

    ``stop`` ends the process at once with code 0, whatever hangs; other commands than ``start`` go to the client's ``obey``, if it has one
    and is ready. What goes wrong in the client itself ends it with
    a ``HarnessFailed`` and code 4, so it can never look like a failed call.
    """
    child = Child()
    given = child.plan()
    starts: queue.SimpleQueue[tuple[Instant, Instant]] = queue.SimpleQueue()
    workload: Workload | None = None

    def command(given: Command) -> None:
        if given["do"] == "start":
            starts.put((given["origin"], given["ends"]))
        elif given["do"] == "stop":
            child.leave(0)
        elif obey := getattr(workload, "obey", None):
            try:
                obey(given)
            except ChaoskitError as error:
                child.fail(error)

    try:
        child.on_command(command)
        gc.disable()  # an SDK's import makes many objects and hardly any garbage: a tenth of the start-up is the collector's
        workload = make(child, given)
        child.emit(workload.ready())
        gc.enable()
        asyncio.run(_once(workload, starts.get()))
    except ChaoskitError as error:
        child.fail(error)
    except BaseException:  # noqa: BLE001 - the process ends here, with the whole trace
        traceback.print_exc()
        child.leave(ChaoskitError.exit_code)
    child.leave(0)


async def _once(workload: Workload, start: tuple[Instant, Instant]) -> None:
    await workload.run(*start)


@contextlib.contextmanager
def own_faults_are_fatal(child: Child) -> Iterator[None]:
    """Inside an SDK an exception of ours would surface as a failed call: end the process instead."""
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is, it must not reach the SDK
        traceback.print_exc()
        child.leave(ChaoskitError.exit_code)


def die_with_us() -> None:
    """Between fork and exec: the kernel shall end the new process when this one ends, however it ends (prctl(2))."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
