"""``container``: a container of somebody else's compose project, which ``chaoskit attach`` puts under chaoskit's DNS.

Nothing is started in it and nothing in it is changed; its lookups and requests tell of it. With a ``probe``, a URL of its own (its health
check, say), each request to that is a call: what a user of the app saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoskit.errors import PlaneError
from chaoskit.units import MILLISECOND

PATIENCE_S = 5.0
"""How long a probe waits for an answer, as load balancers' health checks do (ELB API, ``HealthCheckTimeoutSeconds``)."""


UP_WITHIN_S = 240.0
"""How long the app may take until its probe first answers well; it is started while this waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What is told of one container: the compose service, and the URL to probe, None for none."""

    client: str
    container: str
    probe: str | None = None
    every_ns: int = 250 * MILLISECOND

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Container:
        """The plan of a first line; settings of other clients in it are left aside. Raises ``PlaneError`` where there is no container."""
        if not plan.get("container"):
            raise PlaneError(
                f"client {plan.get('client')}: 'use: container' is a container of your own; play this experiment with chaoskit attach"
            )
        return cls(**{name: plan[name] for name in ("client", "container", "probe", "every_ns") if name in plan})
