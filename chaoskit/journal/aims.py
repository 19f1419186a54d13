"""Which service each client of an experiment calls, by the experiment as its journal carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

DEFAULT_SERVICE = "dynamodb"
"""What an SDK's client calls where its file does not say."""


def service_called(experiment: Mapping[str, Any], client: str) -> str | None:
    """The service whose name the client's URL or address has, or that it names; None where no service of the run has that name."""
    written = (experiment.get("clients") or {}).get(client) or {}
    place = written.get("url") or written.get("address")
    if place is None:
        return str(written.get("service", DEFAULT_SERVICE)) if written else None
    parts = urlsplit(place if "://" in place else f"//{place}")
    host = (parts.hostname or "").lower().removesuffix(".")
    services = experiment.get("services") or {}
    for name, service in services.items() if isinstance(services, dict) else ():
        if isinstance(service, dict) and host in _names(service):
            return str(name)
    return next((name for name in AWS_LABELS if host.startswith(f"{name}.") and host.endswith(".amazonaws.com")), None)


AWS_LABELS = ("dynamodb", "ec2", "sts", "s3", "sqs", "route53")
"""Services of AWS whose host names begin with their own."""


def _names(service: Mapping[str, Any]) -> list[str]:
    """A service's host name and aliases, as queries have them."""
    written = [service.get("host"), *(service.get("aliases") or ())]
    return [str(name).lower().removesuffix(".") for name in written if name]
