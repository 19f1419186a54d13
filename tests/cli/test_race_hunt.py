"""``chaoskit race hunt`` as a user meets it: errors before anything starts, and whole hunts of real programs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.hunt.stored import read_file

EXAMPLES = Path(__file__).resolve().parents[2] / "experiments" / "race" / "hunt"
WATCH = ["--invariant", "never_empty=api.example.com"]


def refusal(*words: str) -> str:
    result = CliRunner().invoke(app, ["race", "hunt", *words])
    assert getattr(result.exception, "exit_code", result.exit_code) == 2
    return str(result.exception) if result.exception else result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--", "true"], "--invariant never_empty="),
        (WATCH, "a command is missing"),
        ([*WATCH, "--", "true", "--"], "a command is missing"),
        ([*WATCH, "--", "no-such-program-here"], "no-such-program-here: no such program"),
        (["--invariant", "never_empty=com", "--", "true"], "give one with --zone"),
        (["--invariant", "always=x.y", "--", "true"], "the kinds are never_empty"),
        ([*WATCH, "--record", "api A", "--", "true"], "NAME TTL TYPE DATA"),
        ([*WATCH, "--record", "api.example.com 60 A nowhere", "--", "true"], "nowhere"),
        ([*WATCH, "--env", "X", "--", "true"], "write NAME=VALUE"),
        ([*WATCH, "--depth", "0", "--", "true"], "--depth 0"),
        ([*WATCH, "--experiment", "x", "--zone", "y", "--", "true"], "leave out --record, --zone"),
        ([*WATCH, "--tsig-key", "x", "--", "true"], "add --api rfc2136"),
        (["--replay", "/nowhere/hunt.json"], "/nowhere/hunt.json"),
    ],
)
def test_wrong_input_is_refused_before_anything_starts(words: list[str], message: str) -> None:
    assert message in refusal(*words)


def hunt(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from chaoskit.cli import main; main()", "race", "hunt", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed (Debian: bind9-dnsutils)")


UPDATES = ["--api", "rfc2136", *WATCH, "--record", "api.example.com 60 A 192.0.2.1", "--times", "3"]


@pytest.mark.slow
@needs("nsupdate", "dig", "unshare")
def test_nsupdate_scripts_that_check_then_act_are_caught(tmp_path: Path) -> None:
    script = str(EXAMPLES / "nsupdate_check_then_act.sh")
    ended = hunt(tmp_path, *UPDATES, "--", script, "192.0.2.10", "--", script, "192.0.2.20")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Replayed 3 of 3 times." in ended.stdout
    assert re.search(r"the write     [AB] call \d: delete api\.example\.com A", ended.stdout)
    assert len(read_file(tmp_path / "hunt.json").schedule.steps) == 1
    again = hunt(tmp_path, "--replay", "hunt.json", "--times", "2")
    assert "Broken in 2 of 2 replays." in again.stdout


@pytest.mark.slow
@needs("nsupdate", "dig", "unshare")
def test_nsupdate_scripts_that_compare_and_swap_are_not(tmp_path: Path) -> None:
    script = str(EXAMPLES / "nsupdate_compare_and_swap.sh")
    words = [*UPDATES, "--seeds", "20", "--pattern", "reads-from-the-past"]
    ended = hunt(tmp_path, *words, "--", script, "192.0.2.10", "--", script, "192.0.2.20")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Not broken in" in ended.stdout
    # How many seeds count follows from the longest run, in which dig may ask twice.
    assert re.search(r"\d+ with ≥ 0\.\d+", ended.stdout) or "vacuous" in ended.stdout, ended.stdout
    assert not (tmp_path / "hunt.json").exists()


HEAD = """#!/bin/sh
update() { printf 'server 127.0.0.1\\nzone example.com\\nupdate %s\\nsend\\n' "$1" | nsupdate; }
look() { dig +short @127.0.0.1 "$1" "$2"; }
"""
RECOVERS_BADLY = """
[ -n "$(look busy.example.com TXT)" ] && update 'delete api.example.com A'
update 'add busy.example.com 60 TXT yes'
update 'delete busy.example.com TXT'
"""
TRUSTS_WHAT_IS_OLD = """
update 'add api.example.com 60 A 192.0.2.2'
look api.example.com A | grep -q 192.0.2.2 || update 'delete api.example.com A'
"""
TAKES_AN_ERROR_FOR_NOTHING = """
[ -n "$(look api.example.com A)" ] || update 'delete api.example.com A'
update 'add other.example.com 60 A 192.0.2.3'
"""


@pytest.mark.slow
@needs("nsupdate", "dig", "unshare")
@pytest.mark.parametrize(
    ("pattern", "body", "step"),
    [
        (
            "crash-between-writes",
            RECOVERS_BADLY,
            "A is killed after its call 2 took effect, unanswered, and started anew",
        ),
        ("reads-from-the-past", TRUSTS_WHAT_IS_OLD, "A call 2 is answered from version 0 of the zone"),
        ("failed-call", TAKES_AN_ERROR_FOR_NOTHING, "A call 1 is answered with a server's error, and took no effect"),
    ],
)
def test_each_pattern_befalls_a_real_program(pattern: str, body: str, step: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text(HEAD + body)
    script.chmod(0o755)
    ended = hunt(tmp_path, *UPDATES, "--times", "1", "--seeds", "0", "--pattern", pattern, "--", str(script))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"  {step}\n" in ended.stdout
    assert "Replayed 1 of 1 times." in ended.stdout
