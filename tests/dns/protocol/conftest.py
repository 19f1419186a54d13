"""Every test that takes ``way`` runs by UDP, through each path that the server has for it, and by TCP, on IPv4 and IPv6."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dns.protocol.plane import Plane, Way, has_ipv6, running, udp_paths

HOSTS = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]


@pytest.fixture(scope="session", params=udp_paths())
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with running(request.param, tmp_path_factory.mktemp("dns")) as found:
        yield found


@pytest.fixture(params=HOSTS)
def udp(request: pytest.FixtureRequest, plane: Plane) -> Way:
    return Way(plane, request.param, "udp")


@pytest.fixture(params=HOSTS)
def tcp(request: pytest.FixtureRequest, plane: Plane) -> Way:
    return Way(plane, request.param, "tcp")


@pytest.fixture(params=["udp", "tcp"])
def way(request: pytest.FixtureRequest, plane: Plane) -> Way:
    return Way(plane, HOSTS[-1], request.param)
