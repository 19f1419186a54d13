"""``chaoskit survey``: what an app depends on, and what the loss of each dependency does to it, as one table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.ci import check_writable
from chaoskit.cli.exec import check_place, check_program, check_reachable, plan, variables_of, ways_out, without_values
from chaoskit.cli.lazy import new_app
from chaoskit.cli.options import RUNS, Allowed, Variables
from chaoskit.engine.folders import new_folder
from chaoskit.engine.preflight import check_backends, check_built
from chaoskit.engine.preflight_own import check_own
from chaoskit.engine.user_program import ProgramRequest
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, load, resolve_plain
from chaoskit.experiment.shipped import find_experiment, index
from chaoskit.report.write import write_text
from chaoskit.sandbox.port_forwards import PortForward
from chaoskit.search.guard import run_guarded
from chaoskit.survey.experiments import experiment_file, experiment_of
from chaoskit.survey.markdown import markdown
from chaoskit.survey.measure import Surveyor, SurveyPlan
from chaoskit.survey.page import page
from chaoskit.survey.result import Survey
from chaoskit.survey.server import server_experiment
from chaoskit.survey.subject import CommandSubject, ExperimentSubject
from chaoskit.survey.terminal import UNKNOWN_WIDTH, print_survey
from chaoskit.survey.trial import BY_KEY, FAULTS, SurveyFault
from chaoskit.units import SECOND, parse_duration

QUICK_BUDGET_NS = 165 * SECOND
"""How long --quick may take: no run begins that would end later."""

FAULT_NS, QUICK_FAULT_NS = 15 * SECOND, 12 * SECOND
TAIL_NS, QUICK_TAIL_NS = 10 * SECOND, 4 * SECOND

app = new_app()


@dataclass(frozen=True, slots=True)
class _Files:
    """Where the table goes beside the survey's own folder, and where the experiments go."""

    json: Path | None
    markdown: Path | None
    experiments: Path | None

    def check(self) -> None:
        """Raises ``InputError`` for what cannot be written."""
        for option, path in (("--json", self.json), ("--markdown", self.markdown)):
            check_writable(option, path)
        if (
            self.experiments is not None
            and self.experiments.exists()
            and (not self.experiments.is_dir() or any(self.experiments.iterdir()))
        ):
            raise InputError(f"--write {self.experiments}: name a folder that is empty or does not exist yet")


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPERIMENT|-- COMMAND", help="An experiment (file or name), or a command and its arguments after `--`."
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="Try the telling faults only, and finish in under three minutes.")]
Surroundings = Annotated[str | None, typer.Option(help="Give a command the zones and services of this experiment.")]
NoAws = Annotated[bool, typer.Option("--no-aws", help="Start no mock services for a command, DNS alone.")]
Faults = Annotated[
    list[str], typer.Option("--fault", help=f"Try only this fault: {', '.join(BY_KEY)}; may be repeated.")
]
Ready = Annotated[
    str | None,
    typer.Option(help="The command is a server, ready when this URL of it answers, like http://localhost:8080/health."),
]
Probe = Annotated[
    str | None, typer.Option(help="URL of the server to ask every 250 ms, which is what is judged; default: --ready's.")
]
Length = Annotated[str | None, typer.Option("--for", help="Length of each fault; default: 15s, with --quick 12s.")]
Longest = Annotated[str, typer.Option(help="Longest time that a command may take without a fault.")]
Jobs = Annotated[
    int | None, typer.Option(help="Number of runs side by side; default: two for each core, for they mostly wait.")
]
Out = Annotated[Path, typer.Option(help="Parent folder of the new folder that this survey writes to.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the table as JSON to this file too.")]
TableFile = Annotated[Path | None, typer.Option("--markdown", help="Write the table as Markdown to this file too.")]
Written = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write each row as an experiment that expects today's result to this folder."),
]


@app.command(context_settings={"allow_interspersed_args": False})
def survey(
    words: Words,
    quick: Quick = False,
    experiment: Surroundings = None,
    no_aws: NoAws = False,
    allow: Allowed = [],  # noqa: B006
    env: Variables = [],  # noqa: B006
    faults: Faults = [],  # noqa: B006
    ready: Ready = None,
    probe: Probe = None,
    length: Length = None,
    longest: Longest = "60s",
    jobs: Jobs = None,
    out: Out = RUNS,
    json_file: JsonFile = None,
    markdown_file: TableFile = None,
    write: Written = None,
) -> None:
    """Try the loss of everything that an app depends on.

    Runs it once, lists the names that it looks up and the connections that it opens, then tries one fault after the other on each. Prints a
    table, worst first, with the cause and the known cure. Exit code: 0 done, 2 bad input, 4 if chaoskit failed.
    """
    check_place("auto")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs {jobs}: at least 1")
    files = _Files(json_file, markdown_file, write)
    files.check()
    chosen = _chosen(faults, quick)
    fault_ns = _duration("--for", length) if length else QUICK_FAULT_NS if quick else FAULT_NS
    subject = _subject(words, _Given(experiment, no_aws, allow, env, ready, probe), _duration("--longest", longest))
    planned = SurveyPlan(
        folder=new_folder(out, "survey"),
        faults=chosen,
        fault_ns=fault_ns,
        tail_ns=QUICK_TAIL_NS if quick else TAIL_NS,
        budget_ns=QUICK_BUDGET_NS if quick else None,
        at_once=jobs or 2 * len(os.sched_getaffinity(0)),
    )
    _survey(subject, planned, files, words)


def _survey(
    subject: CommandSubject | ExperimentSubject, planned: SurveyPlan, files: _Files, words: Sequence[str]
) -> None:
    """Survey, print the table, and write the files."""
    from chaoskit.cli.output import make_console

    surveyor = Surveyor(subject, planned, lambda line: typer.echo(f"chaoskit: {line}", err=True))
    result = run_guarded(surveyor.survey(), planned.folder)
    print_survey(make_console(width=None if sys.stdout.isatty() else UNKNOWN_WIDTH), result)
    argv = None if isinstance(subject, ExperimentSubject) else tuple(words)
    programs = Path(subject.base.source).parent
    for path in [
        *_write(result, planned.folder, files),
        *_write_experiments(result, files.experiments, programs, argv),
    ]:
        typer.echo(str(path))


def _subject(words: Sequence[str], given: _Given, longest_ns: int) -> CommandSubject | ExperimentSubject:
    """What the words name. Raises ``InputError``."""
    if given.probe and not given.ready:
        raise InputError(
            "--probe: say with --ready too when the server can be asked, like http://localhost:8080/health"
        )
    if not names_experiment(words):
        return _server_subject(words, given) if given.ready else _command_subject(words, given, longest_ns)
    if given != _Given(None, False, [], [], None, None):
        raise InputError(
            "--experiment, --no-aws, --allow, --env, --ready and --probe are for a command; an experiment says these itself"
        )
    return _experiment_subject(words[0])


@dataclass(frozen=True, slots=True)
class _Given:
    """What a command line gives to the command."""

    experiment: str | None
    no_aws: bool
    allow: Sequence[str]
    env: Sequence[str]
    ready: str | None
    probe: str | None


def _chosen(names: Sequence[str], quick: bool) -> list[SurveyFault]:
    """The faults to try. Raises ``InputError`` for one that there is not."""
    for name in names:
        if name not in BY_KEY:
            raise InputError(f"--fault {name}: no fault of a survey; choose of {', '.join(BY_KEY)}")
    return [fault for fault in FAULTS if fault.key in names or (not names and (fault.quick or not quick))]


def names_experiment(words: Sequence[str]) -> bool:
    """Whether the words are an experiment, and no command: one word, that ends as a file of them, or is the name of a shipped one."""
    if len(words) != 1:
        return False
    shipped = {known for entry in index() for known in (entry.name, entry.name.rpartition("/")[2])}
    return Path(words[0]).suffix in (".yaml", ".yml") or words[0] in shipped


def _experiment_subject(name: str) -> ExperimentSubject:
    experiment = load(find_experiment(name))
    if not experiment.spec.clients:
        raise InputError(f"{name}: it has no client, so nothing would show how a fault is met; add one under 'clients'")
    check_backends(experiment, "namespace")
    check_own(experiment, "namespace")
    check_built(experiment, "namespace")
    return ExperimentSubject(shown=name, base=experiment)


def _base(command: Sequence[str], given: _Given) -> tuple[Experiment, list[str], list[PortForward]]:
    """The experiment of the command's surroundings, and its ways out: Unix sockets and ports. Raises ``InputError``."""
    sockets, holes, services = ways_out(given.allow)
    base = plan(
        without_values(command),
        os.environ,
        experiment=given.experiment,
        no_aws=given.no_aws,
        port_forwards=holes,
        services=services,
    )
    check_reachable(base, holes)
    return base, sockets, holes


def _command_subject(command: Sequence[str], given: _Given, longest_ns: int) -> CommandSubject:
    base, sockets, holes = _base(command, given)
    added = variables_of(given.env)
    check_program(command[0], added.get("PATH"))
    shown = without_values(command)
    request = ProgramRequest(
        argv=tuple(command),
        shown=shown,
        region=base.spec.region,
        no_aws=given.no_aws,
        added=added,
        port_forwards=holes,
        sockets=sockets,
    )
    return CommandSubject(shown=" ".join(shown), base=base, request=request, longest_ns=longest_ns)


def _server_subject(command: Sequence[str], given: _Given) -> ExperimentSubject:
    base, sockets, holes = _base(command, given)
    if sockets or holes:
        raise InputError(
            "--allow with --ready: write NAME:PORT=ADDRESS:PORT, so that the server finds it through the proxy"
        )
    added = variables_of(given.env)
    check_program(command[0], added.get("PATH"))
    assert given.ready is not None
    plain = server_experiment(base.plain, command, added, given.ready, given.probe or given.ready)
    here = str(Path.cwd() / "survey.yaml")  # from whose folder paths are taken
    return ExperimentSubject(shown=" ".join(without_values(command)), base=resolve_plain(plain, here))


def _write(result: Survey, folder: Path, files: _Files) -> list[Path]:
    """Write the table. Returns the files; raises ``HarnessError`` when the disk refuses."""
    texts = {
        folder / "survey.json": result.text(),
        folder / "survey.md": markdown(result),
        folder / "survey.html": page(result),
    }
    texts |= {files.json: result.text()} if files.json else {}
    texts |= {files.markdown: markdown(result)} if files.markdown else {}
    return [write_text(path, text) for path, text in texts.items()]


def _write_experiments(result: Survey, folder: Path | None, programs: Path, argv: tuple[str, ...] | None) -> list[Path]:
    """Write the rows that tell something as experiments; ``programs`` is the folder of the programs in them. Returns the files."""
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    plains = [(row, experiment_of(row, programs, argv)) for row in result.worst_first]
    return [
        write_text(folder / f"{row.trial.stem}.yaml", experiment_file(plain))
        for row, plain in plains
        if plain is not None
    ]


def _duration(option: str, text: str) -> int:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from error
    if length < SECOND:
        raise InputError(f"{option} {text}: at least 1s, for nothing shorter can be told from a busy machine")
    return length
