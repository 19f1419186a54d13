"""Route 53 over plain HTTP, as an emulator of somebody else's would be."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from cheroot.wsgi import Server

from chaoskit.aws.evidence import Evidence
from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.control_plane import Behaviour, ControlPlane
from chaoskit.aws.route53.front import Route53
from chaoskit.aws.service import MockServices


@contextlib.contextmanager
def route53() -> Iterator[Endpoint]:
    """A Route 53 over plain HTTP, with the hosted zone live.test."""
    own = Route53(MockServices().application, ControlPlane(Behaviour(account=None)))
    server = Server(("127.0.0.1", 0), Evidence(own, lambda _: None))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        endpoint = Endpoint(f"http://127.0.0.1:{server.bind_addr[1]}")
        endpoint.create_zone("live.test.", "live.test")
        yield endpoint
    finally:
        server.stop()
        thread.join()
