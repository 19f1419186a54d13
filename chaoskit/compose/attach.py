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

from chaoskit.compose.engine import Docker
from chaoskit.compose.overlay import NAME, TOOK_LABEL, make_override, write_override
from chaoskit.compose.plan import StagePlan
from chaoskit.compose.running import HASH, STATE, Origin, Running, labels_of
from chaoskit.errors import HarnessError
from chaoskit.interruption import SIGNALS, handled, interruptible
from chaoskit.journal.codec import decode_entry
from chaoskit.journal.events import RunEnded
from chaoskit.journal.store import Journal

UP_WITHIN_S = "180"
Tell = Callable[[str], None]


def perform(docker: Docker, running: Running, plan: StagePlan, image: str, journal: Journal, tell: Tell) -> None:
    """Play the plan's experiment on the services of ``running.origin.scale``; their state is as before when this returns or raises.

    Raises ``Interrupted`` after a signal, and ``HarnessError`` for what Docker refuses.
    """
    origin = running.origin
    chosen = list(origin.scale)
    labels = {TOOK_LABEL: origin.project}
    override = make_override(running.project, chosen, plan, image, labels)
    override["services"][NAME]["labels"] |= {STATE: origin.to_json().replace("$", "$$")}
    text = write_override(override, [])
    with interruptible():
        options = [*origin.options, "--file", "-"]
        try:
            tell("starting chaoskit in the project")
            docker.compose(
                options, "up", "--detach", "--no-deps", "--wait", "--wait-timeout", UP_WITHIN_S, NAME, stdin=text
            )
            tell(f"making {', '.join(chosen)} anew, under chaoskit")
            _up(docker, options, origin.scale, text)
            _play(docker, origin.project, journal)
        finally:
            with _deaf():
                tell(f"putting {', '.join(chosen)} back")
                put_back(docker, origin)


def put_back(docker: Docker, origin: Origin) -> None:
    """Make the project's services anew as they were, then remove all that is ours. Safe to call again."""
    if origin.scale:
        _up(docker, origin.options, origin.scale)
    remove_ours(docker, origin.project)


def left_behind(docker: Docker, project: str | None = None) -> list[Origin]:
    """What an ``attach`` that was killed left to be put back: of one project, or of all."""
    label = TOOK_LABEL if project is None else f"{TOOK_LABEL}={project}"
    found = docker.inspect(*docker.lines("ps", "--all", "--quiet", "--filter", f"label={label}"))
    return [Origin.from_json(labels_of(one)[STATE]) for one in found if STATE in labels_of(one)]


def remove_ours(docker: Docker, project: str) -> None:
    """Our container, network and volume in a project, and nothing else."""
    mine = ("--filter", f"label={TOOK_LABEL}={project}")
    if containers := docker.lines("ps", "--all", "--quiet", *mine):
        docker.run("rm", "--force", "--volumes", *containers)
    for kind in ("network", "volume"):
        if found := docker.lines(kind, "ls", "--quiet", *mine):
            docker.run(kind, "rm", *found)


def unlike(docker: Docker, before: Running, after: Running) -> list[str]:
    """Services of which the containers are not made from the settings that they had before: none, if the putting back was whole."""

    def hashes(running: Running, name: str) -> list[str]:
        return sorted(labels_of(one).get(HASH, "") for one in running.containers.get(name, ()))

    return [name for name in before.origin.scale if hashes(before, name) != hashes(after, name)]


def _up(docker: Docker, options: Sequence[str], scale: Mapping[str, int], override: str | None = None) -> None:
    scales = [word for name, number in scale.items() for word in ("--scale", f"{name}={number}")]
    flags = ["--detach", "--no-deps", "--no-build", "--wait", "--wait-timeout", UP_WITHIN_S]
    docker.compose([*options, "--profile", "*"], "up", *flags, *scales, *scale, stdin=override)


def _play(docker: Docker, project: str, journal: Journal) -> None:
    """Let our container begin, and take its journal as it comes."""
    ours = docker.lines("ps", "--quiet", "--filter", f"label={TOOK_LABEL}={project}")
    if not ours:
        raise HarnessError("chaoskit's container in the project has ended before the experiment began")
    following = docker.follow("logs", "--follow", ours[0])
    try:
        docker.run("kill", "--signal", "USR1", ours[0])
        assert following.stdout is not None
        for line in following.stdout:
            journal.append(decode_entry(line.decode()).event)
    except ValueError as error:
        raise HarnessError(f"chaoskit's container said what is no event: {str(error).splitlines()[0]}") from error
    finally:
        complaint = _end(following)
    if not journal.entries or not isinstance(journal.entries[-1].event, RunEnded):
        raise HarnessError(f"chaoskit's container ended before the experiment did: {complaint or 'it said nothing'}")


def _end(following: subprocess.Popen[bytes]) -> str:
    """End the process that follows the log; returns the last of its standard error, which is the container's."""
    following.terminate()
    _, complaint = following.communicate()
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
