"""Counter-based randomness: the draw number k of entity i is a function of (seed, purpose, i, k), whoever asks first.

So a simulation that steps a million entities as arrays and one that steps them one by one see the same numbers. The function is
SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), keyed by entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.seeds import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_SPREAD = 0xD1342543DE82EF95
_TO_UNIT = 2.0**-53


def mix(word: int) -> int:
    """SplitMix64's finalizer: 64 bits in, 64 bits out, one to one."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


def base_key(seed: int, purpose: str) -> int:
    """The key that all entities of one purpose (``"back-off"``) derive theirs from."""
    return generator(seed, "cascade", purpose).getrandbits(64)


class Stream:
    """The draws of one entity, each evenly from 0 to 1 (excluded). Has what policies ask of ``random.Random``."""

    __slots__ = ("_count", "_key")

    def __init__(self, base: int, entity: int) -> None:
        self._key = mix((base + (entity + 1) * _SPREAD) & _MASK)
        self._count = 0

    def random(self) -> float:
        """The next draw."""
        self._count += 1
        return (mix((self._key + self._count * _GAMMA) & _MASK) >> 11) * _TO_UNIT


class Streams:
    """The streams of the entities 0 to ``number`` - 1, as arrays."""

    def __init__(self, base: int, number: int) -> None:
        import numpy as np

        entities = np.arange(1, number + 1, dtype=np.uint64)
        self._keys = _mix_many(np.uint64(base) + entities * np.uint64(_SPREAD))
        self._counts = np.zeros(number, dtype=np.uint32)

    def random(self, entities: NDArray[Any]) -> NDArray[Any]:
        """The next draw of each of ``entities``: indices, each at most once, or one boolean an entity."""
        import numpy as np

        self._counts[entities] += np.uint32(1)
        words = _mix_many(self._keys[entities] + self._counts[entities].astype(np.uint64) * np.uint64(_GAMMA))
        unit: NDArray[Any] = (words >> np.uint64(11)) * _TO_UNIT
        return unit

    def of(self, entities: NDArray[Any]) -> Subset:
        """The streams of ``entities`` (indices) alone, for a policy that steps only those."""
        return Subset(self, entities)


class Subset:
    """Some of the streams: index 0 is the first chosen entity."""

    def __init__(self, streams: Streams, entities: NDArray[Any]) -> None:
        self._streams, self._entities = streams, entities

    def random(self, entities: NDArray[Any]) -> NDArray[Any]:
        """The next draw of each of the chosen that ``entities`` picks."""
        return self._streams.random(self._entities[entities])


def _mix_many(words: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[Any] = words ^ (words >> np.uint64(31))
    return mixed
