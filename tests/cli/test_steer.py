"""``chaoskit blank`` and ``restore`` inside ``chaoskit exec``, and outside of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import PATIENCE_S, make_place
from tests.cli.test_whole_run import namespaces_work

NAME = "db.shop.example"
ZONES = f"""\
title: one zone
zones: {{shop.example: {{records: {{{NAME}: {{A: 127.0.0.9}}}}}}}}
clients: {{app: {{use: noop}}}}
limits: {{ready_within: 90s}}
"""
SCRIPT = f"""\
$CHAOSKIT blank {NAME} --for 60s && ! getent ahosts {NAME} && $CHAOSKIT restore {NAME} && getent ahosts {NAME} >/dev/null && echo steered
"""


def test_outside_of_a_run_it_says_so() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CHAOSKIT_STEERING"}
    ended = subprocess.run(
        [sys.executable, "-m", "chaoskit", "blank", NAME], env=environment, capture_output=True, timeout=PATIENCE_S
    )
    assert ended.returncode == 4
    assert b"not inside of `chaoskit exec`" in ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(bool(namespaces_work()), reason="no namespaces here")
def test_a_shell_script_steers_its_run(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.work / "zones.yaml").write_text(ZONES)
    words = ["--no-aws", "--experiment", "zones.yaml", "--env", f"CHAOSKIT={sys.executable} -m chaoskit"]
    ended = place.run("--must-meet", *words, "--", "sh", "-c", SCRIPT)
    assert (ended.returncode, ended.stdout) == (0, b"steered\n"), ended.stderr
    assert place.left() == []
