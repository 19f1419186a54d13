"""What a proxy in the path costs: none, the embedded one, and Toxiproxy where it is at hand, in one run.

``python -m tests.bench.proxy [SECONDS]``; Toxiproxy is CHAOSKIT_TOXIPROXY, or ``toxiproxy-server`` on PATH. Throughput is of one echo
service and one client with 64-KiB messages, both directions counted, per second of the proxy's own processor time; latency is of one byte
there and back. The ways are taken in turn, so that what disturbs the machine disturbs all alike.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaoskit.host_port import host_port
from chaoskit.network.plan import ProxySpec
from chaoskit.network.server import Embedded, Program
from chaoskit.network.toxiproxy import ToxiproxyControl

MESSAGE = bytes(64 << 10)
PINGS_A_TURN, TURNS, FLOODS = 200, 20, 4
ADDED_MOST_MS, SHARE_LEAST = 0.3, 0.5
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Way:
    """A way to the service. ``pid`` is the proxy's, None for the direct way."""

    name: str
    address: str
    pid: int | None = None
    round_trips_ns: list[int] = field(default_factory=list)
    carried: int = 0
    took_s: float = 0.0
    used_s: float = 0.0

    def cpu_s(self) -> float:
        if self.pid is None:
            return 0.0
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def dial(self) -> socket.socket:
        host, _, port = self.address.rpartition(":")
        client = socket.create_connection((host, int(port)), timeout=30)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    @property
    def per_s(self) -> float:
        return self.carried / self.took_s

    @property
    def per_cpu_s(self) -> float:
        return self.carried / self.used_s

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.round_trips_ns) / 1e6


def main(seconds: float = 4.0) -> int:
    """Measure and print; 0 when both aims are met, 1 otherwise."""
    with ExitStack() as stack:
        ways = _ways(stack)
        for _ in range(TURNS):
            for way in ways:
                _ping(way)
        for _ in range(FLOODS):
            for way in ways:
                _flood(way, seconds / FLOODS)
    direct, embedded = ways[:2]
    for way in ways:
        added = "" if way is direct else f", {way.p50_ms - direct.p50_ms:+.3f} ms to direct"
        cpu = "" if way.pid is None else f", {way.per_cpu_s / 1e6:.0f} MB per CPU-second of the proxy"
        _say(f"{way.name:22} p50 {way.p50_ms:.3f} ms there and back{added}; {way.per_s / 1e6:.0f} MB/s{cpu}")
    met = [_aim("added p50 of the embedded proxy, ms", embedded.p50_ms - direct.p50_ms, at_most=ADDED_MOST_MS)]
    if len(ways) > 2:
        share = embedded.per_cpu_s / ways[2].per_cpu_s
        met.append(_aim("its throughput per CPU-second, as a share of Toxiproxy's", share, at_least=SHARE_LEAST))
    else:
        _say("no Toxiproxy here: put toxiproxy-server on PATH, or its path into CHAOSKIT_TOXIPROXY")
    return 0 if all(met) else 1


def _ways(stack: ExitStack) -> list[Way]:
    service = _echo(stack)
    ways = [Way("direct", service)]
    embedded = Embedded(0, lambda line: None, _died)
    stack.callback(embedded.stop)
    servers: list[tuple[str, Embedded | Program]] = [("embedded proxy", embedded)]
    found = os.environ.get("CHAOSKIT_TOXIPROXY", "").split(os.pathsep)[0] or shutil.which("toxiproxy-server")
    if found:
        toxiproxy = Program(found, _died)
        stack.callback(toxiproxy.stop)
        servers.append(("Toxiproxy", toxiproxy))
    for name, server in servers:
        control = ToxiproxyControl(*server.address())
        address = control.populate([ProxySpec("bench", "bench", "127.0.0.1:0", service)])["bench"]
        ways.append(Way(server.implementation(control.version()) or name, address, server.pid))
    return ways


def _echo(stack: ExitStack) -> str:
    """An echo service in a process of its own, so that its interpreter lock is not the client's."""
    process = subprocess.Popen(
        [sys.executable, "-c", _ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    stack.callback(process.wait)
    stack.callback(process.kill)
    return host_port(("127.0.0.1", int(process.stdout.readline())))


_ECHO = """
import os, socket, sys, threading
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while data := connection.recv(1 << 18):
            connection.sendall(data)
    except OSError:
        pass
def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=accept, daemon=True).start()
sys.stdin.read()
os._exit(0)
"""


def _ping(way: Way) -> None:
    with way.dial() as client:
        for number in range(PINGS_A_TURN + 5):
            start = time.perf_counter_ns()
            client.sendall(b"x")
            client.recv(1)
            if number >= 5:  # the first ones open the way
                way.round_trips_ns.append(time.perf_counter_ns() - start)


def _flood(way: Way, seconds: float) -> None:
    """Send as fast as the echo comes back, for that long; both directions count."""
    got = 0
    ends = time.perf_counter() + seconds
    before, started = way.cpu_s(), time.perf_counter()
    with way.dial() as client:
        sender = threading.Thread(target=_send, args=(client, ends))
        sender.start()
        while data := client.recv(1 << 18):
            got += len(data)
        sender.join()
    way.took_s += time.perf_counter() - started
    way.used_s += way.cpu_s() - before
    way.carried += 2 * got


def _send(client: socket.socket, ends: float) -> None:
    with suppress(OSError):
        while time.perf_counter() < ends:
            client.sendall(MESSAGE)
        client.shutdown(socket.SHUT_WR)


def _aim(what: str, measured: float, *, at_least: float | None = None, at_most: float | None = None) -> bool:
    met = (at_least is None or measured >= at_least) and (at_most is None or measured <= at_most)
    aim = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    _say(f"{what}: {measured:.3f} (aim: {aim}) {'met' if met else 'NOT MET'}")
    return met


def _died(reason: str) -> None:
    raise RuntimeError(reason)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*(float(argument) for argument in sys.argv[1:2])))
