"""Where a service is found: its loopback addresses, one or several, in availability zones or not."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from chaoskit.dns.zone_spec import Ttl
from chaoskit.strict import Strict
from chaoskit.units import SECOND

METADATA_ADDRESS = "169.254.169.254"
"""Where EC2's instance metadata service is, on every instance: a link-local address. The namespace sandbox can have it on its loopback."""


class AddressSpec(Strict):
    """The addresses under which a service is reached, and how long resolvers may keep them."""

    addresses: tuple[str, ...] = ()
    availability_zones: Annotated[int, Field(ge=1, le=6)] | None = Field(
        None, description="how many; zone z has the addresses 127.n.z.1, 127.n.z.2 … in place of one address"
    )
    addresses_per_zone: Annotated[int, Field(ge=1, le=20)] = 1
    ttl: Ttl = 5 * SECOND

    @field_validator("addresses")
    @classmethod
    def _loopback(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            try:
                valid = address == METADATA_ADDRESS or ipaddress.ip_address(address).is_loopback
            except ValueError:
                valid = False
            if not valid:
                raise ValueError(
                    f"{address} is not a loopback address; write one like 127.0.1.1 or ::1"
                    f" ({METADATA_ADDRESS} is for the backend instance-metadata alone)"
                )
        return addresses

    @model_validator(mode="after")
    def _chosen_once(self) -> AddressSpec:
        if self.addresses and self.availability_zones is not None:
            raise ValueError("write either 'addresses' or 'availability_zones', which chooses them")
        return self

    def addresses_of(self, number: int) -> tuple[str, ...]:
        """Those that are written, or those of the availability zones: a prefix 127.``number``.z.0/24 for zone z; none where neither is."""
        if self.addresses or self.availability_zones is None:
            return self.addresses
        places = range(1, self.addresses_per_zone + 1)
        return tuple(f"127.{number}.{zone}.{k}" for zone in range(1, self.availability_zones + 1) for k in places)
