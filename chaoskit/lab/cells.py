"""What the matrix is made of: variants of SDKs, connections, faults; and which cells a lab measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.aws.endpoints import host_name
from chaoskit.clients import CLIENTS
from chaoskit.clients.probe import HTTP_PROBES
from chaoskit.errors import InputError
from chaoskit.lab.faults import BY_KEY, FAULTS, LabFault

CONNECTIONS = ("cold", "warm", "burst")

REGION = "us-east-1"
"""Where every client of a lab calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to run one SDK. None leaves a setting to the SDK: its installed version, its default retry mode."""

    sdk: str
    version: str | None = None
    retry_mode: str | None = None
    service: str = "dynamodb"
    dns_cache: str | None = None

    def client(self) -> dict[str, Any]:
        """As an experiment file writes it. A probe, which is no SDK, asks for the endpoint's URL, so that it meets the same name."""
        if self.sdk in HTTP_PROBES:
            return {"use": self.sdk, "url": f"https://{host_name(self.service, REGION)}/"}
        written = {
            "use": self.sdk,
            "version": self.version,
            "retry_mode": self.retry_mode,
            "service": self.service,
            "dns_cache": self.dns_cache,
        }
        return {name: value for name, value in written.items() if value is not None}

    def describe(self) -> str:
        """For people."""
        words = [self.sdk, self.version or "", f"retry mode {self.retry_mode or 'default'}", self.service]
        return ", ".join(word for word in words if word) + (f", DNS cache {self.dns_cache}" if self.dns_cache else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One place of the matrix."""

    variant: Variant
    connection: str
    fault: LabFault

    def describe(self) -> str:
        """For people."""
        return f"{self.variant.describe()}, {self.connection}, {self.fault.title}"


BOTO3 = Variant(sdk="boto3")
BOTO3_LEGACY = Variant(sdk="boto3", retry_mode="legacy")

VARIANTS = (
    BOTO3,
    BOTO3_LEGACY,
    Variant(sdk="boto3", service="sts"),
    Variant(sdk="boto3", retry_mode="legacy", service="sts"),
    Variant(sdk="boto3", version="1.43"),
    Variant(sdk="boto3", version="1.43", retry_mode="standard"),
    Variant(sdk="boto3", version="1.43", service="sts"),
    Variant(sdk="javascript"),
    Variant(sdk="go"),
    Variant(sdk="java", dns_cache="default"),
    Variant(sdk="java", dns_cache="advised"),
    Variant(sdk="aws_cli"),
    Variant(sdk="aiobotocore"),
    Variant(sdk="aiohttp"),  # no SDK: the resolver c-ares, where the others have the system's
    Variant(sdk="rust"),
)
"""The variants of the full matrix."""


def quick_cells() -> tuple[Cell, ...]:
    """boto3 alone, as it is installed: every fault cold; the old retries, a pool and a burst under an empty record."""
    empty = BY_KEY["empty"]
    special = (
        Cell(variant=BOTO3_LEGACY, connection="cold", fault=empty),
        Cell(variant=BOTO3, connection="warm", fault=empty),
        Cell(variant=BOTO3, connection="burst", fault=empty),
        Cell(variant=BOTO3, connection="burst", fault=BY_KEY["wrong-black-hole"]),
    )
    return (*(Cell(variant=BOTO3, connection="cold", fault=fault) for fault in FAULTS), *special)


def full_cells() -> tuple[Cell, ...]:
    """The whole matrix."""
    cells = (
        Cell(variant=variant, connection=connection, fault=fault)
        for variant in VARIANTS
        for connection in CONNECTIONS
        for fault in FAULTS
    )
    return tuple(cell for cell in cells if _is_wanted(cell))


def _is_wanted(cell: Cell) -> bool:
    if cell.variant.sdk in HTTP_PROBES:  # which has one time-out for all, and no bursts
        return cell.connection in CLIENTS.get(cell.variant.sdk).CONNECTIONS and not cell.fault.short_limits
    others_differ = (cell.connection, cell.fault.key) == ("cold", "empty")  # other services, in their retries alone
    return cell.variant.service == "dynamodb" or others_differ


def chosen(
    cells: Sequence[Cell], sdks: Sequence[str], faults: Sequence[str], connections: Sequence[str]
) -> tuple[Cell, ...]:
    """Those of the cells that were asked for; an empty choice means all. Raises ``InputError`` for what there is not."""
    _check("--sdk", sdks, sorted({cell.variant.sdk for cell in cells}))
    _check("--fault", faults, list(BY_KEY))
    _check("--connection", connections, list(CONNECTIONS))
    matching = tuple(
        cell
        for cell in cells
        if (not sdks or cell.variant.sdk in sdks)
        and (not faults or cell.fault.key in faults)
        and (not connections or cell.connection in connections)
    )
    if not matching:
        raise InputError("no cell of the matrix is all of that; leave out one of --sdk, --fault and --connection")
    return matching


def _check(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{option} {name}: choose from {', '.join(known)}")
