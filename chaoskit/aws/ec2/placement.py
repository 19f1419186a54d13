"""Which droplet a new instance is placed on. Pure.

A droplet without a lease is no candidate for a launch, which then fails for want of capacity (AWS, summary of the event of 20 October
2025). Where there are more candidates, the emptiest is taken, and of equals the first by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaoskit.clock import Instant


@dataclass(slots=True)
class Placement:
    """``per_droplet`` instances have room on a droplet. ``droplet_of`` is where each instance runs, by its id."""

    per_droplet: int
    droplet_of: dict[str, str] = field(default_factory=dict)

    def place(self, number: int, leases: Mapping[str, Instant], at: Instant) -> list[str] | None:
        """The droplets for ``number`` new instances, one each; None when there is no room for all. ``leases``: when each lease ends."""
        taken = Counter(self.droplet_of.values())
        chosen: list[str] = []
        for _ in range(number):
            open_droplets = [
                droplet for droplet, expires in leases.items() if at < expires and taken[droplet] < self.per_droplet
            ]
            if not open_droplets:
                return None
            droplet = min(open_droplets, key=lambda name: (taken[name], name))
            taken[droplet] += 1
            chosen.append(droplet)
        return chosen

    def launched(self, instances: Iterable[str], droplets: Sequence[str]) -> None:
        """Remember where new instances run."""
        self.droplet_of.update(zip(instances, droplets, strict=False))

    def terminated(self, instances: Iterable[str]) -> None:
        """Give the room of these instances back."""
        for instance in instances:
            self.droplet_of.pop(instance, None)
