"""Packets of every kind at a server whose faults are on: it lives, its memory is flat, and it answers rightly afterwards.

``CHAOSKIT_PACKETS`` is how many, ``CHAOSKIT_SOAK_SEED`` which.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import dns.message
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.serving import PATIENCE_S, Served, serving
from tests.soak.control import ask
from tests.soak.memory import MOST_GROWTH, resident_kb

PACKETS = int(os.environ.get("CHAOSKIT_PACKETS", "200000"))
SEED = int(os.environ.get("CHAOSKIT_SOAK_SEED", "20251020"))
KINDS = 20_000
"""So many different packets are made, and sent over and over."""
AT_ONCE = 100
"""Packets between two questions whose answer is waited for: twice as many fit into a socket's buffer, so none is lost before the server."""
HONEST = dns.message.make_query("ns.example.com", "A", id=0).to_wire()[2:]
"""A question that no fault touches, without its id."""
LEAST_MARK = 0xF000
"""Ids from here on are those of the honest questions."""
FAULTS: dict[str, Any] = {
    "empty": "empty", "nxdomain": "nxdomain", "servfail": "servfail", "truncate": "truncate", "garbage": "garbage",
    "lame": "lame", "stale": "stale", "drop": "drop", "wrong-id": "wrong_id", "no-edns": "no_edns", "oversize": "oversize",
    "late": {"delay": {"by": "50ms"}}, "looped": {"cname": {"how": "loop"}}, "twice": "duplicate",
    "address": {"address": {"to": "192.0.2.7"}},
}  # fmt: skip
FLAP = {"on": "1500ms", "off": "600ms"}
LONGEST = "2h"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + PACKETS // 500)]


def packets(generator: random.Random) -> list[bytes]:
    """Questions for every name with a fault, as they are, damaged, and noise."""
    made = []
    for _ in range(KINDS):
        name = f"{generator.choice(sorted(FAULTS))}.example.com"
        query = dns.message.make_query(
            name, generator.choice(("A", "AAAA", "TXT", "SOA", "ANY", "HTTPS")),
            use_edns=generator.choice((None, 0)), id=generator.randrange(LEAST_MARK),
        )  # fmt: skip
        data = bytearray(query.to_wire())
        kind = generator.random()
        if kind < 0.2:
            for _ in range(generator.randrange(1, 6)):
                data[generator.randrange(len(data))] = generator.randrange(256)
        elif kind < 0.3:
            del data[generator.randrange(len(data)) :]
        elif kind < 0.4:
            data = bytearray(generator.randbytes(generator.randrange(1, 400)))
        if data[:1] < b"\xf0":
            made.append(bytes(data))
    return made


def send_all(server: Served, generator: random.Random) -> list[int]:
    """Send ``PACKETS``; returns the server's memory after the first tenth and at the end, in KiB."""
    ring, sent = packets(generator), 0
    memory: list[int] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", server.port))
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        marks = itertools.cycle(number.to_bytes(2) for number in range(LEAST_MARK, 0x10000))
        under_way = b""
        while sent < PACKETS:
            for data in generator.sample(ring, AT_ONCE):
                udp.send(data)
            sent += AT_ONCE
            mark = next(marks)
            udp.send(mark + HONEST)
            if under_way:  # one batch is on its way while the server is at the other
                wait_for_the_honest_answer(udp, under_way)
            under_way = mark
            if not memory and sent >= PACKETS // 10:
                memory.append(resident_kb(server.process.pid))
    return [*memory, resident_kb(server.process.pid)]


def wait_for_the_honest_answer(udp: socket.socket, mark: bytes) -> None:
    """The server takes datagrams in turn, so it has taken all before the question with the id ``mark`` when it is answered."""
    udp.settimeout(2.0)
    for _ in range(int(PATIENCE_S)):
        with contextlib.suppress(TimeoutError):
            while udp.recv(65_535)[:2] != mark:
                pass
            return
        udp.send(mark + HONEST)
    raise AssertionError("the server answers no more")


def figures(server: Served) -> dict[str, float]:
    """What the server counted: by the name of the metric, and its queries by whether a fault met them."""
    counted: dict[str, float] = {"met": 0, "unmet": 0}
    for family in text_string_to_metric_families(ask(server.control, "GET", "/metrics")[1].decode()):
        for sample in family.samples:
            if sample.name == "chaoskit_dns_queries_total":
                counted["met" if sample.labels["injected"] == "true" else "unmet"] += sample.value
            elif not sample.labels:
                counted[sample.name] = sample.value
    return counted


def test_packets_of_every_kind_with_faults_on(tmp_path: Path) -> None:
    generator = random.Random(SEED)
    with serving(tmp_path, "--longest", LONGEST) as server:
        records = "".join(f"{name} 5 A 192.0.2.1\n" for name in FAULTS)
        zone = {"example.com": f"$ORIGIN example.com.\n@ 5 A 192.0.2.99\nns 5 A 192.0.2.53\n{records}"}
        assert ask(server.control, "PUT", "/zones", {"master_files": zone})[0] == 200
        for number, (name, fault) in enumerate(FAULTS.items()):
            begun = {
                "fault": fault,
                "where": f"{name}.example.com",
                "for": LONGEST,
                **({"flap": FLAP} if number % 2 else {}),
            }
            status, body = ask(server.control, "POST", "/injections", begun)
            assert status == 201, body
        before, after = send_all(server, generator)
        counted = figures(server)
        assert counted["chaoskit_injections"] == len(FAULTS), "no injection was withdrawn"
        assert counted["chaoskit_dns_failed_total"] == 0
        assert ask(server.control, "POST", "/halt", {})[0] == 200
        for name in FAULTS:
            assert server.look(f"{name}.example.com").addresses == ("192.0.2.1",)
        assert after <= before * MOST_GROWTH, f"{before} KiB after a tenth, {after} KiB at the end"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0
    sys.stdout.write(
        f"{PACKETS:,} packets of seed {SEED} with {len(FAULTS)} faults on: {counted['met']:,.0f} queries met one, {counted['unmet']:,.0f} "
        f"met none; memory {before / 1024:.1f} MiB after a tenth, {after / 1024:.1f} MiB at the end\n"
    )
