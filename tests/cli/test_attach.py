"""What ``chaoskit attach`` makes of its words, before any engine is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chaoskit.cli.attach import DEFAULT_TITLE, attach, load_for
from chaoskit.compose.running import Origin
from chaoskit.errors import ExperimentError, InputError
from chaoskit.sandbox.owner import Owner
from chaoskit.units import SECOND
from tests.compose.engines import Engine, container


def written(folder: Path, timeline: str) -> Path:
    path = folder / "theirs.yaml"
    path.write_text(f"title: theirs\nservices: {{dynamodb: {{}}}}\ntimeline:\n  - {timeline}\n")
    return path


def test_without_an_experiment_a_record_goes_empty_for_a_while() -> None:
    experiment, _ = load_for(None, [], ["web", "worker"])
    assert experiment.spec.title == DEFAULT_TITLE
    assert [(one.where.name, list(one.when.spans(60 * SECOND))) for one in experiment.planes["dns"]] == [
        ("dynamodb.us-east-1.amazonaws.com", [(10 * SECOND, 30 * SECOND)])
    ]
    assert sorted(experiment.spec.clients) == ["web", "worker"]


def test_blanks_are_added_to_the_experiments_own_faults(tmp_path: Path) -> None:
    path = written(
        tmp_path, "{id: slow, network: {latency: {latency: 1s}}, where: dynamodb, when: {from: 1s, for: 2s}}"
    )
    experiment, document = load_for(str(path), ["dynamodb.us-east-1.amazonaws.com@5s+2s"], ["web"])
    assert [type(one.fault).__name__ for one in experiment.injections] == ["Empty", "Latency"]
    assert document.path == str(path)


def test_a_blank_takes_an_id_that_is_free(tmp_path: Path) -> None:
    path = written(tmp_path, "{id: blank-1, network: down, where: dynamodb, when: {from: 1s, for: 2s}}")
    experiment, _ = load_for(str(path), ["dynamodb.us-east-1.amazonaws.com@5s+2s"], ["web"])
    assert [one.id for one in experiment.injections] == ["blank-2", "blank-1"]


def test_a_container_of_theirs_is_not_ours_to_kill(tmp_path: Path) -> None:
    path = written(tmp_path, "{id: gone, process: kill, where: web, when: {from: 1s, for: 2s}}")
    with pytest.raises(
        InputError, match="gone is a process fault on web, whose container is not chaoskit's"
    ) as refused:
        load_for(str(path), [], ["web"])
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("place", ["zone: 2", "addresses: [127.11.1.0/24]"])
def test_a_toxic_at_some_addresses_would_meet_nothing(tmp_path: Path, place: str) -> None:
    where = f"{{service: dynamodb, {place}}}"
    path = written(
        tmp_path, f"{{id: slow, network: {{latency: {{latency: 1s}}}}, where: {where}, when: {{from: 1s, for: 2s}}}}"
    )
    path.write_text(path.read_text().replace("{dynamodb: {}}", "{dynamodb: {availability_zones: 3}}"))
    with pytest.raises(InputError, match=r"slow is aimed at .*; under attach a service has other addresses"):
        load_for(str(path), [], ["web"])


def test_a_plane_of_ours_may_be_paused(tmp_path: Path) -> None:
    path = written(tmp_path, "{id: hung, process: pause, where: service, when: {from: 1s, for: 2s}}")
    experiment, _ = load_for(str(path), [], ["web"])
    assert [one.id for one in experiment.injections] == ["hung"]


def test_what_is_wrong_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"theirs\.yaml:4"):
        load_for(str(written(tmp_path, "{dns: emty, where: a.test, when: {from: 1s, for: 2s}}")), [], ["web"])


@pytest.mark.parametrize("name", ["Big.Name_1", "1st", "x" * 41, "canary", "service", "dns", "network"])
def test_a_service_with_a_forbidden_name_is_not_the_file_s_fault(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "{dns: empty, where: a.test, when: {from: 1s, for: 2s}}")
    with pytest.raises(InputError, match=f"service '{name}' of the project cannot be a client's name here") as refused:
        load_for(str(path), [], ["web", name])
    assert "leave it out with --service" in str(refused.value)
    assert str(path) not in str(refused.value)


def origin(owner: Owner | None) -> Origin:
    return Origin(project="shop", options=(), scale={"web": 1}, owner=owner)


def attached(
    monkeypatch: pytest.MonkeyPatch, left: Origin, *, put_back: bool = False, yes: bool = True
) -> tuple[list[str], InputError | None]:
    """What ``attach`` put back where ``left`` was, and what it refused."""
    engine = Engine(container("web", health="unhealthy"))
    done: list[str] = []
    monkeypatch.setattr("chaoskit.cli.attach.Docker", lambda: engine)
    monkeypatch.setattr("chaoskit.cli.attach.left_behind", lambda *_: [left])
    monkeypatch.setattr("chaoskit.cli.attach.put_back", lambda _, one: done.append(one.project))
    try:
        attach("shop", yes=yes, put_back=put_back)
    except InputError as error:
        return done, error
    return done, None


LIVING = Owner.here()


@pytest.mark.parametrize("put_back", [False, True])
def test_nothing_is_taken_from_under_a_living_attach(monkeypatch: pytest.MonkeyPatch, put_back: bool) -> None:
    done, refused = attached(monkeypatch, origin(LIVING), put_back=put_back)
    assert done == []
    assert f"an attach is at work on it (process {LIVING.pid}" in str(refused)


def test_what_a_dead_attach_left_is_put_back_first(monkeypatch: pytest.MonkeyPatch) -> None:
    done, refused = attached(monkeypatch, origin(replace(LIVING, began="0")))
    assert done == ["shop"]
    assert "web is unhealthy" in str(refused)


def test_of_one_on_another_host_the_user_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    there = origin(replace(LIVING, host="elsewhere.test"))
    done, refused = attached(monkeypatch, there)
    assert done == []
    assert "if that has ended, put its work back: chaoskit attach --project shop --put-back" in str(refused)
    assert attached(monkeypatch, there, put_back=True) == (["shop"], None)


def test_what_is_left_out_unasked_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Engine(container("web"), container("side"), services={"web": {}, "side": {"network_mode": "none"}})
    monkeypatch.setattr("chaoskit.cli.attach.Docker", lambda: engine)
    attach("shop", dry_run=True)
    attach("shop", ["web"], dry_run=True)
    said = capsys.readouterr()
    assert said.out.count("not touched: side") == 2
    assert said.err.count("warning: side: network_mode: none: it has no network") == 1
    assert engine.asked == ["version --format {{.Server.Version}}"] * 2
