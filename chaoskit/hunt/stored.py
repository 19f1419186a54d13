"""A found schedule as a JSON file, from which ``--replay`` plays it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError
from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead, Step
from chaoskit.hunt.trace import Trace

FORMAT = 1
_NAMES: Mapping[type[Step], str] = {Hold: "hold", Crash: "crash", StaleRead: "stale_read", Failure: "failure"}


@dataclass(frozen=True, slots=True)
class StoredHunt:
    """What a replay needs: the programs' command lines, the experiment as it was written, the invariants, and the schedule."""

    commands: tuple[tuple[str, ...], ...]
    experiment: Mapping[str, Any]
    invariants: tuple[str, ...]
    schedule: Schedule


def to_json(stored: StoredHunt, trace: Trace) -> str:
    """The file's text; the calls of ``trace`` are there for whoever reads it."""
    body = {
        "format": FORMAT,
        "programs": stored.commands,
        "invariants": stored.invariants,
        "order": stored.schedule.order,
        "steps": [{"kind": _NAMES[type(step)], **asdict(step)} for step in stored.schedule.steps],
        "broken": asdict(trace.trip) if trace.trip else None,
        "calls": [asdict(call) for call in trace.calls],
        "experiment": stored.experiment,
    }
    return json.dumps(body, indent=1) + "\n"


def read_file(path: Path) -> StoredHunt:
    """A file of ours. Raises ``InputError`` saying what is wrong."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT:
            raise InputError(
                f"--replay {path}: its format is {body['format']}, and this version knows {FORMAT}; hunt again"
            )
        return StoredHunt(
            tuple(tuple(map(str, argv)) for argv in body["programs"]),
            body["experiment"],
            tuple(map(str, body["invariants"])),
            Schedule(tuple(map(str, body["order"])), tuple(map(_step, body["steps"]))),
        )
    except OSError as error:
        raise InputError(f"--replay {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"--replay {path}: it is no file that a hunt wrote ({error!r})") from error


def _step(written: Mapping[str, Any]) -> Step:
    call = CallId(**written["call"])
    match written["kind"]:
        case "hold":
            return Hold(call, CallId(**written["until"]))
        case "crash":
            return Crash(call)
        case "stale_read":
            return StaleRead(call, int(written["as_of"]))
        case "failure" if written["when"] in ("before", "after"):
            return Failure(call, written["when"])
    raise ValueError(f"it knows no step of kind {written['kind']!r}")


def write_file(path: Path, text: str) -> None:
    """Write it, whole or not at all, for its owner alone: command lines may hold secrets. Raises ``InputError``."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def split_commands(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The command lines between ``--`` and ``--``. Raises ``InputError`` if one is empty."""
    commands: list[tuple[str, ...]] = []
    current: list[str] = []
    for word in [*words, "--"]:
        if word != "--":
            current.append(word)
            continue
        if not current:
            raise InputError("a command is missing: write -- CMD_A … -- CMD_B …")
        commands.append(tuple(current))
        current = []
    return tuple(commands)
