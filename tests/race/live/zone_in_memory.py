"""A hosted zone in memory, by Route 53's own rules, for the performer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoskit.aws.route53.batch import Change, Refusal
from chaoskit.aws.route53.control_plane import Behaviour, ControlPlane
from chaoskit.aws.route53.guards import Guards
from chaoskit.aws.route53.record_set import HostedZone, RecordSet, canonical, sort_key
from chaoskit.race.live.layout import Layout
from chaoskit.race.live.set_up import FIRST_PLAN

APEX = "live.test."
ADDRESSES = ("127.0.1.1", "127.0.1.2")


def layout(endpoints: int = 3) -> Layout:
    return Layout(APEX, "Z1", endpoints, ADDRESSES)


class ZoneInMemory:
    """Plan 1 is installed at every endpoint. ``refusals`` are raised in place of the next batches, first to last."""

    def __init__(self, endpoints: int = 3, guards: Guards | None = None) -> None:
        self.layout = layout(endpoints)
        self.now = 0
        self.refusals: list[Refusal] = []
        self._plane = ControlPlane(Behaviour(account=None), guard=(guards or Guards()).check)
        self._plane.adopt(HostedZone("Z1", APEX), 0)
        first = [self.layout.plans(FIRST_PLAN)]
        for number in range(endpoints):
            first += self.layout.tree(number, FIRST_PLAN)
            first += [self.layout.alias(number, FIRST_PLAN), self.layout.rollback(number, FIRST_PLAN)]
            first += [self.layout.lock(number, "set-up")]
        self.change([Change("CREATE", record_set) for record_set in first])

    @property
    def zone(self) -> HostedZone:
        zone = self._plane.zone("Z1")
        assert zone is not None
        return zone

    def sets_from(self, name: str, rtype: str, most: int) -> list[RecordSet]:
        begin = sort_key((canonical(name), rtype, ""))
        return [record_set for record_set in self.zone.ordered() if sort_key(record_set.key) >= begin][:most]

    def all_sets(self) -> Iterator[RecordSet]:
        return iter(self.zone.ordered())

    def change(self, changes: Sequence[Change]) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        return self._plane.change("Z1", changes, self.now).id
