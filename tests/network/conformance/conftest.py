"""The suite runs against the embedded proxy and every Toxiproxy at hand (``servers.KINDS``); where there is none its half is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.conformance.subject import Subject
from tests.network.servers import KINDS, running


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """One proxy server for a module's tests."""
    with running(request.param) as server:
        yield Subject(request.param, server.address())


@pytest.fixture
def subject(server: Subject) -> Iterator[Subject]:
    """The server, with nothing on it."""
    yield server
    server.clear()
