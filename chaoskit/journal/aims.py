"""Which service each client of an experiment calls, by the experiment as its journal carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

DEFAULT_SERVICE = "dynamodb"
"""What an SDK's client calls where its file does not say."""


def service_called(experiment: Mapping[str, Any], client: str) -> str | None:
    """The service whose name the client's URL or address has, or that it names; None where no service of the run has that name."""
    written = _clients(experiment).get(client)
    if written is None:
        return DEFAULT_SERVICE
    host = _host_asked(written)
    if host is None:
        return str(written.get("service", DEFAULT_SERVICE))
    return service_named(experiment, host)


def service_named(experiment: Mapping[str, Any], host: str) -> str | None:
    """The service that has this host name, as queries have it: one of the user's own, or one of AWS's; None where none has."""
    for name, service in _services(experiment).items():
        if isinstance(service, dict) and host in _names(service):
            return str(name)
    return next((name for name in AWS_LABELS if host.startswith(f"{name}.") and host.endswith(".amazonaws.com")), None)


def metadata_service(experiment: Mapping[str, Any]) -> str | None:
    """The instance metadata service of the run, from which programs of the user's have their credentials; None where there is none."""
    return next((str(name) for name, written in _services(experiment).items() if _is_metadata(written)), None)


def is_program(experiment: Mapping[str, Any], client: str) -> bool:
    """Whether a client is a program of the user's: a command of the file, or the one that plays beside its clients."""
    written = _clients(experiment).get(client)
    return written is None or written.get("use") == "command"


def _is_metadata(written: Any) -> bool:
    return isinstance(written, dict) and written.get("backend") == "instance-metadata"


def app_asked(experiment: Mapping[str, Any], client: str) -> str | None:
    """The app of the experiment that answers the client's calls, behind a service of the run; None where none does."""
    called = service_called(experiment, client)
    return None if called is None else app_of_service(experiment, called)


def app_of_service(experiment: Mapping[str, Any], name: str) -> str | None:
    """The app of the experiment that is the backend of a service; None where none is."""
    service = _services(experiment).get(name)
    backend = str(service.get("backend", "")).partition(":")[0] if isinstance(service, dict) else ""
    return backend if backend in (experiment.get("apps") or {}) else None


def _clients(experiment: Mapping[str, Any]) -> dict[str, Any]:
    clients = experiment.get("clients") or {}
    return {name: written or {} for name, written in clients.items()}


def _services(experiment: Mapping[str, Any]) -> dict[Any, Any]:
    services = experiment.get("services") or {}
    return services if isinstance(services, dict) else {}


def _host_asked(written: Mapping[str, Any]) -> str | None:
    """The host of a probe's URL or address, as queries have it; None for a client that has neither."""
    place = written.get("url") or written.get("address")
    if place is None:
        return None
    parts = urlsplit(place if "://" in place else f"//{place}")
    return (parts.hostname or "").lower().removesuffix(".")


AWS_LABELS = ("dynamodb", "ec2", "sts", "s3", "sqs", "route53")
"""Services of AWS whose host names begin with their own."""


def _names(service: Mapping[str, Any]) -> list[str]:
    """A service's host name and aliases, as queries have them."""
    written = [service.get("host"), *(service.get("aliases") or ())]
    return [str(name).lower().removesuffix(".") for name in written if name]
