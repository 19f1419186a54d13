"""docs/changing-zones.md: its examples are valid, its commands work, and what it says of moto is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chaoskit.aws.route53.self_test import compare_and_swap_holds
from chaoskit.cli.serve import read_zone_option
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from tests.aws.route53.conftest import opened  # noqa: F401 - a fixture
from tests.aws.route53.lab import Lab
from tests.cli.serving import PATIENCE_S, serving
from tests.dns.update.messages import CASES

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "changing-zones.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_is_valid(text: str) -> None:
    experiment = resolve(read_document("x.yaml", text), 1.0)
    assert experiment.expectations


def test_the_commands_work_as_printed(tmp_path: Path) -> None:
    if shutil.which("nsupdate") is None:
        pytest.skip("nsupdate is not installed (Debian's package bind9-dnsutils)")
    console, invariants = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    write, serve, update = (line.removeprefix("$ ") for line in console.splitlines())
    subprocess.run(write, shell=True, cwd=tmp_path, check=True)
    zone, *_ = read_zone_option(str(tmp_path / "example.zone"))
    assert zone.apex == "example.com"
    assert serve == "chaoskit serve --zone example.zone --listen 127.0.0.1:5300 --allow-update example.com"
    with serving(tmp_path, "--allow-update", "example.com") as served:  # the same, but for the port, which may be taken
        here = update.replace("5300", str(served.port))
        subprocess.run(here, shell=True, cwd=tmp_path, check=True, timeout=PATIENCE_S)
        assert served.look().addresses == ("192.0.2.1", "192.0.2.2")
    words = invariants.split()
    assert words[:5] == ["$", "chaoskit", "serve", "--zone", "example.zone"]
    with serving(tmp_path, *words[5:]) as served:
        assert served.look().addresses == ("192.0.2.1",)


def test_it_counts_the_table_of_messages() -> None:
    assert f"is a table of {len(CASES)} messages" in PAGE


def test_what_it_says_of_moto_is_true(opened: Callable[..., Lab]) -> None:  # noqa: F811
    lab = opened(strict=False)
    findings = compare_and_swap_holds(lab.endpoint, lab.ca).findings
    words = {4: "four", 3: "three", 5: "five", 2: "two"}
    broken = sum(not finding.held for finding in findings)
    assert f"keeps all {words[len(findings)]}; moto 5.2 breaks {words[broken]}" in PAGE
