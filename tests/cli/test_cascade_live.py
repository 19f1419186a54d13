"""``chaoskit cascade live``: what it refuses, and what it prints of a run that was played elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.engine import preflight, session
from chaoskit.errors import InputError
from chaoskit.journal.events import UserServed
from chaoskit.verdict import Outcome
from tests.journal.story import Story, at

RUNNER = CliRunner()


def test_an_unknown_experiment_is_refused() -> None:
    with pytest.raises(InputError, match="no shipped experiment has this name"):
        RUNNER.invoke(app, ["cascade", "live", "nothing-like-it"], catch_exceptions=False)


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--calibrate"], 1)])
def test_it_prints_and_draws_what_users_lost(
    more: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = UserServed(at=at(2), client="app", unit="order", wanted_at=at(1), outcome="lost", because="no address")
    run = Story().head("app").fault(5000, 7000).looks().add(lost).run()

    async def played(experiment: Any, **_: Any) -> session.RunResult:
        return session.RunResult(run=run, verdicts=(), outcome=Outcome.PASSED, folder=tmp_path, files=())

    monkeypatch.setattr(session, "run", played)
    monkeypatch.setattr(preflight, "check", lambda *_: None)
    result = RUNNER.invoke(app, ["cascade", "live", "leases-and-apps", "--out", str(tmp_path / "runs"), *more])
    assert (result.exit_code, "of 1 orders, 1 were lost; most often: no address" in result.output) == (code, True)
    assert "of 1 orders" in (tmp_path / "cascade.html").read_text()
