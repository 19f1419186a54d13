"""``make bench``: how fast our DNS server is, as ratios to other servers in one run. Loopback only, bounded, about three minutes.

``--quick`` measures fewer peers, shorter. Servers that are not installed are left out, with the reason; nothing fails for want of them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from chaoskit.journal.spool import SpoolReader
from tests.bench import latency, throughput
from tests.bench.servers import PEERS, Running, chaoskit, peer

QUICK_PEERS = ("NSD", "dnsmasq, logging", "dnslib threaded")
BATCHING, DNSPERF, TCP = "batching", "dnsperf", "dnsperf, TCP"
BUDGET_S = 3.0
TARGETS = [
    # ours, theirs, with which generator, at least that many times as many answers per CPU-second
    ("chaoskit batched", "NSD", BATCHING, 1.0),
    ("chaoskit batched", "Knot", BATCHING, 0.9),
    ("chaoskit batched", "dnsmasq, logging", BATCHING, 3.0),
    ("chaoskit batched", "dnslib threaded", BATCHING, 40.0),
    ("chaoskit plain", "dnsmasq, logging", BATCHING, 2.0),
    ("chaoskit batched", "PowerDNS", TCP, 1.0),
]


@dataclass(slots=True)
class Report:
    """What is printed."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def row(self, what: str, measured: str, target: str = "", *, met: bool | None = None) -> None:
        """``met`` None: a figure without a target, or one that could not be measured."""
        self.rows.append((what, measured, target, "" if met is None else "met" if met else "NOT MET"))

    def show(self) -> None:
        table([("measure", "measured", "target", ""), *self.rows])


def table(rows: list[tuple[str, ...]]) -> None:
    """In Markdown, so that it can stand in a document as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if not number:
            say("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    say()


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def machine(names: list[str]) -> None:
    """The facts without which the figures say nothing."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    say(
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores; Linux {platform.release()};",
    )
    say(f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} at the beginning")
    packages = {
        "NSD": "nsd",
        "Knot": "knot",
        "unbound": "unbound",
        "PowerDNS": "pdns-server",
        "dnsmasq": "dnsmasq-base",
    }
    found = []
    if shutil.which("dpkg-query"):
        for name in [packages[name] for name in names if name in packages] + ["dnsperf"]:
            said = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Package} ${Version}", name], capture_output=True, text=True
            )
            found += [said.stdout] if said.stdout else []
    say("; ".join(found) + "\n")


def throughputs(folder: Path, names: list[str], report: Report, *, rounds: int) -> None:
    """The table of servers, and the ratios."""
    with contextlib.ExitStack() as stack:
        servers = [chaoskit(folder, udp="batched"), chaoskit(folder, udp="plain")]
        for running in servers:
            stack.callback(running.end)
            running.tell(do="arm", origin=time.monotonic_ns())
        missing = {}
        for name in names:
            made = stack.enter_context(peer(name, folder))
            if isinstance(made, Running):
                servers.append(made)
            else:
                missing[name] = made
        throughput.measure(servers, throughput.batching, BATCHING, rounds=rounds, seconds=1)
        udp, tcp = (
            throughput.dnsperf(folder, "-q", "200"),
            throughput.dnsperf(folder, "-m", "tcp", "-q", "1000", "-c", "4"),
        )
        if udp and tcp:
            # Of what dnslib does not answer, dnsperf waits for the rest.
            answering = [one for one in servers if one.name != "dnslib threaded"]
            throughput.measure(answering, udp, DNSPERF, rounds=max(1, rounds - 2), seconds=1)
            by_tcp = [one for one in servers if one.name in ("chaoskit batched", "PowerDNS", "Knot")]
            throughput.measure(by_tcp, tcp, TCP, rounds=rounds, seconds=1)
        else:
            missing["dnsperf"] = "dnsperf is not installed"
        memory = {running.name: running.rss_mb() for running in servers}
        show_servers(servers, memory)
        for name, why in missing.items():
            say(f"{name}: not measured: {why}")
        ratios(servers, report)
        report.row(
            "memory under this load, at most",
            f"{memory['chaoskit batched']:.0f} MB",
            "≤ 40 MB",
            met=memory["chaoskit batched"] <= 40,
        )
    for running in servers[:2]:
        whole_log(running, report)


def show_servers(servers: list[Running], memory: dict[str, float]) -> None:
    def cell(running: Running, figure: str) -> str:
        values = running.figures.get(figure, [])
        return (
            f"{statistics.median(values) / 1e3:.0f} ({min(values) / 1e3:.0f}–{max(values) / 1e3:.0f})" if values else ""
        )

    figures = (BATCHING, DNSPERF, TCP)
    ordered = sorted(servers, key=lambda one: -latency.median(one.figures.get(BATCHING, [])))
    say("Thousand answers per second of the server's processor time: median (least–most) of the rounds.\n")
    table(
        [
            ("server", *figures, "MB"),
            *((one.name, *(cell(one, f) for f in figures), f"{memory[one.name]:.0f}") for one in ordered),
        ]
    )


def ratios(servers: list[Running], report: Report) -> None:
    by_name = {running.name: running for running in servers}
    for ours, theirs, figure, least in TARGETS:
        what, target = f"{ours} / {theirs} ({figure})", f"≥ {least:g} ×"
        values = [by_name[name].figures.get(figure, []) if name in by_name else [] for name in (ours, theirs)]
        if not all(values):
            report.row(what, "not measured", target)
            continue
        ratio = statistics.median(values[0]) / statistics.median(values[1])
        report.row(what, f"{ratio:.2f} ×", target, met=ratio >= least)


def whole_log(running: Running, report: Report) -> None:
    """The query log of all that load, read back."""
    assert running.log is not None
    reader = SpoolReader(running.log)
    faults = sum(count for shape, count in reader.count().items() if shape.faults)
    what = f"query log of {running.name}"
    measured = f"{reader.read:,} queries ({faults:,} met a fault), {reader.lost:,} lost"
    report.row(what, measured, "complete, or loss counted", met=reader.complete)


def latencies(folder: Path, report: Report) -> None:
    """Round trips, flips, delays."""

    def both(values: list[int]) -> str:
        return f"{latency.p(50, values):.0f} / {latency.p(99, values):.0f} µs"

    report.row("round trip to an echo (recvfrom, sendto), p50 / p99", both(latency.bare_round_trip()))
    idle, beside, late = latency.beside_delayed(folder)
    report.row("bare round trip to chaoskit, p50 / p99", both(idle))
    slower = latency.p(99, beside) / latency.p(99, idle)
    what = f"the same beside {latency.DELAYED:,} answers delayed by 2 s"
    met = slower <= 2 and late == latency.TURNS * latency.DELAYED
    report.row(what, both(beside), f"p99 ≤ 2 × idle (is {slower:.1f} ×)", met=met)
    flips = latency.scheduled_flips(folder)
    ratio = latency.p(50, flips.lags) / latency.p(50, flips.trips)
    report.row("round trip between flips, p50 / p99", both(flips.trips))
    what = f"flip by schedule ({len(flips.lags)}) to the first answer, p50 / p99"
    report.row(what, both(flips.lags), f"p50 ≤ 1.5 × a round trip (is {ratio:.1f} ×)", met=ratio <= 1.5)
    report.row("flip by a command on a pipe to the first answer, p50 / p99", both(latency.commanded_flips(folder)))
    wrong = f"{flips.stale} / {flips.early}"
    what = f"stale / early among {flips.asked:,} answers around the flips"
    report.row(what, wrong, "0 / 0", met=not (flips.stale or flips.early))


def start_up(folder: Path, report: Report) -> None:
    """From ``chaoskit run`` to the first call."""
    measured = latency.start_up(folder)
    if isinstance(measured, str):
        report.row("start-up of chaoskit run", f"not measured: {measured}", f"≤ {BUDGET_S:g} s")
        return
    report.row(
        "chaoskit run, to its first call (from the journal's head)",
        f"{measured[0]:.2f} s ({measured[1]:.2f} s)",
        f"≤ {BUDGET_S:g} s",
        met=measured[0] <= BUDGET_S,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="How fast the DNS server is.")
    parser.add_argument("--quick", action="store_true", help="fewer peers, shorter")
    quick = parser.parse_args().quick
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        say("The bench pins server and asker to a core each: it needs Linux and two cores. Nothing was measured.")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the way out that ends every child
    names = list(QUICK_PEERS if quick else PEERS)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="chaoskit-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # servers that change their user read their zone here
        machine(names)
        throughputs(folder, names, report, rounds=2 if quick else 4)
        latencies(folder, report)
        start_up(folder, report)
    report.show()


if __name__ == "__main__":
    main()
