"""The host names that SDKs ask for a service, by region, and which of them are one endpoint.

They derive from the botocore that is installed (``aws/rule_sets.py``). That takes a third of a second, so the result is kept
(``aws/derived.py``).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from chaoskit.aws import rule_sets
from chaoskit.aws.derived import derived
from chaoskit.aws.services import SERVICES

ALL_SDK = tuple(sdk for facts in SERVICES.values() for sdk in facts.sdk)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The names of one botocore service in one partition. A name is a host name, or ``*.`` and a name for any one label before it.

    ``by_region`` has the regional endpoint first. ``everywhere`` are the names that carry no region, which ``home`` serves.
    """

    by_region: Mapping[str, tuple[str, ...]]
    everywhere: tuple[str, ...]
    home: str

    def group(self, region: str, own: str) -> tuple[str, ...]:
        """The names that are one endpoint in ``region``. Names without a region belong to ``home``, and to ``own``, the run's region."""
        names = self.by_region.get(region, ())
        if region in (self.home, own):
            return tuple(dict.fromkeys((*names, *self.everywhere)))
        return tuple(name for name in names if name not in self.everywhere)


def endpoints(sdk: str, region: str) -> Endpoints:
    """The names of botocore's service ``sdk`` in the partition of ``region``. Raises ``HarnessError`` without botocore's data."""
    return _partition(rule_sets.partition_of(region))[sdk]


def host_name(service: str, region: str) -> str:
    """The regional endpoint of one of ``SERVICES``; of a global service, its one endpoint."""
    return names_of(service, region)[0]


@lru_cache(maxsize=64)
def names_of(service: str, region: str) -> tuple[str, ...]:
    """Every name of one of ``SERVICES`` in all regions of the partition of ``region``, that region's first.

    A region that botocore does not know yet has the names of a known one with its own in its place, as botocore itself would guess.
    """
    tables = [endpoints(sdk, region) for sdk in _sdk(service)]
    first = [table.group(region, region) if region in table.by_region else _guessed(table, region) for table in tables]
    others = [names for table in tables for names in (*table.by_region.values(), table.everywhere)]
    return tuple(dict.fromkeys(itertools.chain(*first, *others)))


def regions_like(region: str) -> tuple[str, ...]:
    """The regions of the partition of ``region``, that one first."""
    return tuple(dict.fromkeys((region, *endpoints("ec2", region).by_region)))


def aliases_of(service: str, name: str, region: str) -> tuple[str, ...]:
    """The other names of the endpoint that ``name`` is, in a run whose region is ``region``; none where it is no name of ``service``.

    Of a bucket's or an account's own name they are that bucket's and that account's other names.
    """
    aliases: dict[str, None] = {}
    label, _, rest = name.partition(".")
    for table in (endpoints(sdk, region) for sdk in _sdk(service)):
        groups = [table.group(one, region) for one in table.by_region]
        if region not in table.by_region:
            groups.append(_guessed(table, region))
        for names in groups:
            if name in names:
                aliases |= dict.fromkeys(names)
            elif f"*.{rest}" in names:
                aliases |= dict.fromkeys(f"{label}{pattern[1:]}" for pattern in names if pattern.startswith("*."))
    aliases.pop(name, None)
    return tuple(aliases)


def _guessed(table: Endpoints, region: str) -> tuple[str, ...]:
    model = next(name for name in (table.home, *table.by_region) if name in table.by_region)
    names = table.group(model, model)
    return tuple(name if name in table.everywhere else name.replace(model, region) for name in names)


def _sdk(service: str) -> tuple[str, ...]:
    return {str(name): facts for name, facts in SERVICES.items()}[service].sdk


@lru_cache(maxsize=8)
def _partition(partition: str) -> Mapping[str, Endpoints]:
    return {
        sdk: Endpoints(
            {region: tuple(names) for region, names in plain["by_region"].items()},
            tuple(plain["everywhere"]),
            plain["home"],
        )
        for sdk, plain in endpoint_names(partition).items()
    }


def endpoint_names(partition: str) -> Any:
    """The names of every service in ``partition``, derived from botocore's rule sets, and read from the cache where they were before."""
    sources = [Path(rule_sets.__file__), *rule_sets.sources(ALL_SDK)]
    return derived(f"endpoints-{partition}", sources, lambda: rule_sets.derive(ALL_SDK, partition))
