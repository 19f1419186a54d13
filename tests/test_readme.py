"""What the README shows is what chaoskit does."""

from __future__ import annotations

import re
from pathlib import Path

from chaoskit.cli import COMMANDS
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import find_experiment, index

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_the_first_example_is_the_shipped_one() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert example == find_experiment("first/ten-seconds").read_text()


def test_every_command_is_told_of() -> None:
    commands = set(COMMANDS)
    told = set(re.findall(r"`chaoskit (\w+)", README))
    assert commands <= told, f"the README does not mention {commands - told}"


def test_every_link_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_index_lists_every_shipped_experiment_all_valid() -> None:
    listed = {shipped.path.resolve() for shipped in index()}
    files = {path.resolve() for path in (ROOT / "experiments").glob("*/*.yaml")}
    others = {path for path in files if path.read_text().startswith("kind: cascade-") or path.parent.name == "drills"}
    assert listed == files - others
    for shipped in index():
        experiment = load(shipped.path, shipped.time_scale)
        assert shipped.outcome in ("passed", "failed", "not exercised", "invalid")
        if experiment.spec.question:
            assert experiment.spec.question == shipped.question, shipped.name
