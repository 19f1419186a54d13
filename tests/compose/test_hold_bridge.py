"""A go on this machine is handed to the run in our container, once, and nothing of it stays."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from chaoskit.compose.hold_bridge import HoldBridge
from chaoskit.engine.go_file import GO, HELD
from chaoskit.journal.events import HoldBegun, HoldReleased
from chaoskit.journal.store import Journal
from tests.compose.engines import Engine

WITHIN_S = 30


class Listening(Engine):
    """An engine that tells when something was handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.handed = threading.Event()
        self.text: str | None = None

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        self.text = stdin
        self.handed.set()
        return super().run(*arguments, stdin=stdin)


def test_a_go_is_handed_to_the_container(tmp_path: Path) -> None:
    engine, journal = Listening(), Journal()
    journal.listen(HoldBridge(engine, "id-chaoskit-1", tmp_path))
    journal.append(HoldBegun(at=1, number=1, before="blank"))
    assert json.loads((tmp_path / HELD).read_text()) == {"number": 1, "before": "blank"}
    (tmp_path / "new").write_text(json.dumps({"by": "Ada"}))
    (tmp_path / "new").rename(tmp_path / GO)
    assert engine.handed.wait(WITHIN_S)
    journal.append(HoldReleased(at=2, number=1, by="Ada", resumes=2, ends=9))
    assert json.loads(engine.text or "") == {"by": "Ada"}
    assert [words.split()[:3] for words in engine.asked] == [["exec", "--interactive", "id-chaoskit-1"]]
    assert not list(tmp_path.iterdir())


def test_a_run_that_ends_while_held_leaves_no_file(tmp_path: Path) -> None:
    engine, journal = Listening(), Journal()
    bridge = HoldBridge(engine, "id-chaoskit-1", tmp_path)
    journal.listen(bridge)
    journal.append(HoldBegun(at=1, number=1, before="blank"))
    bridge.end()
    assert not list(tmp_path.iterdir())
    assert not engine.asked
