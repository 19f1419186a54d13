"""Why a fault met nothing, as far as the journal shows it, and what would have made it meet something."""

from __future__ import annotations

from collections import Counter

from chaoskit.journal.aims import service_called, service_named
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, InjectionPlanned
from chaoskit.journal.run import Run


def remedy(run: Run, planned: InjectionPlanned) -> str:
    """A clause for the verdict, from its semicolon on; empty where the journal shows no reason."""
    if planned.plane == "dns":
        return _of_dns(run, planned)
    if planned.plane == "network":
        service = str(planned.target.get("service", ""))
        if not _connections(run, planned)[service]:
            return f"; no connection to {service} was open, or opened, while it was on"
    return ""


def _of_dns(run: Run, planned: InjectionPlanned) -> str:
    """Lookups are spared by connections that stay open: they could be cut, given up, or lost with their process."""
    experiment = run.header.experiment
    service = service_named(experiment, str(planned.target.get("name") or ""))
    if service is None or not (number := _connections(run, planned)[service]):
        return ""
    callers = [name for name in run.callers if service_called(experiment, name) == service]
    warm = [name for name in callers if run.clients[name].settings.get("connection") not in (None, "cold")]
    apps = [name for name, ready in run.clients.items() if ready.use == "program"]
    ways = [f"'network: {{recycle: 0s}}' on {service}"]
    ways += [f"'connection: cold' for {', '.join(warm)}"] if warm else []
    ways += [f"'process: restart' of {' or '.join(apps or warm)}"] if apps or warm else []
    *first, last = ways
    listed = f"{', '.join(first)} or {last}" if first else last
    plural = "s to" if number > 1 else " to"
    were = "were" if number > 1 else "was"
    return f"; {number} connection{plural} {service} {were} open, so nobody had to look the name up: {listed} would have made it meet"


def _connections(run: Run, planned: InjectionPlanned) -> Counter[str]:
    """By service, the connections that were open at some time while the injection was on as planned."""
    closed = {event.connection: event.at for _, event in run.of(ConnectionClosed)}
    counts: Counter[str] = Counter()
    for _, opened in run.of(ConnectionOpened):
        end = closed.get(opened.connection, run.last_instant)
        if any(opened.at < until and end > since for since, until in planned.spans):
            counts[opened.proxy.partition("@")[0]] += 1
    return counts
