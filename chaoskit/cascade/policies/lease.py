"""A lease: a hold that ends by itself unless it is renewed in time (Gray and Cheriton, "Leases", SOSP 1989).

EC2's droplet workflow manager holds one on every physical host (AWS, summary of the event of 20 October 2025); its length was not
published. Events: ``RENEW``, ``ASK``. Effect: whether the lease is held after the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

RENEW, ASK = 0, 1


class State(NamedTuple, Generic[T]):
    """``expires``: the first instant at which the lease is no longer held."""

    expires: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease of ``length_ns`` nanoseconds, counted from its last renewal."""

    length_ns: int

    def initial(self) -> State[int]:
        """A lease that nobody holds."""
        return State(0)

    def step(self, state: State[int], event: int, at: Instant, rng: Draw) -> tuple[State[int], bool]:
        """Renew or ask at ``at``."""
        expires = at + self.length_ns if event == RENEW else state.expires
        return State(expires), at < expires

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        expires = np.where(events == RENEW, at + self.length_ns, states.expires)
        return State(expires), at < expires
