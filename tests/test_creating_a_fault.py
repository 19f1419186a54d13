"""docs/creating-a-fault.md, followed literally: its files saved where it says, and its experiments run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.registry import GROUP

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "creating-a-fault.md").read_text(encoding="utf-8")
FAULTS = re.findall(r'```python\n("""``(\w+)``.*?)```', GUIDE, re.DOTALL)
EXPERIMENTS = re.findall(r"```yaml\n(title: .*?)```", GUIDE, re.DOTALL)


def test_the_guide_has_two_faults_and_an_experiment_of_each() -> None:
    assert [kind for _, kind in FAULTS] == ["silence", "short_lived"]
    assert [kind in text for (_, kind), text in zip(FAULTS, EXPERIMENTS, strict=True)] == [True, True]


def environment(*folders: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}


def run(tmp_path: Path, text: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "x.yaml").write_text(text)
    command = [sys.executable, "-m", "chaoskit", "run", "x.yaml", "--plain"]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(*folders), check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "text"), list(zip(FAULTS, EXPERIMENTS, strict=True)), ids=["silence", "short_lived"])
def test_a_fault_in_the_tree_can_be_used_at_once(tmp_path: Path, fault: tuple[str, str], text: str) -> None:
    source, kind = fault
    shutil.copytree(ROOT / "chaoskit", tmp_path / "tree" / "chaoskit", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tree" / "chaoskit" / "dns" / "faults" / f"{kind}.py").write_text(source)
    result = run(tmp_path, text, tmp_path / "tree")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASSED" in result.stdout


def plug_in(folder: Path, entry: str, module: str, source: str) -> Path:
    """A package beside chaoskit, as an installer leaves it: a module, and the entry points in its metadata."""
    (folder / "our_faults").mkdir(parents=True)
    (folder / "our_faults" / "__init__.py").write_text("")
    (folder / "our_faults" / f"{module}.py").write_text(source)
    (folder / "our_faults-1.0.dist-info").mkdir()
    (folder / "our_faults-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: our-faults\nVersion: 1.0\n"
    )
    points = f"[{GROUP}]\n{entry} = our_faults.{module}\n"
    (folder / "our_faults-1.0.dist-info" / "entry_points.txt").write_text(points)
    return folder


@pytest.mark.slow
def test_a_fault_in_a_package_of_its_own_is_found_and_run(tmp_path: Path) -> None:
    source, kind = FAULTS[1]
    result = run(tmp_path, EXPERIMENTS[1], plug_in(tmp_path / "site", f"dns.{kind}", kind, source))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASSED" in result.stdout


@pytest.mark.parametrize(
    ("entry", "module", "says"),
    [
        ("dns.empty", "empty", "which there is already: chaoskit.dns.faults.empty"),
        ("dns.short_lived", "other", "call the module short_lived"),
    ],
)
def test_a_plug_in_that_cannot_be_a_kind_is_told(tmp_path: Path, entry: str, module: str, says: str) -> None:
    folder = plug_in(tmp_path / "site", entry, module, FAULTS[1][0])
    (tmp_path / "x.yaml").write_text(EXPERIMENTS[1])
    command = [sys.executable, "-m", "chaoskit", "run", "x.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(folder), check=False)
    assert result.returncode == 2
    assert says in result.stderr
