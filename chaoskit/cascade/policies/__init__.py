"""The policies of a cascade, one file each: what a component does next, as data and two pure functions.

``step(state, event, at, rng)`` is the reference: one entity, one event, at an instant in nanoseconds. It returns the next state and
the effect. ``step_many`` does the same to arrays, one element an entity, equal to ``step`` in every state, effect and draw. Neither
sleeps, sends or reads a clock, so a real driver and a simulated one can hold the same objects.

States and effects are tuples whose fields are numbers in ``step`` and arrays in ``step_many``. An event is a number (its meaning stands
in the policy's file) or such a tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chaoskit.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLICIES = Registry("chaoskit.cascade.policies")

T = TypeVar("T")
"""A number, or an array of numbers."""


class Draw(Protocol):
    """Where ``step`` takes its randomness from: ``random.Random``, or one entity's ``Stream``."""

    def random(self) -> float:
        """One draw, evenly from 0 to 1 (excluded)."""
        ...


class ManyDraws(Protocol):
    """Where ``step_many`` takes its randomness from: ``Streams``, or the ``Subset`` of them."""

    def random(self, entities: NDArray[Any]) -> NDArray[Any]:
        """One draw of each of ``entities``: indices or one boolean an entity."""
        ...
