"""Services come back as they were: with Compose's own hash, in order, with nothing else touched, and ours gone whatever fails after."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from chaoskit.compose import restore
from chaoskit.compose.restore import left_behind, put_back, settle, unlike
from chaoskit.compose.running import HASH, STATE, Origin, find
from chaoskit.errors import HarnessError
from tests.compose.engines import Engine, container, ours

ORIGIN = Origin(
    project="shop",
    options=("--file", "/srv/a.yaml"),
    scale={"db": 1, "web": 2},
    beside={"migrate": 1, "never": 0},
    awaits={"web": ("db",)},
)


def under(service: str, number: int = 1, health: str = "") -> dict[str, object]:
    return container(service, number, health=health, networks=["shop_default", "shop_chaoskit"])


def test_they_are_created_with_dependencies_started_in_order() -> None:
    engine = Engine(under("web"), under("web", 2), under("db", health="healthy"), ours())
    put_back(engine, ORIGIN)
    assert engine.asked == [
        "compose --file /srv/a.yaml --profile * create --no-build --pull never "
        "--scale db=1 --scale web=2 --scale migrate=1 --scale never=0 db web",
        "start id-db-1",
        "start id-web-1 id-web-2",
        "rm --force --volumes id-chaoskit-1",
    ]


def test_what_is_under_us_no_more_is_not_made_anew() -> None:
    engine = Engine(container("web"), container("db"), ours())
    put_back(engine, ORIGIN)
    assert engine.asked == ["start id-db-1", "start id-web-1", "rm --force --volumes id-chaoskit-1"]


def test_one_that_does_not_start_holds_up_no_other() -> None:
    engine = Engine(under("web"), under("db"), ours())
    engine.fails = "start id-db-1"
    with pytest.raises(HarnessError, match=r"db is as before, but does not start: .*the engine says no"):
        put_back(engine, ORIGIN)
    assert engine.asked[-2:] == ["start id-web-1", "rm --force --volumes id-chaoskit-1"]


def test_what_cannot_be_restored_is_not_forgotten() -> None:
    engine = Engine(under("web"), ours())
    engine.fails = "create"
    with pytest.raises(HarnessError, match="db, web is still under chaoskit") as refused:
        put_back(engine, ORIGIN)
    assert str(refused.value).endswith("chaoskit attach --project shop --put-back")
    assert engine.asked == []


def test_nothing_waits_for_a_service_that_will_not_be_well() -> None:
    engine = Engine(container("db", health="unhealthy"), container("web"), container("job", status="exited"))
    assert settle(engine, "shop", ["db", "web", "job", "none"]) == {"db": "unhealthy", "job": "exited"}


class Waking(Engine):
    """An engine on which every event makes the first container's health what comes next."""

    def __init__(self, *healths: str) -> None:
        super().__init__(container("db", health="starting"), container("db", 2, health="healthy"))
        self.healths = list(healths)

    def follow(self, *arguments: str) -> subprocess.Popen[bytes]:
        assert arguments[0] == "events"
        return subprocess.Popen(["yes", "event"], stdout=subprocess.PIPE)

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        self.containers[0] = container("db", health=self.healths.pop(0))
        return super().inspect(*names, kind=kind)


def test_a_service_that_is_starting_is_waited_for() -> None:
    assert settle(Waking("starting", "starting", "healthy"), "shop", ["db"]) == {}
    assert settle(Waking("starting", "unhealthy"), "shop", ["db"]) == {"db": "unhealthy"}


def test_the_waiting_ends_when_it_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "WELL_WITHIN_S", -1.0)
    assert settle(Waking("starting", *["starting"] * 99), "shop", ["db"]) == {"db": "starting"}


def test_what_is_left_is_told_by_its_label() -> None:
    engine = Engine(container("web"), ours(**{STATE: ORIGIN.to_json()}))
    assert [(one.scale, dict(one.beside)) for one in left_behind(engine, "shop")] == [(ORIGIN.scale, ORIGIN.beside)]
    assert left_behind(engine, "other") == []


def test_a_service_with_another_hash_is_not_as_it_was() -> None:
    before = find(Engine(container("web"), container("db")), "shop")
    after = find(Engine(container("web", labels={HASH: "other"}), container("db")), "shop")
    assert unlike(before, before) == []
    assert unlike(before, after) == ["web"]
