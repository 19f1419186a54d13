"""What no part of a run can do, told before anything starts: with file, line and field where a file is to blame. For every door."""

from __future__ import annotations

import os
import shutil

from chaoskit.clients.build import Recipe
from chaoskit.clients.start import needed
from chaoskit.engine.preflight_own import check_own
from chaoskit.errors import ExperimentError, FieldPath, InputError, Problem, dotted
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import client_plan, program_of
from chaoskit.sandbox.choose import CHOICES
from chaoskit.sandbox.docker_toxiproxy import image_of

INLINE_CLIENTS = ("boto3", "race", "noop", "app")
"""Clients that are chaoskit's own Python, so that the inline sandbox can hook their resolver."""


def check(experiment: Experiment, sandbox: str, toxiproxy: str | None = None) -> None:
    """Raise ``InputError`` for what this machine, or the sandbox of this name, cannot do with ``experiment``."""
    if sandbox not in CHOICES:
        raise InputError(f"--sandbox {sandbox}: choose one of {', '.join(CHOICES)}")
    if toxiproxy:
        _check_toxiproxy(toxiproxy, sandbox)
        _check_own_toxics(experiment, toxiproxy)
    check_backends(experiment, sandbox)
    if experiment.planes["process"] and sandbox == "compose":
        raise InputError(f"{experiment.source}: process faults need an engine to ask; use --sandbox docker")
    if sandbox in ("inline", "compose") and experiment.spec.resolver.lines:
        path: FieldPath = ("resolver",)
        message = f"the {sandbox} sandbox does not read these settings."
        problem = _problem(experiment, path, message, "Use --sandbox namespace or docker.")
        raise ExperimentError(experiment.source, [problem])
    _check_programs(experiment, sandbox)
    check_own(experiment, sandbox)
    check_built(experiment, sandbox)


def check_backends(experiment: Experiment, sandbox: str) -> None:
    """Raise ``InputError`` for a backend of the user's own that the sandbox cannot reach."""
    outside = [f"{name} at {spec.backend}" for name, spec in experiment.spec.aws_services.items() if spec.backend]
    if outside and sandbox != "inline":
        raise InputError(
            f"{experiment.source}: {', '.join(outside)} is outside of the namespace sandbox, which has a loopback of its own and no way "
            "out; add --sandbox inline"
        )


def check_built(experiment: Experiment, sandbox: str = "auto") -> None:
    """Raise ``InputError`` when a client of the experiment is not built, or cannot run in the sandbox of that name."""
    containers = [label for label, client in experiment.spec.clients.items() if client.use == "container"]
    if containers:
        raise InputError(
            f"{experiment.source}: {', '.join(containers)} is a container of your own (use: container); play this with chaoskit attach"
        )
    if sandbox == "compose":  # each client is in a container of its own, whose image was built with it
        return
    builds = _builds(experiment)
    if builds and sandbox == "docker":
        raise InputError(
            f"{experiment.source}: chaoskit's image has no {builds[0].name}; use --sandbox namespace, or the game day of "
            "docker/compose.yaml, which has an image for each SDK"
        )
    if builds and sandbox == "inline":
        raise InputError(
            f"{experiment.source}: the inline sandbox hooks the resolver of chaoskit's own Python, which {builds[0].name} is not; "
            "use --sandbox namespace"
        )
    if names := unbuilt(experiment):
        verb = "is" if len(names) == 1 else "are"
        raise InputError(
            f"{experiment.source}: {', '.join(names)} {verb} not built; run: chaoskit clients build {' '.join(names)}"
        )


def unbuilt(experiment: Experiment) -> list[str]:
    """The names of the builds that this experiment's clients want and that are not there."""
    return sorted({recipe.name for recipe in _builds(experiment) if recipe.built() is None})


def _builds(experiment: Experiment) -> list[Recipe]:
    spec = experiment.spec
    plans = ((client.use, client_plan(label, client, spec.region)) for label, client in spec.clients.items())
    return [recipe for use, plan in plans if (recipe := needed(use, plan)) is not None]


def _check_programs(experiment: Experiment, sandbox: str) -> None:
    """Raise ``ExperimentError`` for a client's program that is not there, or that the sandbox cannot run."""
    problems = []
    for label, client in experiment.spec.clients.items():
        field: FieldPath = ("clients", label)
        if client.use == "command" and sandbox == "inline":
            fix = "Use --sandbox namespace or docker."
            message = "the inline sandbox hooks the resolver of Python clients only, and this is a program of your own."
            problems.append(_problem(experiment, (*field, "use"), message, fix))
        elif client.use == "command" and client.argv and sandbox not in ("docker", "compose"):
            program = program_of(client.argv[0], experiment.source)
            if shutil.which(program) is None:
                fix = "Give its path from this file's folder, or put it on PATH."
                problems.append(_problem(experiment, (*field, "argv"), f"there is no program {client.argv[0]!r}.", fix))
    if problems:
        raise ExperimentError(experiment.source, problems)


def _problem(experiment: Experiment, field: FieldPath, message: str, fix: str) -> Problem:
    return Problem(experiment.line(field), dotted(field), message, fix, field)


def _check_toxiproxy(named: str, sandbox: str) -> None:
    origin = " (of CHAOSKIT_TOXIPROXY)" if os.environ.get("CHAOSKIT_TOXIPROXY") == named else ""
    option = f"--toxiproxy {named}{origin}"
    if image_of(named):
        if sandbox not in ("inline", "docker"):
            raise InputError(f"{option}: a container is for --sandbox docker or --sandbox inline")
    elif sandbox == "docker":
        raise InputError(f"{option}: in the docker sandbox it is an image: --toxiproxy docker:IMAGE")
    elif "://" in named:
        if sandbox not in ("inline", "compose"):
            raise InputError(
                f"{option}: a running Toxiproxy is outside of the namespace sandbox, which has no way out; "
                "name its program instead of a URL, or add --sandbox inline"
            )
    elif shutil.which(named) is None:
        raise InputError(f"{option}: there is no such program; give its path, or a URL with --sandbox inline")


def _check_own_toxics(experiment: Experiment, named: str) -> None:
    """Raise ``InputError`` for a toxic that Toxiproxy has not. What runs at a URL may be the embedded proxy: it is asked later."""
    own = [injection.id for injection in experiment.planes["network"] if not injection.fault.IN_TOXIPROXY]
    if own and "://" not in named:
        raise InputError(
            f"{experiment.source}: {', '.join(own)}: this toxic is the embedded proxy's own, and Toxiproxy has no such;"
            " leave --toxiproxy out"
        )
