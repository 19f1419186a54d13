from __future__ import annotations

import pytest

from chaoskit.experiment.loader import resolve_plain
from chaoskit.experiment.warnings import warnings_of

BLANK = {"dns": "empty", "where": "dynamodb.us-east-1.amazonaws.com", "when": {"from": "1s", "for": "1s"}}
DOWN = {"network": "down", "where": "dynamodb", "when": {"from": "1s", "for": "1s"}}


@pytest.mark.parametrize(
    ("clients", "timeline", "services", "warned"),
    [
        ({"app": {}}, [BLANK], {}, True),
        ({"app": {}, "other": {"connection": "cold"}}, [BLANK], {}, False),
        ({"app": {"connection": "burst"}}, [BLANK], {}, False),
        ({"app": {}}, [BLANK, DOWN], {}, False),
        ({"app": {}}, [], {}, False),
        ({"app": {}}, [BLANK], {"dynamodb": {"max_requests": 5}}, False),
        ({"app": {"use": "noop"}}, [], {}, False),
    ],
)
def test_only_warm_clients_under_only_dns_faults(
    clients: object, timeline: object, services: object, warned: bool
) -> None:
    plain = {"title": "t", "clients": clients, "timeline": timeline, "duration": "5s"}
    if services:
        plain["services"] = services
    warnings = warnings_of(resolve_plain(plain, "x.yaml"))
    assert bool(warnings) is warned
    assert all("write connection: cold" in warning for warning in warnings)


def test_an_app_may_meet_a_dns_fault_that_warm_clients_do_not() -> None:
    plain = {
        "title": "t",
        "duration": "5s",
        "apps": {"api": {"argv": ["./api"], "ready": "localhost:8080"}},
        "services": {
            "shop": {"host": "shop.test", "port": 80, "backend": "api"},
            "db": {"host": "db.test", "port": 5432, "backend": "echo"},
        },
        "clients": {"visitor": {"use": "http", "url": "http://shop.test/"}},
        "timeline": [{"dns": "empty", "where": "db.test", "when": {"from": "1s", "for": "1s"}}],
    }
    assert warnings_of(resolve_plain(plain, "x.yaml")) == []


@pytest.mark.parametrize(
    ("clients", "words"),
    [
        ({"app": {}}, "app keeps one open connection and looks nothing up"),
        ({"app": {}, "other": {}}, "app, other each keep one open connection and look nothing up"),
    ],
)
def test_one_client_or_several_make_a_whole_sentence(clients: object, words: str) -> None:
    plain = {"title": "t", "clients": clients, "timeline": [BLANK], "duration": "5s"}
    assert words in warnings_of(resolve_plain(plain, "x.yaml"))[0]
