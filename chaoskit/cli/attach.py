"""``chaoskit attach``: show what would be touched, ask, play an experiment on a running compose project, restore it."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from chaoskit.aws.endpoints import host_name
from chaoskit.cli.blank import injections_of
from chaoskit.cli.options import RUNS, SUBNET, Blanks, RunsFolder, Subnet
from chaoskit.compose.attach import perform
from chaoskit.compose.bypasses import find_bypasses
from chaoskit.compose.engine import Docker, engine_version
from chaoskit.compose.helper import measure, remove_measuring
from chaoskit.compose.host_relays import HostRelays
from chaoskit.compose.overlay import IMAGE, eligible, resolver_keys
from chaoskit.compose.plan import OverlayPlan, lay_out, private_network
from chaoskit.compose.resolver_summary import resolver_summary
from chaoskit.compose.restorable import check
from chaoskit.compose.restore import left_behind, put_back, settle, unlike
from chaoskit.compose.running import Origin, Running, find
from chaoskit.compose.write import as_containers, loopback_of
from chaoskit.engine.folders import make_folders
from chaoskit.engine.preflight_own import check_own
from chaoskit.engine.session import conclude
from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, read, resolve
from chaoskit.experiment.plans import services_of, zones
from chaoskit.experiment.shipped import find_experiment
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.units import format_duration

DEFAULT_TITLE = "DynamoDB's record goes empty"
DEFAULT_BLANK = "dynamodb.us-east-1.amazonaws.com@10s+20s"

SEEN_FILE = "docker-resolver.txt"


def attach(
    project: Annotated[str, typer.Option(help="Name of the running compose project.")],
    service: Annotated[
        list[str], typer.Option(help="Put only this service under chaoskit; may be repeated. Default: all that run.")
    ] = [],  # noqa: B006
    experiment: Annotated[
        str | None,
        typer.Option(help=f"Experiment to play, with your services as its clients; default: {DEFAULT_BLANK}."),
    ] = None,
    blank: Blanks = [],  # noqa: B006
    probe: Annotated[
        list[str],
        typer.Option(metavar="SERVICE=URL", help="URL of the app to request during the run, such as its health check."),
    ] = [],  # noqa: B006
    out: RunsFolder = RUNS,
    subnet: Subnet = SUBNET,
    yes: Annotated[bool, typer.Option("--yes", help="Start without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be touched, and exit.")] = False,
    put_back: Annotated[
        bool, typer.Option("--put-back", help="Only restore what a killed attach left changed.")
    ] = False,
) -> None:
    """Play an experiment on a running compose project, then restore it.

    Exit code: as for `chaoskit run`.
    """
    _check_words(experiment, blank, probe, subnet)
    docker = Docker()
    engine_version(docker)
    left = left_behind(docker, project)
    _refuse_live(left, put_back=put_back)
    if put_back:
        _put_back_all(docker, left)
        remove_measuring(docker, project)
        return
    if left and (dry_run or not yes):
        raise InputError(
            f"project {project}: an earlier attach was killed and left it under chaoskit; put it back first: "
            f"{left[0].put_back_command}"
        )
    _put_back_all(docker, left)
    running = find(docker, project)
    chosen = eligible(running.project, running.choose(service))
    running = running.taking(chosen)
    probes = _probes(probe, chosen)
    loaded, document = load_for(experiment, blank, chosen)
    plan = _plan(loaded, document, chosen, probes, subnet)
    _show(running, chosen, loaded, probes, bool(service))
    check(docker, running, plan.subnet)
    if dry_run:
        typer.echo("dry run: nothing was touched")
        return
    if not yes and not _agreed():
        raise InputError("nothing was touched; say --yes where nobody can be asked")
    raise typer.Exit(_run(docker, running, plan, loaded, out))


def _check_words(experiment: str | None, blanks: Sequence[str], probes: Sequence[str], subnet: str) -> None:
    """Raise ``InputError`` for options that are wrong whatever the project is, before Docker is asked."""
    if experiment is not None:
        read(find_experiment(experiment))
    injections_of(blanks, ())
    for probe in probes:
        if not re.match(r"[^=]+=http://[^/]", probe):
            raise InputError(f"--probe {probe}: write SERVICE=http://SERVICE:PORT/PATH; over http, inside the project")
    private_network(subnet)


def _refuse_live(left: Sequence[Origin], *, put_back: bool) -> None:
    """Raise ``InputError`` if an ``attach`` still works on the project; one on another host counts unless ``put_back`` is given."""
    for origin in left:
        owner = origin.at_work
        if owner is None or (put_back and owner.elsewhere):
            continue
        ended = (
            f"; if that has ended, put its work back: {origin.put_back_command}"
            if owner.elsewhere
            else ", or end it (Ctrl-C there, or kill -TERM), and it puts all back by itself"
        )
        raise InputError(
            f"project {origin.project}: an attach is at work on it ({owner}, services {', '.join(origin.scale)}); wait for its "
            f"end{ended}"
        )


def load_for(name: str | None, blanks: Sequence[str], services: Sequence[str]) -> tuple[Experiment, Document]:
    """The experiment of this name, or an empty one, with the compose services as its clients, and its document.

    Raises ``ExperimentError`` with lines of the file.
    """
    empty = Document("--blank", {"title": DEFAULT_TITLE, "timeline": []}, {})
    document = empty if name is None else read(find_experiment(name))
    if not isinstance(document.data, dict):
        return resolve(document, 1.0), document  # raises
    blanks = blanks or ([] if name else [DEFAULT_BLANK])
    whole = as_containers(document, services, injections_of(blanks, document.data.get("timeline") or ()))
    experiment = resolve(whole, 1.0)
    check_own(experiment, "overlay")
    _refuse_process_faults(experiment, services)
    _refuse_places(experiment)
    return experiment, whole


def _refuse_process_faults(experiment: Experiment, services: Sequence[str]) -> None:
    """Raise ``InputError`` for a process fault on a service: it would hit chaoskit's watcher, not the container."""
    for injection in experiment.planes["process"]:
        container = injection.where.process
        if container in services:
            raise InputError(
                f"{experiment.source}: {injection.id} is a process fault on {container}, whose container is not chaoskit's to pause or "
                "kill; do it yourself while attached (docker pause, docker kill), or remove it from the timeline"
            )


def _refuse_places(experiment: Experiment) -> None:
    """Raise ``InputError`` for a toxic that is aimed at some addresses of a service: in the project's network it has others."""
    for injection in experiment.planes["network"]:
        if injection.where.is_narrowed:
            raise InputError(
                f"{experiment.source}: {injection.id} is aimed at {injection.where.describe()}; under attach a service has other "
                "addresses, and no availability zones, so it would meet nothing; aim it at the whole service, or use chaoskit run"
            )


def _plan(
    experiment: Experiment, document: Document, chosen: Sequence[str], probes: Mapping[str, str], subnet: str
) -> OverlayPlan:
    spec = experiment.spec
    plan = lay_out(experiment.source, chosen, loopback_of(spec), subnet, spec.region)
    return replace(plan, experiment=document.data, probes=probes, resolver=resolver_keys(spec.resolver))


def _probes(written: Sequence[str], chosen: Sequence[str]) -> dict[str, str]:
    urls = {}
    for option in written:
        service, equals, url = option.partition("=")
        parts = urlsplit(url)
        if not equals or service not in chosen or parts.scheme != "http" or not parts.hostname:
            raise InputError(
                f"--probe {option}: write SERVICE=http://SERVICE:PORT/PATH with one of {', '.join(chosen)}; over http, inside the project"
            )
        urls[service] = url
    return urls


def _show(
    running: Running, chosen: Sequence[str], experiment: Experiment, probes: Mapping[str, str], named: bool
) -> None:
    """Print what will be touched, and warn of bypasses; of services left out only unless ``named`` says that the user chose."""
    origin, spec = running.origin, experiment.spec
    names = [host_name(service, spec.region) for service in services_of(spec)]
    names += [name for service in spec.own_services.values() for name in service.names]
    typer.echo(f"project {origin.project} ({running.project.source})")
    for name in chosen:
        probed = f", probed at {probes[name]}" if name in probes else ""
        number = origin.scale[name]
        containers = f"{number} container{'s' if number > 1 else ''} made anew, twice"
        typer.echo(f"  {name}: {containers}; what is written in it outside of volumes is lost{probed}")
    left = [name for name in running.containers if name not in chosen]
    if left:
        typer.echo(f"  not touched: {', '.join(left)}")
    typer.echo("  added for the run: a container, an internal network and a volume, all called chaoskit")
    typer.echo(f"experiment: {spec.title}, for {format_duration(experiment.duration_ns)}")
    for name, service in spec.own_services.items():
        typer.echo(f"  {name}: {service.host}:{service.port} leads through chaoskit's proxy to {service.backend}")
    for line in spec.resolver.lines:
        typer.echo(f"  in place of what resolv.conf of each service says: {line}")
    if experiment.holds:
        typer.echo(
            "  where it is held, it waits for your go: run `chaoskit go`, with --runs where --out is another folder"
        )
    for injection in experiment.injections:
        typer.echo(f"  {injection.id}: {type(injection.fault).__name__.lower()} on {injection.where.describe()}")
    typer.echo("  names that nobody here answers for are refused, so nothing reaches the real AWS by name")
    services = running.project.services
    left_out = [] if named else [name for name in left if name in services and services[name].fixed_network]
    for bypass in find_bypasses(running.project, [*chosen, *left_out], spec.region, names):
        typer.echo(f"warning: {bypass}", err=True)


def _agreed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Go on?", default=False)


def _run(docker: Docker, running: Running, plan: OverlayPlan, experiment: Experiment, out: Path) -> int:
    from chaoskit.cli.output import make_console
    from chaoskit.console.plain import PlainView
    from chaoskit.report.terminal import print_verdicts

    image, project = _image(), running.origin.project
    pool = ThreadPoolExecutor(1)  # some 15 s beside the run, and a score of packets in a network of its own
    measuring = pool.submit(measure, docker, image, project)
    folders = make_folders(out, f"attach-{project}")
    with contextlib.ExitStack() as ending:
        ending.callback(folders.guard.close)
        ending.callback(pool.shutdown)
        with Journal(folders.partial / "journal.jsonl") as journal, PlainView(make_console()) as view:
            journal.listen(view)
            relays = ending.enter_context(HostRelays(experiment.spec, folders.work / "backends"))
            perform(
                docker,
                running,
                replace(plan, sockets=relays.mount),
                image,
                journal,
                lambda line: typer.echo(f"         {line}"),
                held_in=folders.partial,
                failure=lambda: relays.failure,
            )
        after = find(docker, project)
        if changed := unlike(running, after):
            raise HarnessError(
                f"{', '.join(changed)} is not as it was; look at it with: docker compose -p {project} ps"
            )
        typer.echo(f"         {', '.join(running.origin.scale)} as before")
        _wait_until_well(docker, running.origin)
        lines = resolver_summary(Run(journal.entries), measuring.result(), engine_version(docker), _names(experiment))
        text = "\n".join(lines) + "\n"
        result = conclude(journal.entries, experiment, folders, {SEEN_FILE: lambda _: text})
        print_verdicts(make_console(), result.run, result.verdicts, result.outcome, result.files)
        typer.echo("\n" + "\n".join(lines))
        return result.outcome.exit_code


def _names(experiment: Experiment) -> list[str]:
    """List every name that this experiment answers for."""
    return [str(record["name"]) for zone in zones(experiment.spec) for record in zone["records"]]


def _image() -> str:
    from chaoskit.sandbox.docker import connect

    engine = connect()
    if engine.needs_build():
        engine.build(typer.echo)
    return IMAGE


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What ``docker clean`` did with attaches: how many it put back, which projects it left to a living one, and what went wrong."""

    number: int = 0
    at_work: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def put_back_every() -> Cleaned:
    """Restore what killed attaches left in any project; leave alone projects on which an attach may still work."""
    if shutil.which("docker") is None:
        return Cleaned()
    docker = Docker()
    number, at_work, failed = 0, [], []
    for origin in left_behind(docker):
        if (owner := origin.at_work) is not None:
            hint = f"; if it has ended: {origin.put_back_command}" if owner.elsewhere else ""
            typer.echo(f"left alone: project {origin.project}, on which an attach is at work ({owner}){hint}")
            at_work.append(origin.project)
            continue
        try:
            _put_back_all(docker, [origin])
            number += 1
        except HarnessError as error:
            failed.append(f"project {origin.project} could not be put back: {error}")
    return Cleaned(number, tuple(at_work), tuple(failed))


def _put_back_all(docker: Docker, left: Sequence[Origin]) -> None:
    for origin in left:
        typer.echo(f"putting {', '.join(origin.scale)} of project {origin.project} back, which an earlier attach left")
        put_back(docker, origin)
        _wait_until_well(docker, origin)


def _wait_until_well(docker: Docker, origin: Origin) -> None:
    for name, state in settle(docker, origin.project, origin.scale).items():
        typer.echo(
            f"warning: {name} was put back, and is {state} now; look at it with: docker compose -p {origin.project} ps --all",
            err=True,
        )
