"""Figures for Prometheus (text format 0.0.4). Counted on the DNS server's thread with plain integers; read when somebody asks.

No label holds a name, an address or an injection's id, so the number of series is bounded whatever is asked and injected.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoskit.dns.descriptors import in_use
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND

BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0, 10.0)
RCODES = frozenset({"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS"})


@dataclass(frozen=True, slots=True)
class Losses:
    """What did not get its answer, or not into the log: none of it is silent."""

    turned_away: Mapping[str, int] = field(default_factory=dict)
    crowded_out: int = 0
    unlogged: int = 0
    undelayed: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What is true now, beside what was counted."""

    injections: int
    zones_version: int
    canary_ok: bool
    halted: bool
    events_lost: int
    losses: Losses


class QueryMetrics:
    """Counts of answered queries."""

    def __init__(self) -> None:
        self.queries: Counter[tuple[str, str, bool]] = Counter()
        self.seconds = [0] * (len(BUCKETS_S) + 1)
        self.total_ns = 0
        self.upstream: Counter[str] = Counter()
        self.failed = 0
        self.invariants_broken: Counter[str] = Counter()
        self.scarcities = 0

    def record(self, event: QueryAnswered) -> None:
        """Count one query."""
        result = event.rcode if event.reply == "answer" else event.reply
        if event.reply == "answer" and result not in RCODES:
            result = "other"
        self.queries[event.transport, result, bool(event.faults)] += 1
        if event.upstream:
            self.upstream[event.upstream] += 1
        latency = event.answered_at - event.at
        self.seconds[bisect_left(BUCKETS_S, latency / SECOND)] += 1
        self.total_ns += latency


def exposition(tally: QueryMetrics, state: Callable[[], State]) -> bytes:
    """The page that Prometheus scrapes."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(tally, state))
    return generate_latest(registry)


class _Collector:
    def __init__(self, tally: QueryMetrics, state: Callable[[], State]) -> None:
        self._tally = tally
        self._state = state

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        queries = CounterMetricFamily(
            "chaoskit_dns_queries", "Queries by what became of them.", labels=("transport", "result", "injected")
        )
        for (transport, result, injected), count in tuple(self._tally.queries.items()):
            queries.add_metric((transport, result, str(injected).lower()), count)
        yield queries
        upstream = CounterMetricFamily(
            "chaoskit_dns_upstream", "Queries passed on, by how that went.", labels=("result",)
        )
        for result, count in tuple(self._tally.upstream.items()):
            upstream.add_metric((result,), count)
        yield upstream
        buckets, sofar = [], 0
        for bound, count in zip([*map(str, BUCKETS_S), "+Inf"], tuple(self._tally.seconds), strict=True):
            sofar += count
            buckets.append((bound, sofar))
        yield HistogramMetricFamily(
            "chaoskit_dns_answer_seconds",
            "From a query's arrival to its answer, injected delays included.",
            buckets=buckets,
            sum_value=self._tally.total_ns / SECOND,
        )
        state = self._state()
        refused = "Datagrams from beyond loopback that the guard did not let in."
        yield _labelled("chaoskit_dns_turned_away", refused, "why", state.losses.turned_away)
        yield GaugeMetricFamily("chaoskit_injections", "Injections under way.", value=state.injections)
        yield GaugeMetricFamily("chaoskit_zones_version", "The version of the zones served.", value=state.zones_version)
        yield GaugeMetricFamily("chaoskit_canary_ok", "Whether the canary resolves.", value=state.canary_ok)
        yield GaugeMetricFamily("chaoskit_halted", "Whether injections are refused until resumed.", value=state.halted)
        breaks = "How often a change of a zone broke an invariant."
        yield _labelled("chaoskit_invariants_broken", breaks, "invariant", self._tally.invariants_broken)
        yield CounterMetricFamily(
            "chaoskit_dns_crowded_out", "TCP connections ended since too many waited.", value=state.losses.crowded_out
        )
        yield CounterMetricFamily(
            "chaoskit_dns_late_dropped", "Delayed answers dropped since too many waited.", value=state.losses.undelayed
        )
        yield CounterMetricFamily(
            "chaoskit_dns_failed",
            "Queries that could not be answered as meant, by a bug or the system.",
            value=self._tally.failed,
        )
        yield CounterMetricFamily(
            "chaoskit_descriptors_scarce", "How often there was no descriptor left.", value=self._tally.scarcities
        )
        if (descriptors := in_use()) is not None:
            yield GaugeMetricFamily("chaoskit_descriptors", "File descriptors that are open.", value=descriptors)
        yield CounterMetricFamily(
            "chaoskit_query_log_lost", "Queries answered but not in the query log.", value=state.losses.unlogged
        )
        yield CounterMetricFamily("chaoskit_feed_lost", "Events lost to slow watchers.", value=state.events_lost)


def _labelled(name: str, meaning: str, label: str, counts: Mapping[str, int]) -> Any:
    """A counter with one label, in the order of its values."""
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, meaning, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family
