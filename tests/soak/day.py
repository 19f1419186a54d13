"""A scaled day: an experiment whose faults flap in every plane under load, and what its processes are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.processes import descendants

QUIET_S = 3.0
"""Before the first fault and after the last one."""

MODULES = ("chaoskit.dns", "chaoskit.network", "chaoskit.network.embedded", "chaoskit.aws")
"""The planes' processes, and the proxy's."""


def experiment(length_s: float, seed: int) -> str:
    """The day as a file. All that it expects is certain, whatever is drawn: the faults are met, and everything is well afterwards."""
    when = {"from": f"{QUIET_S}s", "for": f"{length_s - 2 * QUIET_S}s"}
    flapping: list[tuple[dict[str, Any], str, str]] = [
        ({"id": "blank", "dns": "empty", "where": "dynamodb.us-east-1.amazonaws.com"}, "1500ms", "2s"),
        ({"id": "resets", "network": {"reset_peer": {"timeout": 0}}, "where": "dynamodb"}, "400ms", "1600ms"),
        ({"id": "throttled", "service": "throttle", "where": "dynamodb"}, "900ms", "2500ms"),
    ]
    timeline = [fault | {"when": when | {"flap": {"on": on, "off": off}}} for fault, on, off in flapping]
    cold: dict[str, Any] = {"use": "boto3", "connection": "cold", "every": "100ms"}
    warm = {"use": "boto3", "connection": "warm", "every": "100ms"}
    return yaml.safe_dump(
        {
            "title": "A day of faults that come and go",
            "seed": seed,
            "duration": f"{length_s}s",
            "limits": {"ready_within": "100s", "longest_fault": f"{length_s}s"},
            "clients": {"cold": cold, "warm": warm, "legacy": cold | {"retry_mode": "legacy"}},
            "timeline": timeline,
            "expect": [
                "fault_exercised",
                {"success_rate": {"phase": "baseline", "at_least": 1.0}},
                {"success_rate": {"client": "cold", "phase": "fault", "at_most": 0.99}},
            ],
        },
        sort_keys=False,
    )


def planes_of(pid: int) -> dict[str, int]:
    """The planes of the run that process ``pid`` plays, by name, as far as they are there: the process that imports a plane's module."""
    planes = {}
    for child in descendants(pid):
        try:
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        except OSError:
            continue  # it has ended since it was listed
        if words[1:2] == ["-m"] and words[2] in MODULES:
            planes[words[2].removeprefix("chaoskit.")] = child
    return planes
