"""Building clients: whole or not at all, once, and only when something changed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chaoskit.clients import build as building
from chaoskit.clients.build import Recipe, Tool, build, built
from chaoskit.clients.start import argv_of, needed, recipe_called, recipes
from chaoskit.errors import HarnessError, InputError, PlaneError

MARK = "echo built >> {log}; cp client.txt result; echo said before the end"


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chaoskit" / "clients"


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "client.txt").write_text("one")
    return recipe_of(tmp_path, [["sh", "-c", MARK.format(log=tmp_path / "log")]])


def recipe_of(folder: Path, steps: Sequence[Sequence[str]], tools: tuple[Tool, ...] = ()) -> Recipe:
    return Recipe(
        name="toy", what="a toy", folder=folder / "source", sources=("client.txt",), tools=tools, steps=lambda _: steps
    )


def silent(_: str) -> None:
    pass


def test_a_build_is_made_once_and_again_when_a_source_changes(recipe: Recipe, tmp_path: Path) -> None:
    assert recipe.built() is None
    first = build(recipe, silent)
    assert (first / "result").read_text() == "one"
    assert build(recipe, silent) == first == built(recipe)
    assert (tmp_path / "log").read_text().count("built") == 1
    (recipe.folder / "client.txt").write_text("two")
    assert recipe.built() is None, "of the old sources"
    assert (build(recipe, silent) / "result").read_text() == "two"
    assert (first / "result").read_text() == "one", "another checkout may use it"


def test_what_else_decides_the_result_is_in_the_name(recipe: Recipe) -> None:
    assert replace(recipe, beside="3.12").place() != recipe.place()


def test_a_failed_step_tells_the_tools_words_and_leaves_nothing(recipe: Recipe, tmp_path: Path, caches: Path) -> None:
    broken = recipe_of(tmp_path, [["sh", "-c", "touch half; echo no such module; exit 7"]])
    with pytest.raises(HarnessError, match=r"(?s)building toy failed: sh .* ended with 7.*no such module"):
        build(broken, silent)
    assert [path.name for path in caches.iterdir() if path.is_dir()] == []
    assert broken.built() is None


def test_what_a_killed_build_left_is_cleared_away(recipe: Recipe) -> None:
    partial = recipe.place().with_name(f".{recipe.place().name}.partial")
    partial.mkdir(parents=True)
    (partial / "half").touch()
    assert not (build(recipe, silent) / "half").exists()
    assert not partial.exists()


def test_two_builders_at_once_make_one_build(recipe: Recipe, tmp_path: Path) -> None:
    threads = [threading.Thread(target=build, args=(recipe, silent)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "log").read_text().count("built") == 1


def test_a_missing_tool_is_named_before_anything_is_made(tmp_path: Path, recipe: Recipe, caches: Path) -> None:
    tool = Tool("no-such-compiler", get="example.org")
    with pytest.raises(InputError, match=r"toy cannot be built here: no-such-compiler not found \(example.org\)"):
        build(replace(recipe, tools=(tool,)), silent)
    assert not caches.exists()


def test_a_tool_that_is_too_old_is_told_from_one_that_is_not() -> None:
    python = Tool(sys.executable, ("--version",), (3, 11))
    assert python.missing() is None
    old = replace(python, at_least=(99,), get="python.org").missing()
    assert old is not None
    assert "but 99 or newer is needed (python.org)" in old


def test_a_version_of_one_number_is_a_version(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_text("#!/bin/sh\necho 'openjdk version \"21\" 2023-09-19' >&2\n")
    program.chmod(0o755)
    assert Tool(str(program), ("-version",), (17,)).missing() is None


def test_a_cache_that_cannot_be_written_is_bad_input(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nothing")
    with pytest.raises(InputError, match="set XDG_CACHE_HOME to another folder"):
        build(recipe, silent)


def test_a_relative_cache_folder_is_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # "If an implementation encounters a relative path … ignore it"
    assert building.cache().is_absolute()


class TestShippedClients:
    def test_every_source_is_there_and_no_name_is_given_twice(self) -> None:
        names = [recipe.name for recipe in recipes()]
        assert len(set(names)) == len(names)
        assert {"javascript", "go", "java", "aws_cli", "boto3-1.43", "boto3-1.44"} <= set(names)
        for recipe in recipes():
            assert recipe.place().name.startswith(recipe.name), "which reads every source"

    def test_no_lock_file_names_a_registry_of_somebodys_own(self) -> None:
        import re

        public = {
            "registry.npmjs.org",
            "maven.apache.org",
            "www.w3.org",
            "opencollective.com",
            "github.com",
            "crates.io",
        }
        for recipe in recipes():
            for source in recipe.sources:
                text = (recipe.folder / source).read_text()
                hosts = (
                    set(re.findall(r"https?://([^/\"\s]+)", text)) if "lock" in source or source == "go.sum" else set()
                )
                assert hosts <= public, f"{recipe.name}: {source}"

    def test_a_client_that_is_not_built_says_what_to_run(self) -> None:
        with pytest.raises(InputError, match="chaoskit clients build go"):
            argv_of("go", {"client": "app"})

    def test_boto3_needs_no_build_unless_a_version_is_asked_for(self) -> None:
        assert argv_of("boto3", {"client": "app"}) == [sys.executable, "-m", "chaoskit.clients.boto3"]
        assert needed("boto3", {"client": "app"}) is None
        pinned = needed("boto3", {"client": "app", "version": "1.43"})
        assert pinned is not None
        assert pinned.name == "boto3-1.43"

    def test_any_exact_version_of_boto3_can_be_built(self) -> None:
        exact = recipe_called("boto3-1.40.2")
        assert exact is not None
        assert "boto3==1.40.2" in exact.steps(Path("x"))[-1]
        assert recipe_called("boto3-1.40") is None
        assert recipe_called("cobol") is None


@pytest.mark.parametrize(
    ("use", "settings", "said"),
    [
        ("javascript", {"retry_mode": "legacy"}, "javascript has no retry_mode 'legacy'; use standard or adaptive"),
        ("go", {"service": "sqs"}, "go does not call sqs; it calls dynamodb or sts"),
        ("go", {"operation": "Query"}, "go does not call Query; of dynamodb it calls GetItem"),
        ("go", {"dns_cache": "advised"}, "go has no setting dns_cache"),
        ("java", {"version": "2.1"}, "java has no setting version"),
        ("java", {"dns_cache": "none"}, "java has no dns_cache 'none'; use default or advised"),
        ("aws_cli", {"connection": "warm"}, "aws_cli has no connection 'warm'; use cold"),
        ("aws_cli", {"read_timeout_ns": 1_500_000_000}, "keeps a read_timeout in whole seconds only"),
        ("javascript", {"connect_timeout_ns": 1_500}, "cannot keep a connect_timeout of 1500 ns"),
        ("boto3", {"version": "1.2"}, "boto3 has no version '1.2' pinned here; use 1.43, 1.44, or an exact version"),
    ],
)
def test_a_setting_that_a_client_cannot_honour_is_refused(use: str, settings: dict[str, object], said: str) -> None:
    with pytest.raises(PlaneError) as error:
        needed(use, {"client": "app", **settings})
    assert said in str(error.value)


def test_the_file_and_line_of_a_refused_setting_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("title: x\nduration: 2s\nclients:\n  app: {use: javascript, retry_mode: legacy}\n")
    command = [sys.executable, "-m", "chaoskit", "run", str(path), "--out", str(tmp_path / "runs")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    said = "x.yaml:4: clients.app: javascript has no retry_mode 'legacy'. Use standard or adaptive."
    assert said in result.stderr
    assert not (tmp_path / "runs").exists()
