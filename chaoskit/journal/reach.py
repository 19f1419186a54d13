"""What lies behind a client's calls: the user's apps that answer them, and the services that those look up in turn. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.journal.aims import app_asked, app_of_service, is_program, metadata_service, service_named
from chaoskit.journal.lookups import Lookup


@dataclass(frozen=True, slots=True)
class Reach:
    """The apps and services that a client's calls may wait for; both empty where no app of the experiment answers it.

    A program of the user's may wait for the instance metadata service too, which its credentials come from.
    """

    apps: frozenset[str]
    services: frozenset[str]


def reach_of(experiment: Mapping[str, Any], client: str, lookups: Sequence[Lookup]) -> Reach:
    """From the app that answers ``client`` on, by the names that each app has looked up in the run."""
    looked_up: dict[str, set[str]] = defaultdict(set)
    for lookup in lookups:
        looked_up[lookup.client].add(lookup.name)
    apps: set[str] = set()
    services: set[str] = set()
    waiting = [app_asked(experiment, client)]
    while waiting:
        app = waiting.pop()
        if app is None or app in apps:
            continue
        apps.add(app)
        for name in looked_up[app]:
            if (service := service_named(experiment, name)) is not None:
                services.add(service)
                waiting.append(app_of_service(experiment, service))
    metadata = metadata_service(experiment)
    if metadata is not None and (apps or is_program(experiment, client)):
        services.add(metadata)
    return Reach(frozenset(apps), frozenset(services))
