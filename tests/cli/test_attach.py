"""What ``chaoskit attach`` makes of its words, before any engine is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.cli.attach import DEFAULT_TITLE, Options, load_for
from chaoskit.errors import ExperimentError, InputError
from chaoskit.units import SECOND


def options(path: Path | None, *blanks: str) -> Options:
    return Options(
        project="shop",
        services=[],
        experiment=str(path) if path else None,
        blanks=list(blanks),
        probes=[],
        out=Path("runs"),
        subnet="10.253.54.0/24",
        yes=False,
        dry_run=True,
        put_back=False,
    )


def written(folder: Path, timeline: str) -> Path:
    path = folder / "theirs.yaml"
    path.write_text(f"title: theirs\nservices: {{dynamodb: {{}}}}\ntimeline:\n  - {timeline}\n")
    return path


def test_without_an_experiment_a_record_goes_empty_for_a_while() -> None:
    experiment, _ = load_for(options(None), ["web", "worker"])
    assert experiment.spec.title == DEFAULT_TITLE
    assert [(one.where.name, list(one.when.spans(60 * SECOND))) for one in experiment.dns] == [
        ("dynamodb.us-east-1.amazonaws.com", [(10 * SECOND, 30 * SECOND)])
    ]
    assert sorted(experiment.spec.clients) == ["web", "worker"]


def test_blanks_are_added_to_the_experiments_own_faults(tmp_path: Path) -> None:
    path = written(
        tmp_path, "{id: slow, network: {latency: {latency: 1s}}, where: dynamodb, when: {from: 1s, for: 2s}}"
    )
    experiment, document = load_for(options(path, "dynamodb.us-east-1.amazonaws.com@5s+2s"), ["web"])
    assert [type(one.fault).__name__ for one in experiment.injections] == ["Empty", "Latency"]
    assert document.path == str(path)


def test_a_container_of_theirs_is_not_ours_to_kill(tmp_path: Path) -> None:
    path = written(tmp_path, "{id: gone, process: kill, where: web, when: {from: 1s, for: 2s}}")
    with pytest.raises(
        InputError, match="gone is a process fault on web, whose container is not chaoskit's"
    ) as refused:
        load_for(options(path), ["web"])
    assert str(path) in str(refused.value)


def test_a_plane_of_ours_may_be_paused(tmp_path: Path) -> None:
    path = written(tmp_path, "{id: hung, process: pause, where: aws, when: {from: 1s, for: 2s}}")
    experiment, _ = load_for(options(path), ["web"])
    assert [one.id for one in experiment.injections] == ["hung"]


def test_what_is_wrong_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"theirs\.yaml:4"):
        load_for(options(written(tmp_path, "{dns: emty, where: a.test, when: {from: 1s, for: 2s}}")), ["web"])
