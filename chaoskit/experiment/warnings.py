"""What is allowed and most likely not meant: told when a run starts, with the cure, and no reason to refuse it."""

from __future__ import annotations

from chaoskit.clients.probe import PROBES
from chaoskit.experiment.loader import Experiment

SDK_CLIENTS = ("boto3", "javascript", "go", "java")
"""Clients whose ``connection`` says whether they look a name up for every call."""


def warnings_of(experiment: Experiment) -> list[str]:
    """A sentence for each."""
    warnings = []
    spec = experiment.spec
    clients = spec.clients
    only_dns = bool(experiment.injections) and all(
        not injections for plane, injections in experiment.planes.items() if plane != "dns"
    )
    warm = [
        name
        for name, client in clients.items()
        if client.use in (*SDK_CLIENTS, *PROBES) and client.connection == "warm"
    ]
    recycled = any(
        service.idle_timeout or service.max_requests or not service.keep_alive for service in spec.services.values()
    )
    if only_dns and clients and len(warm) == len(clients) and not recycled and not spec.apps:
        warnings.append(
            f"{experiment.source}: all faults are DNS faults, and {', '.join(warm)} {'keeps' if len(warm) == 1 else 'each keep'} one open "
            f"connection and look{'s' if len(warm) == 1 else ''} nothing up, so the faults will meet nothing; write connection: cold, "
            "or let the service close connections with max_requests or idle_timeout"
        )
    return warnings
