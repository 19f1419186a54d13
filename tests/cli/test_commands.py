"""The table of commands: each is found, described truthfully, and loaded only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from chaoskit.cli import COMMANDS, app
from chaoskit.cli.lazy import load_command

HEAVY = (
    "asyncio boto3 botocore moto cheroot dnslib docker h11 jinja2 msgspec "
    "numpy pydantic requests rich starlette toxiproxy trustme uvicorn yaml"
)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_is_the_first_line_of_the_help(name: str) -> None:
    entry = COMMANDS[name]
    command = load_command(name, entry.target)
    first_line = (command.help or "").split("\n")[0]
    assert entry.summary == first_line, f"COMMANDS in chaoskit/cli/__init__.py and the docstring of {name} differ"
    subcommands = command.commands if isinstance(command, TyperGroup) else {}
    for inner in (command, *subcommands.values()):
        assert inner.help, f"{name} {inner.name}: write a docstring"
        assert all(parameter.help or parameter.param_type_name == "argument" for parameter in inner.params), inner.name


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_help_page_of_its_own(name: str) -> None:
    page = CliRunner().invoke(app, [name, "--help"])
    assert page.exit_code == 0, page.output
    assert f"chaoskit {name}" in page.output or f" {name} " in page.output.splitlines()[0]
    assert "completion" not in page.output


def test_the_help_page_lists_summaries_and_imports_no_command() -> None:
    modules = {f"chaoskit.cli.{entry.target.partition(':')[0]}" for entry in COMMANDS.values()}
    code = f"""
import sys
before = set(sys.modules)
from typer.testing import CliRunner
from chaoskit.cli import app
print(CliRunner().invoke(app, ["--help"]).output)
loaded = set(sys.modules) - before
print(sorted(loaded & set({sorted(modules)!r})), sorted(loaded & set({HEAVY.split()!r})))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *page, loaded = result.stdout.splitlines()
    assert loaded == "[] []", "import it in the command's module"
    text = " ".join(" ".join(page).split())
    for name, entry in COMMANDS.items():
        assert f" {name} {entry.summary}" in text


def test_an_unknown_command_is_refused_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["rum"])
    assert result.exit_code == 2
    assert "No such command 'rum'. Did you mean 'run'" in result.stderr


@pytest.mark.parametrize("words", [["--version"], ["--version", "run"]])
def test_the_version_is_printed_and_nothing_is_run(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout.split()[0]) == (0, "chaoskit")
