"""What ``attach`` says of our own container, with a Docker that is only told what there is."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from chaoskit.compose.attach import perform
from chaoskit.compose.plan import lay_out
from chaoskit.compose.running import STATE, find
from chaoskit.errors import HarnessError, InputError
from chaoskit.journal.store import Journal
from chaoskit.sandbox.owner import Owner
from tests.compose.engines import Engine, container, ours

PLAN = lay_out("theirs.yaml", ["web"], [])


class Ending(Engine):
    """An engine on which our container ends as soon as it starts, saying why."""

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        if "up" in arguments:
            self.containers.append(ours())
            raise HarnessError("docker compose up: container shop-chaoskit-1 exited (4)")
        return super().run(*arguments, stdin=stdin)

    def follow(self, *arguments: str) -> subprocess.Popen[bytes]:
        assert arguments[-1] == "id-chaoskit-1"
        words = ["sh", "-c", "echo {}; echo chaoskit: no such zone >&2"]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_reason_why_our_container_ended_outlives_it(tmp_path: Path) -> None:
    engine = Ending(container("web"))
    running = find(engine, "shop").taking(["web"])
    with (
        Journal() as journal,
        pytest.raises(HarnessError, match=r"exited \(4\); its last words: chaoskit: no such zone$"),
    ):
        perform(engine, running, PLAN, "chaoskit:test", journal, lambda _: None, held_in=tmp_path)
    assert engine.asked == ["start id-web-1", "rm --force --volumes id-chaoskit-1"]


def test_one_that_began_while_we_asked_is_not_torn_down(tmp_path: Path) -> None:
    before = Engine(container("web"))
    running = find(before, "shop").taking(["web"])
    living = replace(running.origin, owner=Owner.here())
    engine = Engine(container("web"), ours(**{STATE: living.to_json()}))
    with Journal() as journal, pytest.raises(InputError, match="another attach has begun on it meanwhile"):
        perform(engine, running, PLAN, "chaoskit:test", journal, lambda _: None, held_in=tmp_path)
    assert engine.asked == []
