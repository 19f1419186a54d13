"""The suite runs against both. Toxiproxy is CHAOSKIT_TOXIPROXY, or ``toxiproxy-server`` on PATH; without it its half is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.conformance.subject import DEFECTS, Subject
from tests.network.servers import running


@pytest.fixture(scope="module", params=sorted(DEFECTS))
def server(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """One proxy server for a module's tests."""
    with running(request.param) as server:
        yield Subject(request.param, server.address())


@pytest.fixture
def subject(server: Subject) -> Iterator[Subject]:
    """The server, with nothing on it."""
    yield server
    server.clear()
