"""The folders of a run, as people find them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.engine.folders import ON_HOST, seen_from_host


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({}, "/runs/20261126-1-x/report.html"),
        ({ON_HOST: ""}, "/runs/20261126-1-x/report.html"),
        ({ON_HOST: "runs"}, "runs/20261126-1-x/report.html"),
        ({ON_HOST: "/srv/game days"}, "/srv/game days/20261126-1-x/report.html"),
    ],
)
def test_a_file_of_a_container_is_named_as_its_host_has_it(environment: dict[str, str], seen: str) -> None:
    assert seen_from_host(Path("/runs/20261126-1-x/report.html"), environment) == Path(seen)
