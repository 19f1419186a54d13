"""Helper containers of our image, for as long as a question takes: in somebody's network, or in one of ours with a faulty name server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from chaoskit.compose.engine import Docker
from chaoskit.compose.faulty import CASES, name_of
from chaoskit.compose.probe import Answered, Found, Libc, Question
from chaoskit.errors import HarnessError
from chaoskit.sandbox.docker_clean import labels_of

DOCKERS_RESOLVER = "127.0.0.11"
OWNER_LABEL = "chaoskit.measuring"
"""On what measures beside an ``attach``; its value is the project."""

SUBNETS = tuple(f"10.211.{number}.0/24" for number in range(16))


@dataclass(frozen=True, slots=True)
class Row:
    """One case of ``faulty``: what our server said itself, what came through Docker's resolver, and what glibc made of that."""

    case: str
    direct: Answered
    through: Answered
    libc: Libc

    @property
    def changed(self) -> bool:
        """Whether Docker's resolver said something else."""
        return self.direct.says != self.through.says

    def words(self) -> tuple[str, str, str]:
        """For people: direct, through, libc."""
        rewritten = "  ← changed" if self.changed else ""
        result = "ok" if self.libc.code == 0 else str(self.libc.code)
        return (
            _said(self.direct.says, self.direct.took_ms),
            _said(self.through.says, self.through.took_ms) + rewritten,
            _said(result, self.libc.took_ms),
        )


def _said(what: str, took_ms: float) -> str:
    """``NODATA, 1 ms``; ``silence for 12 s``."""
    took = f"{took_ms / 1000:.1f} s" if took_ms >= 1000 else f"{took_ms:.0f} ms"
    return f"silence for {took}" if what == "silence" else f"{what}, {took}"


def probe(docker: Docker, image: str, network: str, question: Question, *more: str) -> Found:
    """Ask from inside ``network`` (``container:NAME``, or a network's name). Raises ``HarnessError``."""
    words = [
        "run",
        "--rm",
        "--init",
        "--no-healthcheck",
        *_labels(),
        "--network",
        network,
        "--cap-drop",
        "ALL",
        *more,
        "--entrypoint",
        "python3",
        image,
    ]
    return Found.from_json(docker.run(*words, "-m", "chaoskit.compose.probe", json.dumps(asdict(question))))


def measure(docker: Docker, image: str, project: str = "") -> list[Row]:
    """What this engine's resolver makes of each case; takes some 12 s, as long as a dropped query.

    ``project`` is that of the ``attach`` for which it is measured: should that be killed, ``remove_measuring`` finds what it left.
    """
    with faulty_server(docker, image, project) as (network, server):
        names = tuple(name_of(case) for case in CASES)
        question = Question(names, (server, DOCKERS_RESOLVER))
        answers = probe(docker, image, network, question, "--dns", server, *_owned(project))
    looked = {answer.name: answer for answer in answers.libc}
    rows = []
    for case in CASES:
        name = name_of(case)
        rtype = "AAAA" if case.startswith("aaaa") else "A"
        direct, through = answers.said(server, name, rtype), answers.said(DOCKERS_RESOLVER, name, rtype)
        if direct is None or through is None:
            raise HarnessError(f"the helper container did not ask for {name}")
        rows.append(Row(case, direct, through, looked[name]))
    return rows


def remove_measuring(docker: Docker, project: str) -> None:
    """Remove what measured beside an ``attach`` that was killed."""
    mine = ("--filter", f"label={OWNER_LABEL}={project}")
    if containers := docker.lines("ps", "--all", "--quiet", *mine):
        docker.run("rm", "--force", *containers)
    if networks := docker.lines("network", "ls", "--quiet", *mine):
        docker.run("network", "rm", *networks)


def _labels() -> tuple[str, ...]:
    return tuple(word for pair in labels_of("doctor").items() for word in ("--label", "=".join(pair)))


def _owned(project: str) -> tuple[str, ...]:
    return ("--label", f"{OWNER_LABEL}={project}") if project else ()


@contextmanager
def faulty_server(docker: Docker, image: str, project: str = "") -> Iterator[tuple[str, str]]:
    """An internal network of ours with the faulty name server in it: the network's name, and the server's address."""
    name = f"chaoskit-doctor-{os.getpid()}"
    labels = (*_labels(), *_owned(project))
    subnet = _network(docker, name, labels)
    address = subnet.replace("0/24", "53")
    try:
        entry = ["--entrypoint", "python3", image, "-m", "chaoskit.compose.faulty", address]
        options = ("--detach", "--rm", "--init", "--no-healthcheck", "--name", name, *labels)
        docker.run("run", *options, "--network", name, "--ip", address, *entry)
        log = docker.follow("logs", "--follow", name)
        assert log.stdout is not None
        first = log.stdout.readline()
        log.terminate()
        log.communicate()
        if first != b"ready\n":
            raise HarnessError("the faulty name server did not start in its container")
        yield name, address
    finally:
        with suppress(HarnessError):
            docker.run("rm", "--force", name)
        docker.run("network", "rm", name)


def _network(docker: Docker, name: str, labels: Sequence[str]) -> str:
    """Make the network in the first subnet that is free; returns that."""
    for last, subnet in enumerate(SUBNETS, 1 - len(SUBNETS)):
        try:
            docker.run("network", "create", "--internal", *labels, "--subnet", subnet, name)
        except HarnessError:
            if last == 0:
                raise
            continue
        return subnet
    raise AssertionError("the loop returns or raises")
