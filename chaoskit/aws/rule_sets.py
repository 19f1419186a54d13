"""The host names of AWS's endpoints, derived from the data of the botocore that is installed.

A rule set (Smithy, "Rules engine") maps an SDK's settings to a host name. Each one is evaluated for every region of a partition with every
setting that changes the name: FIPS, dual stack, the global endpoint, transfer acceleration, an account's own endpoint and a bucket as a
host. AWS CLI v1 and old SDKs take names from ``endpoints.json`` instead (``hostname``, ``sslCommonName``), so these are here too.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from chaoskit.errors import HarnessError

_ACCOUNT, _BUCKET = "111122223333", "chaoskit-bucket"
SETTINGS: dict[str, tuple[Any, ...]] = {
    "Bucket": (None, _BUCKET),
    "AccountId": (None, _ACCOUNT),
    "UseGlobalEndpoint": (False, True),
    "Accelerate": (False, True),
    "UseFIPS": (False, True),
    "UseDualStack": (False, True),
}
"""The parameters of rule sets that change the host name, with the plainest value first. A name made from an account or a bucket is a
pattern: ``*.s3.us-east-1.amazonaws.com``."""

_FIXED: dict[str, Any] = {"AccountIdEndpointMode": "preferred"}  # the SDKs' default


def data_folder() -> Path:
    """Where botocore's data lie; it is not imported. Raises ``HarnessError`` if it is not installed."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise HarnessError(
            "botocore is not installed, so AWS's endpoints are not known; run: pip install 'chaoskit[aws]'"
        )
    return Path(spec.origin).parent / "data"


def sources(sdk: Iterable[str]) -> list[Path]:
    """The files from which the names of these botocore services derive."""
    folder = data_folder()
    return [folder / "partitions.json", folder / "endpoints.json", *(_rule_set(name) for name in sdk)]


@lru_cache(maxsize=1)
def partitions() -> Any:
    """botocore's ``partitions.json``."""
    return json.loads((data_folder() / "partitions.json").read_bytes())


def partition_of(region: str) -> str:
    """The id of the partition of ``region``: by botocore's lists, then by its patterns, and else the first."""
    parts = partitions()["partitions"]
    listed = (part["id"] for part in parts if region in part["regions"])
    fitting = (part["id"] for part in parts if re.match(part["regionRegex"], region))
    return str(next(itertools.chain(listed, fitting), parts[0]["id"]))


def derive(services: Sequence[str], partition: str) -> dict[str, Any]:
    """The names of botocore's ``services`` in ``partition``, as plain JSON.

    For each service: ``by_region`` (region → names, the regional endpoint first), ``everywhere`` (the names that carry no region) and
    ``home`` (the region that serves those). A name is a host name, or ``*.`` and a name for any one label before it.
    """
    from botocore.endpoint_provider import EndpointProvider

    part = next(part for part in partitions()["partitions"] if part["id"] == partition)
    home = part["outputs"]["implicitGlobalRegion"]
    regions = [region for region in part["regions"] if not region.endswith("-global")]
    world = next((region for region in part["regions"] if region.endswith("-global")), home)
    legacy = _legacy_partition(partition)
    tables = {}
    for sdk in services:
        path = _rule_set(sdk)
        raw = path.read_bytes()
        rules = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        provider = EndpointProvider(rules, partitions())
        by_region = {region: dict.fromkeys(_evaluated(provider, rules, region)) for region in regions}
        for region, name in _legacy_names(legacy, sdk, home):
            if region in by_region:
                by_region[region][name] = None
        tables[sdk] = _table(by_region, _evaluated(provider, rules, world), home)
    return tables


def _legacy_partition(partition: str) -> Any:
    written = json.loads((data_folder() / "endpoints.json").read_bytes())["partitions"]
    return next((part for part in written if part["partition"] == partition), {"services": {}, "defaults": {}})


@lru_cache(maxsize=32)
def _rule_set(sdk: str) -> Path:
    """The newest API version's rule set, which is what botocore takes."""
    versions = sorted((data_folder() / sdk).glob("*/endpoint-rule-set-1.json*"))
    if not versions:
        raise HarnessError(f"botocore has no endpoint rule set for {sdk}; chaoskit needs botocore 1.29 or later")
    return versions[-1]


def _table(by_region: Mapping[str, Mapping[str, None]], of_world: Iterable[str], home: str) -> dict[str, Any]:
    """One service's plain table."""
    regions = "|".join(map(re.escape, by_region))
    regional = re.compile(rf"(^|[.-])({regions}|[a-z-]+-global)\.")
    names = itertools.chain(*by_region.values(), of_world)
    return {
        "by_region": {region: list(found) for region, found in by_region.items() if found},
        "everywhere": list(dict.fromkeys(name for name in names if not regional.search(name))),
        "home": home,
    }


def _evaluated(provider: Any, rules: Mapping[str, Any], region: str) -> Iterator[str]:
    """The names that the rules lead to, for each combination of settings that they allow."""
    from urllib.parse import urlsplit

    from botocore.exceptions import EndpointProviderError

    known = rules["parameters"]
    axes = {name: values for name, values in SETTINGS.items() if name in known}
    fixed = {name: value for name, value in _FIXED.items() if name in known}
    for values in itertools.product(*axes.values()):
        settings = {name: value for name, value in zip(axes, values, strict=True) if value is not None}
        try:
            endpoint = provider.resolve_endpoint(Region=region, **settings, **fixed)
        except EndpointProviderError:
            continue  # a combination that AWS does not have
        host = urlsplit(endpoint.url).hostname or ""
        yield host.replace(_ACCOUNT, "*", 1).replace(_BUCKET, "*", 1)


def _legacy_names(legacy: Mapping[str, Any], sdk: str, home: str) -> Iterator[tuple[str, str]]:
    """Each region's names in ``endpoints.json``: those that differ from the rule, and the certificates' names, which CLI v1 asks."""
    prefix = _endpoint_prefix(sdk)
    service = legacy["services"].get(prefix) or {}
    general = (service.get("defaults") or {}).get("sslCommonName")
    for key, written in (service.get("endpoints") or {}).items():
        region = (written.get("credentialScope") or {}).get("region") or (home if key.endswith("-global") else key)
        common = (general, written.get("sslCommonName")) if region == key else ()
        for template in (written.get("hostname"), *common):
            if template and not template.startswith("localhost"):
                yield region, template.format(service=prefix, region=key, dnsSuffix=legacy["dnsSuffix"])


def _endpoint_prefix(sdk: str) -> str:
    """The service's key in ``endpoints.json``, which its model names."""
    model = sorted((data_folder() / sdk).glob("*/service-2.json*"))[-1]
    raw = model.read_bytes()
    head = gzip.decompress(raw) if model.suffix == ".gz" else raw
    prefix = re.search(rb'"endpointPrefix"\s*:\s*"([^"]+)"', head)
    return prefix[1].decode() if prefix else sdk
