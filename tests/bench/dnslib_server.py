"""dnslib's own threaded server with a resolver as quick as its interface allows: ``python -m tests.bench.dnslib_server PORT``."""

from __future__ import annotations

import sys
import threading
from typing import Any

from dnslib import QTYPE, RR, A
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from tests.bench.servers import ADDRESS, NAMES


class Resolver(BaseResolver):  # type: ignore[misc]
    """A dictionary."""

    def __init__(self) -> None:
        self.names = dict.fromkeys(NAMES, A(ADDRESS))

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=self.names[name], ttl=60))
        return reply


def main() -> None:
    server = DNSServer(Resolver(), address="127.0.0.1", port=int(sys.argv[1]), logger=DNSLogger("", lambda _: None))
    server.start_thread()
    threading.Event().wait(600)  # it is killed long before


if __name__ == "__main__":
    main()
