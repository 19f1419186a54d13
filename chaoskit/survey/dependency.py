"""What a command depends on, as the DNS server and the proxy saw it in a run without a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from chaoskit.dns.message import Query
from chaoskit.dns.zone import Zones
from chaoskit.experiment import plans
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.own_plans import own_addresses
from chaoskit.journal.events import ConnectionOpened
from chaoskit.journal.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A name that was looked up and has addresses.

    ``lookups`` counts its lookups in the run without a fault. ``service`` is what the proxy calls the service behind it, None where no
    proxy is in the way; then nobody counts its connections, and ``connections`` is None.
    """

    name: str
    addresses: tuple[str, ...]
    lookups: int
    service: str | None
    connections: int | None

    @property
    def ipv4(self) -> tuple[str, ...]:
        """Its IPv4 addresses."""
        return tuple(address for address in self.addresses if ":" not in address)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """``known`` can be surveyed. ``unserved`` were looked up too, but have no addresses in the sandbox: nobody serves them there."""

    known: tuple[Dependency, ...]
    unserved: tuple[str, ...]


def dependencies_of(run: Run, experiment: Experiment) -> Dependencies:
    """What was looked up in a run of ``experiment``, by whomever but the canary, in the order of the first lookup."""
    counts = Counter(lookup.name for lookup in run.lookups if lookup.client != plans.CANARY_LABEL)
    zones = Zones.from_plan(plans.zones(experiment.spec))
    services = services_by_address(experiment)
    opened = Counter(event.proxy.partition("@")[0] for _, event in run.of(ConnectionOpened))
    known: list[Dependency] = []
    unserved: list[str] = []
    for name, lookups in counts.items():
        addresses = addresses_of(zones, name)
        if not addresses:
            unserved.append(name)
            continue
        service = next((services[address] for address in addresses if address in services), None)
        known.append(
            Dependency(
                name=name,
                addresses=addresses,
                lookups=lookups,
                service=service,
                connections=opened[service] if service else None,
            )
        )
    return Dependencies(tuple(known), tuple(unserved))


def addresses_of(zones: Zones, name: str) -> tuple[str, ...]:
    """The addresses that the zones honestly answer for ``name``, IPv4 first."""
    answers = [
        zones.answer(Query(name, rtype, "udp", asker="", client="127.0.0.1", edns_size=None, ordinal=1))
        for rtype in ("A", "AAAA")
    ]
    records = [record for answer in answers if answer.rcode == "NOERROR" for record in answer.records]
    return tuple(record.data for record in records if record.rtype in ("A", "AAAA"))


def services_by_address(experiment: Experiment) -> Mapping[str, str]:
    """What the proxy calls the service at each address."""
    services: dict[str, tuple[str, ...]] = {**own_addresses(experiment.spec)}
    services |= {str(service): addresses for service, addresses in plans.services_of(experiment.spec).items()}
    return {address: service for service, addresses in services.items() for address in addresses}
