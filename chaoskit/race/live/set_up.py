"""Before the race: does compare-and-swap hold at the API, and plan 1 installed at every endpoint of the hosted zone."""

from __future__ import annotations

from collections.abc import Sequence

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.record_set import canonical
from chaoskit.errors import PlaneError
from chaoskit.race.live.layout import Layout

FIRST_PLAN = 1
ENDPOINTS_AT_ONCE = 100
"""Of one batch: well below the 1,000 records and 32,000 characters that one may have."""


def layout_at(endpoint: Endpoint, apex: str, endpoints: int, addresses: Sequence[str]) -> Layout:
    """The layout of a race in the hosted zone ``apex``. Raises ``PlaneError`` if there is none of this name."""
    name = canonical(apex)
    zone_id = endpoint.find_zone(name)
    if zone_id is None:
        raise PlaneError(f"there is no hosted zone {name} at {endpoint.url}; create it")
    return Layout(name, zone_id, endpoints, tuple(addresses))


def install_first_plan(endpoint: Endpoint, layout: Layout) -> None:
    """Install plan 1 everywhere, unless the zone has a plan store already. Raises ``PlaneError`` if that is refused."""
    store = layout.plans(FIRST_PLAN)
    zone = endpoint.read_zone(layout.zone_id, layout.apex)
    if zone.at(store.name, "TXT"):
        return
    for first in range(0, layout.endpoints, ENDPOINTS_AT_ONCE):
        numbers = range(first, min(first + ENDPOINTS_AT_ONCE, layout.endpoints))
        _send(endpoint, layout, [change for number in numbers for change in _endpoint(layout, number)])
    _send(endpoint, layout, [Change("CREATE", store)])


def _endpoint(layout: Layout, number: int) -> list[Change]:
    sets = (
        *layout.tree(number, FIRST_PLAN),
        layout.alias(number, FIRST_PLAN),
        layout.rollback(number, FIRST_PLAN),
        layout.lock(number, "set-up"),
    )
    return [Change("CREATE", record_set) for record_set in sets]


def _send(endpoint: Endpoint, layout: Layout, changes: Sequence[Change]) -> None:
    accepted, text = endpoint.change(layout.zone_id, changes)
    if not accepted:
        raise PlaneError(f"{endpoint.url} refused the first plan of the race: {text}")
