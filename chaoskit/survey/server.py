"""A server's command line as an experiment: one app, started once, and one probe that asks it all the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

APP = "app"
PROBE = "probe"


def server_experiment(
    base: Mapping[str, Any], argv: Sequence[str], variables: Mapping[str, str], ready: str, probe: str
) -> dict[str, Any]:
    """``base`` (zones and services) with the server as an app that is ready at the URL ``ready``, and ``probe`` asked every 250 ms.

    Up to 40 requests may be under way at once, so that the probe goes on while the server hangs; each is given up after 10 s.
    """
    client = {"use": "http", "url": probe, "every": "250ms", "concurrency": 40, "timeout": "10s", "connection": "cold"}
    app = {"argv": list(argv), "env": dict(variables), "ready": ready, "ready_within": "60s"}
    return {**base, "apps": {APP: app}, "clients": {PROBE: client}, "limits": {}, "timeline": []}
