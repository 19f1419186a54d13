"""From cells to experiments. Each client has a resolver address of its own, so one run holds many cells: each client its own fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.aws.endpoints import host_name
from chaoskit.experiment.loader import Experiment, resolve_plain
from chaoskit.lab.cells import REGION, Cell
from chaoskit.lab.faults import CONNECT_LIMIT_NS
from chaoskit.sim.policies import policy_of
from chaoskit.units import MILLISECOND, SECOND

CAPACITY = 18
"""Clients in one run, weighed: more of them would wait for the machine rather than for their SDK."""

WEIGHT = {"java": 3, "javascript": 3, "aws_cli": 3}
"""Clients that take more of the machine than others: a runtime that compiles as it goes, a process for every call."""

EVERY_NS = {"cold": 500 * MILLISECOND, "warm": 250 * MILLISECOND, "burst": 250 * MILLISECOND}
PROCESS_START_NS = 6 * SECOND
PROCESS_EVERY_NS = 1500 * MILLISECOND
"""For a client that is a process for every call: its start alone takes a second, on a busy machine several."""
BURST_EVERY_NS = 10 * SECOND
START_NS = 2125 * MILLISECOND
"""When the fault begins: between two calls, so that none is under way."""

LEAST_NS = 4 * SECOND
BURST_LEAST_NS = 11 * SECOND
AFTER_BURST_NS = 4 * SECOND
"""A burst comes half of its period after the start; the fault lasts until well after its last call has given up."""

TAIL_NS = 4 * SECOND
UNKNOWN_GIVE_UP_NS = 10 * SECOND
LONGEST_DRAIN_NS = 120 * SECOND
READY_WITHIN = "180s"

ADDRESSES = {
    "dynamodb": ("127.0.1.1", "127.0.1.11", "127.0.1.12", "127.0.1.13", "::1"),
    "sts": ("127.0.1.3", "127.0.1.31", "127.0.1.32", "127.0.1.33"),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Cells that share a run, one client process each; ``experiment`` has them in the same order."""

    cells: tuple[Cell, ...]
    experiment: Experiment


def batches(cells: Sequence[Cell]) -> list[Batch]:
    """The runs of one round: cells of like length together, so that none waits long for another."""
    groups: list[list[Cell]] = []
    room = 0
    for cell in sorted(cells, key=blank_ns):
        weight = WEIGHT.get(cell.variant.sdk, 1)
        if weight > room:
            groups.append([])
            room = CAPACITY
        groups[-1].append(cell)
        room -= weight
    return [_batch(tuple(together)) for together in groups]


def blank_ns(cell: Cell) -> int:
    """How long the cell's fault lasts: until a first call has given up and, for an empty record, the retry quota is drained."""
    policy, trouble = (
        policy_of(cell.variant.sdk, cell.variant.version, cell.variant.retry_mode, cell.variant.service),
        cell.fault.trouble,
    )
    if trouble is None or cell.connection == "warm":
        return BURST_LEAST_NS if cell.connection == "burst" else LEAST_NS
    unknown = UNKNOWN_GIVE_UP_NS + 4 * cell.fault.try_ns
    give_up = (PROCESS_START_NS if cell.variant.sdk == "aws_cli" else SECOND) + (
        policy.longest_call(trouble, cell.fault.try_ns) if policy else unknown
    )
    if cell.connection == "burst":
        return max(BURST_LEAST_NS, BURST_EVERY_NS // 2 - START_NS + give_up + AFTER_BURST_NS)
    if policy is None:
        return give_up
    if cell.fault.key != "empty" or cell.connection != "cold" or policy.quota is None or policy.tries(trouble) == 1:
        return max(LEAST_NS, give_up)
    calls = policy.quota.capacity // (policy.quota.price(trouble) * (policy.tries(trouble) - 1)) + 3
    usual = policy.longest_call(trouble, cell.fault.try_ns) * 2 // 3
    return max(LEAST_NS, min(LONGEST_DRAIN_NS, calls * max(every_ns(cell.variant.sdk, "cold"), usual)))


def every_ns(sdk: str, connection: str) -> int:
    """The period of a client's calls."""
    return PROCESS_EVERY_NS if sdk == "aws_cli" else EVERY_NS[connection]


def _batch(cells: tuple[Cell, ...]) -> Batch:
    labels = [f"c{number:02}" for number in range(1, len(cells) + 1)]
    services = sorted({cell.variant.service for cell in cells})
    ends = max(START_NS + blank_ns(cell) + _tail_ns(cell) for cell in cells)
    plain = {
        "title": f"SDK lab: {len(cells)} cells",
        "region": REGION,
        "duration": _written(ends),
        "services": {service: {"addresses": list(ADDRESSES[service]), "ttl": "5s"} for service in services},
        "clients": {label: client_of(cell) for label, cell in zip(labels, cells, strict=True)},
        "timeline": [
            injection for label, cell in zip(labels, cells, strict=True) for injection in _injections(label, cell)
        ],
        "limits": {"ready_within": READY_WITHIN, "grace": "60s"},
    }
    return Batch(cells, resolve_plain(plain, "chaoskit lab"))


def _tail_ns(cell: Cell) -> int:
    return max(TAIL_NS, cell.fault.try_ns + 3 * SECOND)


def client_of(cell: Cell) -> dict[str, Any]:
    """The client as an experiment file writes it."""
    client = cell.variant.client() | {
        "connection": cell.connection,
        "every": _written(every_ns(cell.variant.sdk, cell.connection)),
    }
    if cell.connection == "burst":
        client["burst_every"] = _written(BURST_EVERY_NS)
    if cell.fault.short_limits:
        client["connect_timeout"] = _written(CONNECT_LIMIT_NS)
    return client


def _injections(label: str, cell: Cell) -> list[dict[str, Any]]:
    """The cell's fault, aimed at its one client; ``measure`` knows it by its id."""
    injections = [_injection(f"{cell.fault.key}-{label}", label, cell, cell.fault.dns, cell.fault.types)]
    if cell.fault.without_ipv6:
        injections.append(_injection(f"besides-{label}", label, cell, "empty", ("AAAA",)))
    return injections


def _injection(name: str, label: str, cell: Cell, dns: Any, types: tuple[str, ...]) -> dict[str, Any]:
    where: dict[str, Any] = {"name": host_name(cell.variant.service, REGION), "clients": [label]}
    if types:
        where["types"] = list(types)
    when = {"from": _written(START_NS), "for": _written(blank_ns(cell))}
    return {"id": name, "dns": dns, "where": where, "when": when}


def _written(ns: int) -> str:
    return f"{ns // MILLISECOND}ms"
