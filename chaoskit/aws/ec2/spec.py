"""How an experiment writes EC2's placement: ``services: {ec2: {placement: {leases: leases}}}``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaoskit.strict import Strict


class PlacementSpec(Strict):
    """Launches need a leased droplet, and there may be a throttle on them."""

    leases: str = Field(
        description="the DynamoDB table of leases: items with 'id' and 'expires', in ns of the run's clock"
    )
    per_droplet: Annotated[int, Field(ge=1, le=100)] = Field(1, description="instances that a droplet has room for")
    launches_per_second: Annotated[float, Field(gt=0)] | None = Field(
        None, description="more than these get RequestLimitExceeded; none: no throttle"
    )
    launches_at_once: Annotated[int, Field(ge=1)] = Field(5, description="how many may come at once all the same")
