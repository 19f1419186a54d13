"""``--allow NAME:PORT=ADDRESS:PORT``: a service of the user's own, said on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from chaoskit.errors import InputError
from chaoskit.experiment.own_service_spec import OwnServiceSpec
from chaoskit.host_port import is_loopback, split_host_port

EXAMPLE = "db.example.internal:5432=127.0.0.1:5432"


def names_service(written: str) -> bool:
    """Whether a value of ``--allow`` is a service: it says where the name leads."""
    return "=" in written and not written.startswith("/")


def parse_allowed(written: str) -> dict[str, Any]:
    """The service that ``NAME:PORT=ADDRESS:PORT`` means, as a file would say it. Raises ``InputError``."""
    place, _, backend = written.partition("=")
    try:
        host, port = split_host_port(place, "db.example.internal:5432")
        if not is_loopback(split_host_port(backend)[0]):
            raise ValueError(
                f"{backend} is not on this machine's loopback; lead there with a tunnel, and write 127.0.0.1:PORT"
            )
        service = {"host": host, "port": port, "backend": backend}
        OwnServiceSpec.model_validate(service)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"--allow {written}: {reason}") from error
    except ValueError as error:
        raise InputError(f"--allow {written}: {error}; write one like {EXAMPLE}") from error
    return service


def add_allowed(data: dict[str, Any], allow: Sequence[str]) -> None:
    """Put the services of ``--allow`` into a file's plain data; one that the file has, by name and port, gets another backend."""
    if not allow:
        return
    services = data.get("services") or {}
    if isinstance(services, list):
        services = {name: {} for name in services}
    if not isinstance(services, dict):
        return  # what is wrong in the file is left for its validation
    services = dict(services)
    for written in allow:
        service = parse_allowed(written)
        place = (service["host"], service["port"])
        label = next(
            (
                name
                for name, known in services.items()
                if isinstance(known, dict) and (known.get("host"), known.get("port")) == place
            ),
            None,
        )
        if label is None:
            services[_label(service["host"], services)] = service
        else:
            services[label] = {**services[label], "backend": service["backend"]}
    data["services"] = services


def _label(host: str, taken: dict[Any, Any]) -> str:
    """A name for the service: the first label of its host name, with a number where that is taken."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", host.partition(".")[0])[:30]
    name = name if name[:1].isalpha() else f"service-{name}"
    return next(
        label for number in range(1, 1000) if (label := name if number == 1 else f"{name}-{number}") not in taken
    )
