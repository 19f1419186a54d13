"""``chaoskit race hunt``: any programs that write DNS, held call by call. Imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Coroutine, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chaoskit.errors import InputError

if TYPE_CHECKING:
    from chaoskit.experiment.loader import Experiment
    from chaoskit.hunt.search import Budget, Hunt
    from chaoskit.hunt.stage import HuntPlan
    from chaoskit.hunt.stored import StoredHunt

NOT_EXERCISED = 3
FILE = Path("hunt.json")


class Api(StrEnum):
    """The way by which the programs change the zone."""

    route53 = "route53"
    rfc2136 = "rfc2136"


class PatternName(StrEnum):
    """What is tried beside PCT; the first three are Sieve's."""

    crash = "crash-between-writes"
    past = "reads-from-the-past"
    missed = "missed-event"
    failed = "failed-call"
    none = "none"


def hunt(
    commands: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- CMD_A … -- CMD_B …", help="The programs, each after a `--`. One is enough."),
    ] = None,
    invariant: Annotated[
        list[str],
        typer.Option(
            metavar="KIND=NAME",
            help="What must hold: never_empty=NAME, never_missing=NAME, changes_at_most=NAME,n=3 or "
            "never_older=NAME,pattern=REGEX; may be repeated.",
        ),
    ] = [],  # noqa: B006
    api: Annotated[
        Api, typer.Option(help="How the programs change the zone: the Route 53 API, or dynamic updates.")
    ] = Api.route53,
    record: Annotated[
        list[str],
        typer.Option(metavar="'NAME TTL TYPE DATA'", help="A record of the zone at the start; may be repeated."),
    ] = [],  # noqa: B006
    zone: Annotated[
        str | None,
        typer.Option(help="The zone's name; default: the name of the first invariant without its first label."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(help="Take zones and hosted zones from this experiment, in place of --record and --zone."),
    ] = None,
    env: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="Set a variable for the programs; may be repeated.")
    ] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(help="Runs under PCT, each with a seed of its own, from 1 on.")] = 50,
    depth: Annotated[int, typer.Option(help="PCT's bug depth d: d − 1 times a run changes priorities.")] = 2,
    pattern: Annotated[
        list[PatternName],
        typer.Option(help="Which perturbations to try beside PCT; may be repeated. All, unless given."),
    ] = [],  # noqa: B006
    most: Annotated[int, typer.Option(help="The most runs of each pattern.")] = 40,
    idle: Annotated[
        float, typer.Option(help="Seconds without any processor time after which a program counts as asleep.")
    ] = 1.0,
    quiet: Annotated[float, typer.Option(help="Seconds that nobody does anything after which a run is over.")] = 5.0,
    run_limit: Annotated[float, typer.Option(help="Seconds that a run may take.")] = 60.0,
    replay: Annotated[Path | None, typer.Option(help="Play the schedule of a file that a hunt wrote.")] = None,
    times: Annotated[int, typer.Option(help="How often a schedule that was found, or --replay's, is played.")] = 10,
    out: Annotated[Path, typer.Option(help="Where the schedule is written that breaks an invariant.")] = FILE,
) -> None:
    """Hunt for the order of calls in which your programs break a DNS record.

    Each call to the Route 53 API, dynamic update and question about the zone is held, and released one at a time. Exit code: 0 if nothing
    was found, 1 if an invariant was broken, 3 if there was nothing to judge, 2 for bad input.
    """
    from chaoskit.hunt.play import Limits
    from chaoskit.hunt.schedule import Schedule
    from chaoskit.hunt.search import Budget
    from chaoskit.hunt.stage import HuntPlan
    from chaoskit.hunt.stored import StoredHunt, read_file, split_commands
    from chaoskit.hunt.trip_wire import parse_invariant, words_of

    _check_numbers({"--seeds": (seeds, 0), "--depth": (depth, 1), "--most": (most, 1), "--times": (times, 0)})
    if replay is not None:
        stored = read_file(replay)
        document: dict[str, Any] = dict(stored.experiment)
    else:
        if not invariant:
            raise InputError("say what must hold, such as --invariant never_empty=api.example.com")
        invariants = tuple(words_of(parse_invariant(written)) for written in invariant)
        stored = StoredHunt(split_commands(commands or []), {}, invariants, Schedule(("A",)))
        document = _document(invariants, api, record, zone, experiment)
    _check_programs(stored.commands)
    loaded = _resolve(document)
    plan = HuntPlan(
        experiment=loaded,
        commands=stored.commands,
        invariants=tuple(map(parse_invariant, stored.invariants)),
        added=_variables(env),
        limits=Limits(idle_s=idle, quiet_s=quiet, run_s=run_limit),
    )
    if replay is not None:
        raise typer.Exit(_interruptible(_replay(plan, stored, max(times, 1))))
    patterns = tuple(name.value for name in pattern or list(PatternName) if name is not PatternName.none)
    budget = Budget(seeds, depth, patterns if PatternName.none not in pattern else (), most, times)
    raise typer.Exit(_interruptible(_hunt(plan, budget, stored, document, out)))


def _interruptible(work: Coroutine[Any, Any, int]) -> int:
    from chaoskit.interruption import until_signalled

    return asyncio.run(until_signalled(work))


async def _hunt(plan: HuntPlan, budget: Budget, stored: StoredHunt, document: dict[str, Any], out: Path) -> int:
    from chaoskit.hunt.report import hunt_text
    from chaoskit.hunt.search import Search
    from chaoskit.hunt.stage import open_stage
    from chaoskit.hunt.stored import StoredHunt, to_json, write_file

    _introduce(plan, stored)
    async with open_stage(plan) as play:
        result: Hunt = await Search(play, plan.labels, budget, _progress).hunt()
    _progress("")
    typer.echo(hunt_text(result, stored.invariants))
    if result.broken is None:
        return 0 if result.observed else NOT_EXERCISED
    saved = StoredHunt(stored.commands, document, stored.invariants, result.broken.schedule)
    write_file(out, to_json(saved, result.broken.trace))
    typer.echo(f"\nwritten: {out}; again with: chaoskit race hunt --replay {out}")
    return 1


async def _replay(plan: HuntPlan, stored: StoredHunt, times: int) -> int:
    from chaoskit.hunt.report import call_lines, schedule_lines, trip_lines
    from chaoskit.hunt.search import Budget, Search
    from chaoskit.hunt.stage import open_stage

    _introduce(plan, stored)
    typer.echo("\n".join(schedule_lines(stored.schedule)))
    async with open_stage(plan) as play:
        hits, trace = await Search(play, plan.labels, Budget(), _progress).replay(stored.schedule, times)
    _progress("")
    lines = [*(["", *trip_lines(trace)] if trace.trip else []), "", *call_lines(trace)]
    typer.echo("\n".join(lines))
    typer.echo(f"\nBroken in {hits} of {times} replays.")
    return 1 if hits else 0


def _introduce(plan: HuntPlan, stored: StoredHunt) -> None:
    import shlex

    typer.echo(f"Hunting {', '.join(stored.invariants)}")
    for label, argv in zip(plan.labels, plan.commands, strict=True):
        typer.echo(f"  {label}  {shlex.join(argv)}")


def _progress(text: str) -> None:
    import sys

    if sys.stderr.isatty():
        width = shutil.get_terminal_size((110, 24)).columns
        typer.echo(f"\r{text[: width - 1]:<{width - 1}}", nl=False, err=True)
        if not text:
            typer.echo("\r", nl=False, err=True)


def _check_numbers(numbers: dict[str, tuple[int, int]]) -> None:
    for option, (value, least) in numbers.items():
        if value < least:
            raise InputError(f"{option} {value}: give a number from {least} on")


def _check_programs(commands: Sequence[Sequence[str]]) -> None:
    if len(commands) > 26:
        raise InputError(f"{len(commands)} programs: a hunt has 26 at most")
    for argv in commands:
        if shutil.which(argv[0]) is None:
            raise InputError(f"{argv[0]}: no such program; write it as a shell would find it")


def _variables(env: Sequence[str]) -> dict[str, str]:
    for written in env:
        if not re.match(r"[^=]+=", written):
            raise InputError(f"--env {written}: write NAME=VALUE")
    return dict(written.split("=", 1) for written in env)


def _document(
    invariants: Sequence[str], api: Api, records: Sequence[str], zone: str | None, experiment: str | None
) -> dict[str, Any]:
    """The experiment that has the zone, as it is written. Raises ``InputError``."""
    from chaoskit.experiment.document import Document
    from chaoskit.experiment.loader import read
    from chaoskit.experiment.shipped import find_experiment
    from chaoskit.hunt.stage import zone_document

    if experiment is not None:
        if records or zone:
            raise InputError("--experiment has zones and records of its own; leave out --record and --zone")
        document: Document = read(find_experiment(experiment))
        if not isinstance(document.data, dict):
            raise InputError(f"--experiment {experiment}: it is no experiment")
        services = {key: value for key, value in (document.data.get("services") or {}).items() if key == "route53"}
        return {**document.data, "clients": {}, "expect": [], "timeline": [], "duration": "10s", "services": services}
    name = invariants[0].partition("=")[2].partition(",")[0].lower().removesuffix(".")
    apex = (zone or name.partition(".")[2]).lower().removesuffix(".")
    if not apex:
        raise InputError(f"{name} has no parent that could be the zone; give one with --zone")
    return zone_document(apex, [_record(written) for written in records], route53=api is Api.route53)


def _record(written: str) -> tuple[str, int, str, str]:
    fields = written.split(None, 3)
    if len(fields) < 4 or not fields[1].isdecimal():
        raise InputError(f"--record {written!r}: write 'NAME TTL TYPE DATA', such as 'api.example.com 60 A 192.0.2.1'")
    return fields[0].lower().removesuffix("."), int(fields[1]), fields[2].upper(), fields[3]


def _resolve(document: dict[str, Any]) -> Experiment:
    from chaoskit.experiment.document import Document
    from chaoskit.experiment.loader import resolve

    return resolve(Document("chaoskit race hunt", document, {}), time_scale=1.0)
