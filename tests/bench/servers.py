"""What is measured: our DNS process, and other servers where they are installed, all with the same zone on a loopback port of their own.

Each runs as a child in a session of its own, pinned to one core, in the foreground, under a configuration written here; nothing is
installed, enabled or left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaoskit.dns.faults import FAULTS
from chaoskit.dns.plan import DnsInjection
from chaoskit.dns.target import DnsTarget
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR
from tests.bench.generator import question

ZONE = "bench.test"
NAMES = [f"name{n}.{ZONE}" for n in range(1000)]
ADDRESS = "127.0.0.9"
SERVER_CORE, ASKER_CORE = 0, 1
READY_WITHIN_S = 10.0
LONGEST_S = 400
"""No peer lives longer, whatever becomes of the bench."""

Environment = Callable[[Path, int], list[str]]


@dataclass(slots=True)
class Running:
    """A server that answers. ``pid`` leads its session; ``log`` is our spool."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path | None = None
    figures: dict[str, list[float]] = field(default_factory=dict)

    @property
    def session(self) -> list[Path]:
        """The process and its children, in ``/proc``."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ProcessLookupError):
                    if os.getsid(int(entry.name)) == self.process.pid:
                        found.append(entry)
        return found

    def cpu_s(self) -> float:
        """User and system time so far, of threads and children that have ended too (proc(5), ``stat``: to 10 ms)."""
        ticks = 0
        for process in self.session:
            with contextlib.suppress(OSError):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """The most memory that it ever had resident, children included."""
        total = 0
        for process in self.session:
            with contextlib.suppress(OSError):
                lines = (process / "status").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
        return total / 1024

    def tell(self, **command: Any) -> None:
        """A command of the process contract, for ours."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Stop it, if need be by force."""
        if self.process.stdin is not None and self.process.poll() is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self.tell(do="stop")
                self.process.wait(timeout=5)  # the end of its input would end it before its log is whole
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=3)
                return


@contextlib.contextmanager
def on_core(number: int) -> Iterator[None]:
    """Run on one core, and start children there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def dice(names: list[str]) -> list[DnsInjection]:
    """A probabilistic fault on each of ``names``."""
    fault = FAULTS.get("empty")()
    return [Injection(f"dice{n}", DnsTarget(name), Once(0, HOUR), fault, 0.5) for n, name in enumerate(names)]


def chaoskit(
    folder: Path, *, udp: str = "batched", injections: list[DnsInjection] | None = None, name: str = ""
) -> Running:
    """Our own process, with its complete query log going to a file, and 1 % of the names under a probabilistic fault."""
    records = [{"name": one, "rtype": "A", "ttl": 60, "data": ADDRESS} for one in NAMES]
    log = folder / f"{name or udp}.spool"
    plan = {
        "seed": 1,
        "listeners": [{"label": "bench", "host": "127.0.0.1", "port": 0}],
        "zones": [{"apex": ZONE, "records": records}],
        "injections": [injection_to_json(one) for one in (dice(NAMES[::100]) if injections is None else injections)],
        "spool": str(log),
        "udp": udp,
    }
    with on_core(SERVER_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "chaoskit.dns"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    running = Running(f"chaoskit {name or udp}", 0, process, log)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(plan).encode() + b"\n")
    process.stdin.flush()
    ready = json.loads(process.stdout.readline())
    running.port = int(ready["addresses"]["bench"].rpartition(":")[2])
    return running


def zone_file(folder: Path) -> Path:
    """The zone as a standard master file."""
    path = folder / "zone"
    head = f"$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns hostmaster 1 7200 900 1209600 60\n@ NS ns\nns A {ADDRESS}\n"
    path.write_text(head + "".join(f"{name}. A {ADDRESS}\n" for name in NAMES))
    return path


def _dnsmasq(folder: Path, port: int) -> list[str]:
    hosts = folder / "hosts"
    hosts.write_text("".join(f"{ADDRESS} {name}\n" for name in NAMES))
    options = ["keep-in-foreground", "no-resolv", "no-hosts", "bind-interfaces", "local-ttl=60", "conf-file=/dev/null"]
    options += [f"port={port}", "listen-address=127.0.0.1", f"addn-hosts={hosts}", "pid-file", "user=root"]
    return ["dnsmasq", *(f"--{option}" for option in options)]


def _dnsmasq_logging(folder: Path, port: int) -> list[str]:
    return [*_dnsmasq(folder, port), "--log-queries", f"--log-facility={folder}/log"]


def _unbound(folder: Path, port: int) -> list[str]:
    lines = ["server:", f"interface: 127.0.0.1@{port}", 'chroot: ""', 'username: ""', 'pidfile: ""', "do-daemonize: no"]
    lines += [f'directory: "{folder}"', "use-syslog: no", "num-threads: 1", "access-control: 127.0.0.0/8 allow"]
    lines += [f'local-zone: "{ZONE}" static', *(f'local-data: "{name} 60 A {ADDRESS}"' for name in NAMES)]
    return ["unbound", "-d", "-c", _written(folder / "unbound.conf", lines)]


def _powerdns(folder: Path, port: int) -> list[str]:
    _written(folder / "named.conf", [f'zone "{ZONE}" {{ type master; file "{zone_file(folder)}"; }};'])
    lines = ["launch=bind", f"bind-config={folder}/named.conf", "local-address=127.0.0.1", f"local-port={port}"]
    lines += [
        "daemon=no",
        "guardian=no",
        "disable-syslog=yes",
        "loglevel=0",
        f"socket-dir={folder}",
        "setuid=",
        "setgid=",
    ]
    lines += [
        "receiver-threads=1",
        "distributor-threads=1",
        "max-tcp-connections=100",
        "max-tcp-transactions-per-conn=0",
    ]
    _written(folder / "pdns.conf", lines)
    return ["pdns_server", f"--config-dir={folder}"]


def _nsd(folder: Path, port: int) -> list[str]:
    lines = ["server:", f"ip-address: 127.0.0.1@{port}", "server-count: 1", 'username: ""', 'chroot: ""']
    lines += [f'zonesdir: "{folder}"', 'database: ""', f'pidfile: "{folder}/nsd.pid"', f'xfrdfile: "{folder}/xfrd"']
    lines += [f'xfrdir: "{folder}"', f'zonelistfile: "{folder}/zones"', "rrl-ratelimit: 0"]
    lines += ["remote-control:", "control-enable: no", "zone:", f"name: {ZONE}", f'zonefile: "{zone_file(folder)}"']
    return ["nsd", "-d", "-c", _written(folder / "nsd.conf", lines)]


def _knot(folder: Path, port: int) -> list[str]:
    lines = ["server:", f"  rundir: {folder}", f"  listen: 127.0.0.1@{port}", "  udp-workers: 1", "  tcp-workers: 1"]
    lines += [
        "  background-workers: 1",
        "database:",
        f"  storage: {folder}",
        "log:",
        "- target: stderr",
        "  any: error",
    ]
    lines += ["zone:", f"- domain: {ZONE}", f"  file: {zone_file(folder)}", "  journal-content: none"]
    return ["knotd", "-c", _written(folder / "knot.conf", lines)]


def _dnslib(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.dnslib_server", str(port)]


PEERS: dict[str, tuple[str, Environment]] = {
    "Knot": ("knotd", _knot),
    "NSD": ("nsd", _nsd),
    "unbound": ("unbound", _unbound),
    "PowerDNS": ("pdns_server", _powerdns),
    "dnsmasq": ("dnsmasq", _dnsmasq),
    "dnsmasq, logging": ("dnsmasq", _dnsmasq_logging),
    "dnslib threaded": (sys.executable, _dnslib),
}


@contextlib.contextmanager
def peer(name: str, parent: Path) -> Iterator[Running | str]:
    """A server under load's reach, or why there is none."""
    program, configure = PEERS[name]
    path = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
    if shutil.which(program, path=path) is None:
        yield f"{program} is not installed"
        return
    folder = parent / name.replace(" ", "-").replace(",", "")
    folder.mkdir()
    port = free_port()
    with on_core(SERVER_CORE), (folder / "stderr").open("wb") as said:
        process = subprocess.Popen(
            [*at_most(), *configure(folder, port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            env=os.environ | {"PATH": path},
        )
    running = Running(name, port, process)
    try:
        answers = wait_until_it_answers(running)
        lines = (folder / "stderr").read_text(errors="replace").strip().splitlines()
        yield running if answers else f"it does not answer: {lines[-1] if lines else 'it said nothing'}"
    finally:
        running.end()


def at_most() -> list[str]:
    """So that a peer ends even if we are killed: coreutils' ``timeout``."""
    return ["timeout", "--foreground", "--kill-after=1", str(LONGEST_S)] if shutil.which("timeout") else []


def wait_until_it_answers(running: Running) -> bool:
    """Ask until it gives the address; false if it never does."""
    deadline = time.monotonic() + READY_WITHIN_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", running.port))
        while time.monotonic() < deadline and running.process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                udp.send(question(NAMES[1], 1))
                if select.select([udp], [], [], 0.05)[0] and socket.inet_aton(ADDRESS) in udp.recv(512):
                    return True
    return False


def free_port() -> int:
    """A port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port: int = udp.getsockname()[1]
        return port


def _written(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join(lines) + "\n")
    return str(path)
