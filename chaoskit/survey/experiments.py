"""Each row of a survey as an experiment file, whose expectation is today's result: for CI, so that it is seen when it changes.

Expectations leave room for a busy machine; what became of it is what they hold it to, not the tenth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaoskit.experiment.plans import program_of
from chaoskit.survey.observation import ClientResult, Observation
from chaoskit.survey.result import Row
from chaoskit.survey.trial import written
from chaoskit.units import SECOND

COMMAND = "command"
MARGIN_NS = 4 * SECOND
"""Room for a busy machine in an expectation of a length."""

EVERY_NS = 2 * SECOND
"""How often a command runs anew, one after the other, so that one begins in the fault even where the first place was missed."""

SHARE_MARGIN = 0.25
"""Room in an expectation of a share of calls."""


def experiment_of(row: Row, folder: Path, argv: tuple[str, ...] | None) -> dict[str, Any] | None:
    """The experiment of one row; None for a row that tells nothing. ``folder`` is where its programs are: the surveyed file's.

    ``argv`` is the command that is surveyed, which a client runs anew for every call; None where there are clients already.
    """
    observation = row.observation
    if observation.status in ("unknown", "not exercised"):
        return None
    plain = {name: value for name, value in row.played.items() if value not in ({}, [], ())}
    plain["question"] = _question(row)
    plain["limits"] = {**plain["limits"], "grace": "1s"}
    if argv is not None:
        plain["clients"] = {COMMAND: {"use": "command", "argv": list(argv), "every": written(EVERY_NS)}}
        plain["expect"] = _of_command(observation)
    else:
        plain["expect"] = [entry for result in observation.clients for entry in _of_clients(result)]
    return plain | {part: _found_from(plain[part], folder) for part in ("apps", "clients") if part in plain}


def _found_from(programs: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Apps, or clients, with the paths of their programs absolute: the written file lies elsewhere."""
    absolute: dict[str, Any] = {}
    for name, written_program in programs.items():
        program = dict(written_program)
        if argv := program.get("argv"):
            program["argv"] = [program_of(argv[0], str(folder / "file")), *argv[1:]]
            if program.get("use") is None:  # an app, which has a working folder
                program["cwd"] = str((folder / (program.get("cwd") or "")).resolve())
        absolute[name] = program
    return absolute


def _question(row: Row) -> str:
    cause = f" ({row.cause.key})" if row.cause else ""
    return f"Is it as it was when this was written: {row.observation.status}{cause}?"


def _of_command(observation: Observation) -> list[dict[str, Any]]:
    """What is expected of calls that begin in the fault. One that never ends is no failure and no success: its length is held to."""
    who: dict[str, Any] = {"client": COMMAND, "phase": "fault"}
    if observation.status == "not back":
        return [{"longest_call": {**who, "at_least": written(observation.fault_ns * 2 // 3)}}]
    if observation.exit_code and observation.exit_code <= 128:
        return [{"surfaces_error": {**who, "type": f"exit code {observation.exit_code}"}}]
    if observation.exit_code:
        return [{"success_rate": {**who, "at_most": 0.5}}]
    longest = (observation.elapsed_ns or 0) * 3 // 2 + MARGIN_NS
    return [{"success_rate": {**who, "at_least": 1.0}}, {"longest_call": {**who, "at_most": written(longest)}}]


def _of_clients(result: ClientResult) -> list[dict[str, Any]]:
    """What is expected of one client; nothing of one that made no call in the fault."""
    if not result.count:
        return []
    who: dict[str, Any] = {"client": result.client, **({} if result.exposed else {"unaffected": True})}
    share = (result.count - result.failed) / result.count
    bounds = {"at_least": max(0.0, round(share - SHARE_MARGIN, 2)), "at_most": min(1.0, round(share + SHARE_MARGIN, 2))}
    if share == 1.0:
        bounds = {"at_least": 1.0}
    expect: list[dict[str, Any]] = [{"success_rate": {**who, "phase": "fault", **bounds}}]
    if result.back_ns is not None:
        expect.append({"recovers_within": {**who, "within": written(result.back_ns * 3 // 2 + MARGIN_NS)}})
    elif not result.is_back:
        expect.append({"longest_call": {**who, "at_least": written(result.longest_ns // 2)}})
    return expect


def experiment_file(plain: Mapping[str, Any]) -> str:
    """The file's text."""
    import yaml

    head = "# Written by chaoskit survey; run it with: chaoskit run FILE\n"
    return head + yaml.safe_dump(dict(plain), sort_keys=False, allow_unicode=True, width=120)
