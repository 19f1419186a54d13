"""An experiment on a project that runs: put its services under ours, play, put them back.

A running container's resolver cannot be changed, so the chosen services are made anew with the override, and made anew without it at the
end. What is to be put back stands in a label of our own container before anything of theirs is touched. So whatever ends us, the
next ``attach --put-back`` or ``docker clean`` finds it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chaoskit.compose.engine import EVERY_PROFILE, Docker
from chaoskit.compose.hold_bridge import HoldBridge
from chaoskit.compose.merged import MergedJournal
from chaoskit.compose.overlay import NAME, TOOK_LABEL, make_override, write_override
from chaoskit.compose.plan import OverlayPlan
from chaoskit.compose.restore import left_behind, put_back, scales
from chaoskit.compose.running import STATE, Origin, Running
from chaoskit.compose.watch import ContainerWatch
from chaoskit.errors import HarnessError, InputError
from chaoskit.interruption import SIGNALS, handled, interruptible
from chaoskit.journal.codec import decode_entry
from chaoskit.journal.events import HarnessFailed, RunEnded, RunStarted
from chaoskit.journal.store import Journal
from chaoskit.sandbox.owner import Owner

UP_WITHIN_S = "180"
Tell = Callable[[str], None]


def perform(
    docker: Docker,
    running: Running,
    plan: OverlayPlan,
    image: str,
    journal: Journal,
    tell: Tell,
    *,
    held_in: Path,
    failure: Callable[[], str | None] = lambda: None,
) -> None:
    """Play the plan's experiment on the services of ``running.origin.scale``; their state is as before when this returns or raises.

    ``held_in`` is the folder in which ``chaoskit go`` finds the run while it is held; ``failure`` tells, at the end, what of the harness
    on this machine has failed.

    Raises ``Interrupted`` after a signal, ``HarnessError`` for what Docker refuses, and ``InputError`` when another has begun since.
    """
    origin = replace(running.origin, owner=Owner.here())
    chosen = list(origin.scale)
    labels = {TOOK_LABEL: origin.project}
    override = make_override(running.project, chosen, plan, image, labels)
    override["services"][NAME]["labels"] |= {STATE: origin.to_json().replace("$", "$$")}
    text = write_override(override, [])
    if left_behind(docker, origin.project):
        raise InputError(f"project {origin.project}: another attach has begun on it meanwhile; wait for its end")
    with interruptible():
        options = [*origin.options, "--file", "-"]
        try:
            tell("starting chaoskit in the project")
            _begin(docker, origin.project, options, text)
            tell(f"making {', '.join(chosen)} anew, under chaoskit")
            _up(docker, options, origin.scale, text)
            _play(docker, origin, journal, held_in, failure)
        finally:
            with _deaf():
                tell(f"putting {', '.join(chosen)} back")
                put_back(docker, origin)


def _begin(docker: Docker, project: str, options: Sequence[str], override: str) -> None:
    """Start our container. Raises ``HarnessError`` with the last that it said, for it is removed afterwards."""
    try:
        words = ["--detach", "--no-deps", "--wait", "--wait-timeout", UP_WITHIN_S]
        docker.compose(options, "up", *words, NAME, stdin=override)
    except HarnessError as error:
        ours = docker.lines("ps", "--all", "--quiet", "--filter", f"label={TOOK_LABEL}={project}")
        reason = last_words(docker, ours[0]) if ours else ""
        raise HarnessError(f"{error}; its last words: {reason}" if reason else str(error)) from error


def last_words(docker: Docker, container: str) -> str:
    """The last line of a container's standard error; empty if there is none."""
    _, complaint = docker.follow("logs", "--tail", "100", container).communicate()
    return _last(complaint)


def _up(docker: Docker, options: Sequence[str], scale: Mapping[str, int], override: str) -> None:
    flags = ["--detach", "--no-deps", "--no-build", "--pull", "never", "--wait", "--wait-timeout", UP_WITHIN_S]
    docker.compose([*options, *EVERY_PROFILE], "up", *flags, *scales(scale), *scale, stdin=override)


def _play(docker: Docker, origin: Origin, journal: Journal, held_in: Path, failure: Callable[[], str | None]) -> None:
    """Let our container begin, and take its journal as it comes, with what befalls theirs meanwhile."""
    ours = docker.lines("ps", "--quiet", "--filter", f"label={TOOK_LABEL}={origin.project}")
    if not ours:
        raise HarnessError("chaoskit's container in the project has ended before the experiment began")
    merged = MergedJournal(journal)
    watch = ContainerWatch(docker, origin.project, list(origin.scale), merged.append, merged.latest)
    bridge = HoldBridge(docker, ours[0], held_in)
    journal.listen(bridge)
    following = docker.follow("logs", "--follow", ours[0])
    try:
        docker.run("kill", "--signal", "USR1", ours[0])
        assert following.stdout is not None
        for line in following.stdout:
            entry = decode_entry(line.decode())
            if isinstance(entry.event, RunEnded):
                watch.end()
                if message := failure():
                    merged.append(HarnessFailed(at=merged.latest(), part="attach", message=message))
            merged.take(entry)
            if isinstance(entry.event, RunStarted):
                watch.begin()
    except ValueError as error:
        raise HarnessError(f"chaoskit's container said what is no event: {str(error).splitlines()[0]}") from error
    finally:
        watch.end()
        bridge.end()
        complaint = _end(following)
    if not journal.entries or not isinstance(journal.entries[-1].event, RunEnded):
        raise HarnessError(f"chaoskit's container ended before the experiment did: {complaint or 'it said nothing'}")


def _end(following: subprocess.Popen[bytes]) -> str:
    """End the process that follows the log; returns the last of its standard error, which is the container's."""
    following.terminate()
    _, complaint = following.communicate()
    return _last(complaint)


def _last(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Signals wait until this is over: half a putting back is none."""
    waiting: list[int] = []
    with handled({number: lambda number, _: waiting.append(number) for number in SIGNALS}):
        yield
    if waiting:
        os.kill(os.getpid(), waiting[0])
