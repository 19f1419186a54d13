"""Which service a client calls, which app answers it, and how a fault behind an app reaches its callers."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.expect.fault_exercised import FaultExercised
from chaoskit.journal import events as ev
from chaoskit.journal.aims import app_asked, service_called
from chaoskit.journal.reach import reach_of
from tests.journal.story import Story, at

SHOP: dict[str, Any] = {
    "apps": {"web": {}, "database": {}, "other": {}},
    "services": {
        "shop": {"host": "Shop.example.internal.", "port": 443, "backend": "web"},
        "db": {
            "host": "db.example.internal",
            "aliases": ["sql.example.internal"],
            "port": 5432,
            "backend": "database:5432",
        },
        "mail": {"host": "mail.example.internal", "port": 25, "backend": "other"},
    },
    "clients": {
        "visitor": {"use": "http", "url": "https://shop.example.internal/items"},
        "sql": {"use": "tcp", "address": "sql.example.internal:5432"},
        "sdk": {"service": "s3"},
        "plain": None,
        "stranger": {"use": "http", "url": "http://nobody.example/"},
        "aws": {"use": "http", "url": "https://sqs.eu-west-1.amazonaws.com/"},
    },
}


def story() -> Story:
    """The visitor's calls wait for the app web, which looks up the database's name, empty from 4 s to 6 s."""
    told = Story().head("visitor", canary=False)
    told.events[0] = ev.RunStarted(
        at=at(-3000), run_id="r", title="t", seed=1, source="x", experiment=SHOP, epoch_ns=1, versions={}, replay=""
    )
    told.ready("web", "program", -1500)
    target = {"name": "db.example.internal"}
    told.add(
        ev.InjectionPlanned(
            at=at(-60),
            injection="blank",
            plane="dns",
            fault="empty",
            where="db",
            target=target,
            spans=((at(4000), at(6000)),),
        )
    )
    return told


def look(told: Story, when: float, *faults: str) -> None:
    told.query("web", when, 5000 + int(when), name="db.example.internal", answers=not faults, faults=faults)


def test_a_program_waits_for_what_gives_it_credentials() -> None:
    metadata = {"host": "m.internal", "port": 80, "backend": "instance-metadata"}
    clients = {"job": {"use": "command"}, "sdk": {"use": "boto3"}, "probe": {"use": "http", "url": "http://a.example/"}}
    experiment = {"services": {"metadata": metadata}, "clients": clients}
    services = {name: reach_of(experiment, name, []).services for name in (*clients, "command")}
    assert services == {"job": {"metadata"}, "sdk": set(), "probe": set(), "command": {"metadata"}}
    assert reach_of({"services": {}, "clients": clients}, "job", []).services == set()


@pytest.mark.parametrize(
    ("client", "service", "app"),
    [
        ("visitor", "shop", "web"),
        ("sql", "db", "database"),
        ("sdk", "s3", None),
        ("plain", "dynamodb", None),
        ("stranger", None, None),
        ("aws", "sqs", None),
    ],
)
def test_a_client_s_url_tells_its_service(client: str, service: str | None, app: str | None) -> None:
    assert (service_called(SHOP, client), app_asked(SHOP, client)) == (service, app)


def test_what_an_app_looked_up_lies_behind_its_callers() -> None:
    told = story()
    look(told, 1000)
    reach = reach_of(SHOP, "visitor", told.run().lookups)
    assert (set(reach.apps), set(reach.services)) == ({"web", "database"}, {"db"})
    assert reach_of(SHOP, "sdk", told.run().lookups).apps == frozenset()


def test_a_caller_meets_what_troubles_the_app_that_answers_it() -> None:
    told = story()
    look(told, 1000)
    look(told, 5000, "blank")
    told.call("visitor", 1000, 1010)
    told.call("visitor", 5000, 5010, "failed")
    assert told.end().run().exposures("visitor") == {"blank"}


def test_a_caller_that_was_not_troubled_met_nothing() -> None:
    told = story()
    look(told, 5000, "blank")
    told.call("visitor", 1000, 1010)
    told.call("visitor", 5000, 5010)
    assert told.end().run().exposures("visitor") == frozenset()


@pytest.mark.parametrize(("process", "met"), [("database", {"kill"}), ("other", set())])
def test_an_app_that_is_killed_troubles_who_waits_for_it(process: str, met: set[str]) -> None:
    told = story()
    look(told, 1000)
    told.ready(process, "program", -1400)
    told.add(
        ev.InjectionPlanned(
            at=at(-59), injection="kill", plane="process", fault="kill", where=process, target={"process": process},
            spans=((at(7000), at(8000)),),
        ),
        ev.InjectionApplied(at=at(7001), injection="kill", due=at(7000)),
    )  # fmt: skip
    told.call("visitor", 1000, 1010)
    told.call("visitor", 7100, 7110, "failed")
    assert told.end().run().exposures("visitor") == met


def test_apps_make_no_calls_that_could_be_judged() -> None:
    run = story().end().run()
    assert (set(run.clients), run.callers) == ({"visitor", "web"}, ("visitor",))


def test_a_fault_that_met_nothing_says_what_would_have_met_it() -> None:
    told = story()
    told.add(ev.ConnectionOpened(at=at(500), connection="c", proxy="db@127.0.3.2", peer="p", upstream_peer="u"))
    verdict = FaultExercised().judge(told.end().run())
    assert verdict.finding == "broken"
    assert "1 connection to db was open, so nobody had to look the name up" in verdict.because
    assert "'network: {recycle: 0s}' on db or 'process: restart' of web would have made it meet" in verdict.because
    closed = ev.ConnectionClosed(at=at(3000), connection="c", proxy="db@127.0.3.2", bytes_up=1, bytes_down=1)
    assert "recycle" not in FaultExercised().judge(told.add(closed).run()).because
