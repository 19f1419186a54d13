"""The embedded proxy's counters in Prometheus' text format 0.0.4, with Toxiproxy's names and labels (its ``METRICS.md``).

Toxiproxy counts a connection's bytes when it is over; here they are counted as they pass. Both count what came in and what went out,
so what a toxic holds or drops is the difference.
"""

from __future__ import annotations

from collections.abc import Iterable

from chaoskit.network.embedded.proxy import Proxy
from chaoskit.network.target import Stream

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STREAMS: tuple[Stream, ...] = ("downstream", "upstream")


def metrics(proxies: Iterable[Proxy]) -> str:
    """All counters of all proxies."""
    found = list(proxies)
    lines: list[str] = []
    for way in ("received", "sent"):
        name = f"toxiproxy_proxy_{way}_bytes_total"
        lines += [f"# HELP {name} ", f"# TYPE {name} counter"]
        for proxy in found:
            counts = proxy.received if way == "received" else proxy.sent
            lines += [f"{name}{{{_labels(proxy, stream)}}} {counts[stream]}" for stream in _STREAMS]
    return "".join(f"{line}\n" for line in lines)


def _labels(proxy: Proxy, stream: Stream) -> str:
    pairs = {"direction": stream, "listener": proxy.listen, "proxy": proxy.name, "upstream": proxy.upstream}
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in pairs.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
