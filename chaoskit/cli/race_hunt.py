"""``chaoskit race hunt``: any programs that write DNS, held call by call. Imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chaoskit.errors import InputError
from chaoskit.input_file import check_output

if TYPE_CHECKING:
    from chaoskit.experiment.loader import Experiment
    from chaoskit.hunt.play import Limits
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


Commands = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- CMD_A … -- CMD_B …", help="The programs, each after a `--`. One is enough."),
]
Invariants = Annotated[
    list[str],
    typer.Option(
        metavar="KIND=NAME",
        help="What must hold: never_empty=NAME, never_missing=NAME, changes_at_most=NAME,n=3 or "
        "never_older=NAME,pattern=REGEX; may be repeated.",
    ),
]
ApiOption = Annotated[Api, typer.Option(help="How the programs change the zone: the Route 53 API, or dynamic updates.")]
Records = Annotated[
    list[str], typer.Option(metavar="'NAME TTL TYPE DATA'", help="A record of the zone at the start; may be repeated.")
]
TsigKey = Annotated[
    Path | None,
    typer.Option(help="With --api rfc2136: updates must be signed with a key of this file, as tsig-keygen writes it."),
]
ZoneName = Annotated[
    str | None, typer.Option(help="The zone's name; default: the name of the first invariant without its first label.")
]
ExperimentName = Annotated[
    str | None, typer.Option(help="Take zones and hosted zones from this experiment, in place of --record and --zone.")
]
Variables = Annotated[
    list[str], typer.Option(metavar="NAME=VALUE", help="Set a variable for the programs; may be repeated.")
]
Patterns = Annotated[
    list[PatternName],
    typer.Option(help="Which perturbations to try beside PCT; may be repeated. All, unless given."),
]
Idle = Annotated[float, typer.Option(help="Seconds without any processor time after which a program counts as asleep.")]
Quiet = Annotated[float, typer.Option(help="Seconds that nobody does anything after which a run is over.")]
ReplayFile = Annotated[Path | None, typer.Option(help="Play the schedule of a file that a hunt wrote.")]
Times = Annotated[int, typer.Option(help="How often a schedule that was found, or --replay's, is played.")]
Out = Annotated[Path, typer.Option(help="Where the schedule is written that breaks an invariant.")]


def hunt(
    commands: Commands = None,
    invariant: Invariants = [],  # noqa: B006
    api: ApiOption = Api.route53,
    record: Records = [],  # noqa: B006
    tsig_key: TsigKey = None,
    zone: ZoneName = None,
    experiment: ExperimentName = None,
    env: Variables = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(help="Runs under PCT, each with a seed of its own, from 1 on.")] = 50,
    depth: Annotated[int, typer.Option(help="PCT's bug depth d: d − 1 times a run changes priorities.")] = 2,
    pattern: Patterns = [],  # noqa: B006
    most: Annotated[int, typer.Option(help="The most runs of each pattern.")] = 40,
    idle: Idle = 1.0,
    quiet: Quiet = 5.0,
    run_limit: Annotated[float, typer.Option(help="Seconds that a run may take.")] = 60.0,
    replay: ReplayFile = None,
    times: Times = 10,
    out: Out = FILE,
) -> None:
    """Hunt for the order of calls in which your programs break a DNS record.

    Each call to the Route 53 API, dynamic update and question about the zone is held, and released one at a time. Exit code: 0 if nothing
    was found, 1 if an invariant was broken, 3 if there was nothing to judge, 2 for bad input.
    """
    from chaoskit.hunt.play import Limits
    from chaoskit.hunt.search import Budget

    _check_numbers({"--seeds": (seeds, 0), "--depth": (depth, 1), "--most": (most, 1), "--times": (times, 0)})
    added, limits = _variables(env), Limits(idle_s=idle, quiet_s=quiet, run_s=run_limit)
    if replay is not None:
        from chaoskit.hunt.stored import read_file

        stored = read_file(replay)
        raise typer.Exit(_interruptible(_replay(_plan(stored, added, limits), stored, max(times, 1))))
    if experiment is not None and (record or zone or tsig_key):
        raise InputError("--experiment has zones of its own; leave out --record, --zone and --tsig-key")
    names = _invariants(invariant)
    document = _experiment_document(experiment) if experiment else _zone_document(names[0], api, record, zone, tsig_key)
    request = _request(commands or [], document, names)
    patterns = tuple(name.value for name in pattern or list(PatternName) if name is not PatternName.none)
    budget = Budget(seeds, depth, patterns if PatternName.none not in pattern else (), most, times)
    check_output(out, "--out")
    raise typer.Exit(_interruptible(_hunt(_plan(request, added, limits), budget, request, out)))


def _invariants(written: Sequence[str]) -> tuple[str, ...]:
    from chaoskit.hunt.trip_wire import parse_invariant, words_of

    if not written:
        raise InputError("say what must hold, such as --invariant never_empty=api.example.com")
    return tuple(words_of(parse_invariant(words)) for words in written)


def _request(words: Sequence[str], document: dict[str, Any], invariants: tuple[str, ...]) -> StoredHunt:
    """What is hunted, in the form in which a schedule is stored; it has no schedule yet."""
    from chaoskit.hunt.schedule import Schedule
    from chaoskit.hunt.stored import StoredHunt, split_commands

    return StoredHunt(split_commands(words), document, invariants, Schedule(()))


def _plan(request: StoredHunt, added: dict[str, str], limits: Limits) -> HuntPlan:
    from chaoskit.hunt.stage import HuntPlan
    from chaoskit.hunt.trip_wire import parse_invariant

    _check_programs(request.commands)
    return HuntPlan(
        experiment=_resolve(dict(request.experiment)),
        commands=request.commands,
        invariants=tuple(map(parse_invariant, request.invariants)),
        added=added,
        limits=limits,
    )


def _interruptible(work: Coroutine[Any, Any, int]) -> int:
    from chaoskit.interruption import until_signalled

    return asyncio.run(until_signalled(work))


async def _hunt(plan: HuntPlan, budget: Budget, request: StoredHunt, out: Path) -> int:
    from chaoskit.hunt.report import hunt_text
    from chaoskit.hunt.search import Search
    from chaoskit.hunt.stage import open_stage
    from chaoskit.hunt.stored import to_json, write_file

    _introduce(plan, request)
    async with open_stage(plan) as play:
        result: Hunt = await Search(play, plan.labels, budget, _progress).hunt()
    _progress("")
    typer.echo(hunt_text(result, request.invariants))
    if result.broken is None:
        return 0 if result.observed else NOT_EXERCISED
    saved = replace(request, schedule=result.broken.schedule)
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


def _experiment_document(experiment: str) -> dict[str, Any]:
    """An experiment's zones and its Route 53, as they are written. Raises ``InputError``."""
    from chaoskit.experiment.loader import read
    from chaoskit.experiment.shipped import find_experiment

    data = read(find_experiment(experiment)).data
    if not isinstance(data, dict):
        raise InputError(f"--experiment {experiment}: it is no experiment")
    services = data.get("services")
    route53 = {key: value for key, value in services.items() if key == "route53"} if isinstance(services, dict) else {}
    return {**data, "clients": {}, "expect": [], "timeline": [], "duration": "10s", "services": route53}


def _zone_document(
    invariant: str, api: Api, records: Sequence[str], zone: str | None, tsig_key: Path | None
) -> dict[str, Any]:
    """An experiment with the zone that the options tell of, as it would be written. Raises ``InputError``."""
    import base64

    from chaoskit.dns.tsig_key import read_key_file
    from chaoskit.hunt.stage import hosted_zone_document, updated_zone_document

    name = invariant.partition("=")[2].partition(",")[0].lower().removesuffix(".")
    apex = (zone or name.partition(".")[2]).lower().removesuffix(".")
    if not apex:
        raise InputError(f"{name} has no parent that could be the zone; give one with --zone")
    parsed = [_record(written) for written in records]
    if api is Api.route53:
        if tsig_key is not None:
            raise InputError("--tsig-key signs dynamic updates: add --api rfc2136")
        return hosted_zone_document(apex, parsed)
    keys = read_key_file(tsig_key) if tsig_key else {}
    written_keys = {
        name: {"algorithm": key.algorithm, "secret": base64.b64encode(key.secret).decode()}
        for name, key in keys.items()
    }
    return updated_zone_document(apex, parsed, written_keys)


def _record(written: str) -> tuple[str, int, str, str]:
    fields = written.split(None, 3)
    if len(fields) < 4 or not fields[1].isdecimal():
        raise InputError(f"--record {written!r}: write 'NAME TTL TYPE DATA', such as 'api.example.com 60 A 192.0.2.1'")
    return fields[0].lower().removesuffix("."), int(fields[1]), fields[2].upper(), fields[3]


def _resolve(document: dict[str, Any]) -> Experiment:
    from chaoskit.experiment.document import Document
    from chaoskit.experiment.loader import resolve

    return resolve(Document("chaoskit race hunt", document, {}), time_scale=1.0)
