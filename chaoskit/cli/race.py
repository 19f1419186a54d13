"""``chaoskit race``: the race of 20 October 2025. Imports what it needs when it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaoskit.cli.lazy import new_app
from chaoskit.cli.race_hunt import hunt
from chaoskit.cli.race_live import live, repair
from chaoskit.errors import InputError
from chaoskit.input_file import refuse_pipe

if TYPE_CHECKING:
    from chaoskit.race.findings import Findings, Question
    from chaoskit.race.model import Race
    from chaoskit.race.table import Table
    from chaoskit.race.words import Vocabulary

NEED_A_LOCK = (
    "fenced_lock",
    "freshness_before_stamp",
    "freshness_after_stamp",
    "cleaner_skips_active_before_stamp",
    "cleaner_skips_active_after_stamp",
    "tolerant_rollback",
)

race_app = new_app()
race_app.command()(live)
race_app.command()(repair)
race_app.command(context_settings={"allow_interspersed_args": False})(hunt)


class EngineName(StrEnum):
    """The explorer: chaoskit's own, or SPIN."""

    python = "python"
    spin = "spin"


@race_app.callback()
def _race() -> None:
    """Explore the race that left a DNS record empty, or hunt for one in your own programs."""


@race_app.command()
def explore(
    enactors: Annotated[int, typer.Option(help="How many enactors install plans, 1 to 6.")] = 3,
    plans: Annotated[
        int, typer.Option(help="How many plans there are, the one installed at the start included, 1 to 12.")
    ] = 6,
    protection: Annotated[
        list[str], typer.Option(metavar="NAME", help="A protection to switch on; may be repeated.")
    ] = [],  # noqa: B006
    invariant: Annotated[
        list[str], typer.Option(metavar="NAME", help="An invariant to judge; may be repeated. All, unless given.")
    ] = [],  # noqa: B006
    all_sets: Annotated[
        bool, typer.Option("--all-sets", "--table", help="Judge every set of protections, and print the table.")
    ] = False,
    classroom: Annotated[
        bool, typer.Option("--classroom", help="The smallest race: 2 students, 4 assignments, one notebook.")
    ] = False,
    without_lock: Annotated[
        bool, typer.Option("--without-lock", help="A simpler pass: no lock and no rollback record.")
    ] = False,
    engine: Annotated[EngineName, typer.Option(help="What explores: chaoskit itself, or SPIN.")] = EngineName.python,
    symmetry: Annotated[
        bool, typer.Option(help="Take states as one that differ only in which enactor is which.")
    ] = True,
    jobs: Annotated[
        int | None, typer.Option(help="Processors for --all-sets. All that there are, unless given.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Write the traces as one offline HTML page.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the findings as JSON.")
    ] = None,
    promela: Annotated[Path | None, typer.Option(help="Write the model for SPIN.")] = None,
) -> None:
    """Explore every order of steps, and judge the invariants.

    Exit code: 0 if all hold, 1 if one is broken, 2 for bad input.
    """
    from chaoskit.race.findings import question_of

    race = _race_of(2 if classroom else enactors, 4 if classroom else plans, protection, without_lock)
    question = question_of(invariant)
    if jobs is not None and (jobs < 1 or not all_sets):
        raise InputError(f"--jobs {jobs}: give 1 or more, and --all-sets with it")
    for file in (page, json_file, promela):
        _check_writable(file)
    if not all_sets:
        findings = _judged(race, question, engine, symmetry)
        _explore_one(findings, question, classroom, page, json_file, promela)
        raise typer.Exit(0 if findings.holds else 1)
    if protection or without_lock or page or promela or engine is EngineName.spin or not symmetry:
        raise InputError(
            "--all-sets judges every set of protections with chaoskit's own engine; it goes with --enactors, --plans, "
            "--invariant, --jobs and --json alone"
        )
    _explore_all(race, question, jobs, json_file)


def _explore_one(
    findings: Findings,
    question: Question,
    classroom: bool,
    page: Path | None,
    json_file: Path | None,
    promela: Path | None,
) -> None:
    from chaoskit.race.words import Classroom, Engineering

    words: Vocabulary = Classroom() if classroom else Engineering()
    _print(findings, question, words)
    if json_file:
        from chaoskit.race.stored import findings_json

        _write(json_file, findings_json(findings, question))
    if promela:
        from chaoskit.race.findings import promela_of

        _write(promela, promela_of(findings.race, question))
    if page:
        from chaoskit.race.page import trace_page

        _write(page, trace_page(findings, question, words))


def _race_of(enactors: int, plans: int, protections: list[str], without_lock: bool) -> Race:
    from chaoskit.race.model import Race
    from chaoskit.race.protections import PROTECTIONS
    from chaoskit.race.rules import AS_IT_WAS, CHECK_THEN_ACT

    if not 1 <= enactors <= 6:
        raise InputError(f"--enactors {enactors}: give a number from 1 to 6")
    if not 1 <= plans <= 12:
        raise InputError(f"--plans {plans}: give a number from 1 to 12")
    names = [name.replace("-", "_") for name in protections]
    if without_lock and (needing := [name for name in names if name in NEED_A_LOCK]):
        raise InputError(
            f"--without-lock leaves {needing[0]} nothing to do: it is about the lock, or the rollback record"
        )
    for name in names:
        if name not in PROTECTIONS.kinds:
            raise InputError(f"--protection {name}: there is none of this name; {PROTECTIONS.unknown(name)}")
    base = CHECK_THEN_ACT if without_lock else AS_IT_WAS
    return Race(enactors, plans, base=base).with_protections(names)


def _judged(race: Race, question: Question, engine: EngineName, symmetry: bool) -> Findings:
    from chaoskit.race.findings import judge, judge_with_spin

    if engine is EngineName.python:
        return judge(race, question, symmetric=symmetry)
    if not question.safety and "does_progress" not in question.progress:
        raise InputError(
            "--engine spin does not judge can_progress: SPIN's logic is of linear time; leave --engine out"
        )
    if "can_progress" in question.progress:
        typer.echo(
            "can_progress is not judged: SPIN's logic is of linear time, and this is a property of branching time.\n"
        )
    return judge_with_spin(race, question)


def _check_writable(file: Path | None) -> None:
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise InputError(f"cannot write {file}: give a file in a folder that exists")
    if file is not None:
        refuse_pipe(file, "one", "be read from")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}") from error
    typer.echo(f"{file}")


def _print(findings: Findings, question: Question, words: Vocabulary) -> None:
    import shutil

    from chaoskit.race.report import diagrams, summary

    width = shutil.get_terminal_size((110, 24)).columns
    typer.echo(summary(findings, question))
    for text in diagrams(findings, width, words):
        typer.echo(f"\n{text}")
    if not findings.holds:
        typer.echo("")


def _explore_all(race: Race, question: Question, jobs: int | None, json_file: Path | None) -> None:
    import sys

    from chaoskit.race.report import table_text
    from chaoskit.race.table import all_sets, table

    sets = all_sets()
    judged = 0

    def tell(row: Findings) -> None:
        nonlocal judged
        judged += 1
        if sys.stderr.isatty():
            typer.echo(f"\r{judged} of {len(sets)} sets", nl=False, err=True)

    result: Table = table(race, sets, question, jobs=jobs, listener=tell)
    if sys.stderr.isatty():
        typer.echo("\r", nl=False, err=True)
    typer.echo(table_text(result))
    if json_file:
        from chaoskit.race.stored import table_json

        _write(json_file, table_json(result))
