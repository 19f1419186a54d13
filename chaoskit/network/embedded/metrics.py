"""The embedded proxy's counters in Prometheus' text format 0.0.4, with Toxiproxy's names and labels (its ``METRICS.md``).

Toxiproxy counts a connection's bytes when it is over; here they are counted as they pass. Both count what came in and what went out,
so what a toxic holds or drops is the difference. Import it when somebody asks: ``prometheus_client`` takes longer than the proxy itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from chaoskit.network.embedded.proxy import Proxy
from chaoskit.network.target import Stream

_STREAMS: tuple[Stream, ...] = ("downstream", "upstream")
_LABELS = ("direction", "listener", "proxy", "upstream")


class _Counters(Collector):
    """The byte counters of proxies, as they are now."""

    def __init__(self, proxies: Iterable[Proxy]) -> None:
        self._proxies = list(proxies)

    def collect(self) -> Iterator[CounterMetricFamily]:
        for way in ("received", "sent"):
            family = CounterMetricFamily(f"toxiproxy_proxy_{way}_bytes", f"Bytes {way} by the proxy", labels=_LABELS)
            for proxy in self._proxies:
                counts = proxy.received if way == "received" else proxy.sent
                for stream in _STREAMS:
                    family.add_metric((stream, proxy.listen, proxy.name, proxy.upstream), counts[stream])
            yield family


def metrics(proxies: Iterable[Proxy]) -> tuple[bytes, str]:
    """All counters of all proxies, and the content type."""
    registry = CollectorRegistry()
    registry.register(_Counters(proxies))
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4
