"""The public surface of the package."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import chaoskit
from chaoskit.errors import ExperimentError, InputError

SIGNATURES = {
    "run": "(experiment: 'Experiment | Path | str', *, out: 'Path' = PosixPath('runs'), sandbox: 'str' = 'auto', "
    "listener: 'Listener | None' = None) -> 'session.RunResult'",
    "load": "(path: 'Path', time_scale: 'float' = 1.0, seed: 'int | None' = None, allow: 'Sequence[str]' = ()) -> 'Experiment'",
    "inject": "(fault: 'Fault', *names: 'str', time_scale: 'float' = 1.0) -> 'Iterator[InProcessFault]'",
}


def test_the_surface_is_what_it_was() -> None:
    assert chaoskit.__all__ == ["Experiment", "RunResult", "__version__", "inject", "load", "run"]
    assert {name: str(inspect.signature(getattr(chaoskit, name))) for name in SIGNATURES} == SIGNATURES
    assert list(chaoskit.RunResult.__dataclass_fields__) == ["run", "verdicts", "outcome", "folder", "files"]
    assert set(chaoskit.__all__) <= set(dir(chaoskit))


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'chaoskit' has no attribute 'runn'"):
        chaoskit.runn  # noqa: B018


def test_importing_it_and_the_plugin_loads_no_third_party() -> None:
    code = (
        "import sys; before = set(sys.modules); import pytest; free = set(sys.modules); import chaoskit, chaoskit.pytest_plugin;"
        "print(sorted(name for name in set(sys.modules) - free if not name.startswith('chaoskit')))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_run_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("title: t\nclientz: {}\n")
    with pytest.raises(ExperimentError, match="clientz"):
        chaoskit.run(path, out=tmp_path / "runs")
    with pytest.raises(InputError):
        chaoskit.run(tmp_path / "none.yaml", out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_run_inside_an_event_loop_is_refused(tmp_path: Path) -> None:
    async def call() -> None:
        chaoskit.run("demo", out=tmp_path)

    with pytest.raises(InputError, match=r"await chaoskit\.engine\.session\.run"):
        asyncio.run(call())


def test_a_run_takes_a_loaded_experiment_or_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    async def play(experiment: Any, *, folders: Any, **named: Any) -> Any:
        seen.append((experiment.spec.title, folders.final.parent, named["sandbox"]))
        folders.guard.close()
        return "result"

    monkeypatch.setattr("chaoskit.engine.session.run", play)
    path = tmp_path / "x.yaml"
    path.write_text("title: mine\nduration: 1s\nclients: {app: {use: boto3, every: 1s}}\n")
    for experiment in (path, str(path), chaoskit.load(path)):
        result: Any = chaoskit.run(experiment, out=tmp_path / "runs", sandbox="inline")
        assert result == "result"
    assert seen == [("mine", tmp_path / "runs", "inline")] * 3
