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
