"""Approximate Bayesian computation: draws from the priors, and of them those whose fitted phases are as long as the published ones.

The day's blocks (the negative answers; the leases; the network; its lateness; the launches) share no parameter, and each is compared from
its own published beginning. So each block is accepted by itself, and the accepted draws of all blocks are combined at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.day.mechanism import HELD, collapse
from chaoskit.cascade.day.plan import Day, Range
from chaoskit.seeds import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 200_000
MOST_ACCEPTED = 8_000
NOT_IDENTIFIED, PINNED = 0.2, 0.5
"""The largest difference of the distribution functions of prior and posterior: up to the first a parameter is not identified, from the
second on it is pinned down, in between it is narrowed."""

BLOCKS = {
    "negative_tail": ("negative_ttl",),
    "drain": ("lease", "full_release", "time_out", "retry", "throttle"),
    "network": ("network_load",),
    "latency_rise": ("rise",),
    "launches": ("launch_load",),
}
UNFITTED = ("repair", "utilisation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """One parameter: ``prior`` and ``posterior`` at 5, 50 and 95 %, and how far apart they are (0 to 1)."""

    range: Range
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    apart: float

    @property
    def verdict(self) -> str:
        """What the day says about it."""
        if self.apart <= NOT_IDENTIFIED:
            return "not identified"
        return "pinned" if self.apart >= PINNED else "narrowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutPhase:
    """A fitted phase as if it had not been fitted: its 90 % interval and the published length, in minutes."""

    phase: str
    published: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """``draws``: the accepted ones, an array a parameter. ``accepted``: of how many, by block."""

    day: Day
    seed: int
    draws: dict[str, NDArray[Any]]
    drawn: int
    accepted: dict[str, int]
    marginals: tuple[Marginal, ...]
    pinned: dict[str, tuple[float, float, float]]
    held_out: tuple[HeldOutPhase, ...]
    coverage: float
    coverage_days: int


def fit_day(day: Day, *, seed: int = 1, draws: int = DRAWS) -> Fit:
    """Draw, accept and combine; equal seeds give equal fits."""
    import numpy as np

    rng = np.random.default_rng(generator(seed, "cascade day").getrandbits(64))
    ranges = {each.name: each for each in day.ranges}
    prior = {name: _log_uniform(rng, each, draws) for name, each in ranges.items()}
    lengths, possible = _lengths(day, prior)
    published = published_lengths(day)
    chosen = {
        block: np.flatnonzero(possible[block] & _near(lengths[block], published[block], day.tolerance))
        for block in BLOCKS
    }
    number = min(MOST_ACCEPTED, len(chosen["drain"]))
    posterior: dict[str, NDArray[Any]] = {}
    if all(len(picked) for picked in chosen.values()):
        for block, names in BLOCKS.items():
            at = rng.permutation(chosen[block])[:number]
            at = at if len(at) == number else rng.choice(chosen[block], number)
            posterior |= {name: prior[name][at] for name in names}
        posterior |= {name: prior[name][:number] for name in UNFITTED}
    marginals = tuple(_marginal(ranges[name], prior[name], posterior[name]) for name in ranges if name in posterior)
    return Fit(
        day=day,
        seed=seed,
        draws=posterior,
        drawn=draws,
        accepted={block: len(picked) for block, picked in chosen.items()},
        marginals=marginals,
        pinned=_pinned(day, posterior) if posterior else {},
        held_out=tuple(
            HeldOutPhase(
                phase=block,
                published=published[block],
                low=float(np.quantile(lengths[block][possible[block]], 0.05)),
                high=float(np.quantile(lengths[block][possible[block]], 0.95)),
            )
            for block in BLOCKS
        ),
        coverage=_coverage(prior, lengths["drain"], possible["drain"], day.tolerance, rng),
        coverage_days=COVERAGE_DAYS,
    )


def published_lengths(day: Day) -> dict[str, float]:
    """How long each fitted phase was, from its own beginning: minutes."""
    events = day.events
    held, normal = day.phase_end("drain"), day.phase_end("network")
    return {
        "negative_tail": day.phase_end("negative_tail") - events["record_back"],
        "drain": held - events["throttled"],
        "latency_rise": day.phase_end("latency_rise") - held,
        "network": normal - held,
        "launches": day.phase_end("launches") - events["relaxed"],
    }


def _lengths(day: Day, prior: dict[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Each phase's length in every draw, and whether the draw's signs are the published ones."""
    import numpy as np

    events = day.events
    back, until = events["record_back"], events["throttled"] - events["record_back"]
    release = np.minimum(1.0, back / prior["lease"]) * prior["full_release"]
    count = len(release)
    _, missing = collapse(release, prior["time_out"], prior["retry"], np.full(count, until))
    everyone = np.ones(count, bool)
    lengths = {
        "negative_tail": prior["negative_ttl"],
        "drain": missing * release / prior["throttle"],
        "latency_rise": prior["rise"],
        "network": day.phase_end("drain") * prior["network_load"] / (1 - prior["network_load"]),
        "launches": events["relaxed"] * prior["launch_load"] / (1 - prior["launch_load"]),
    }
    possible = dict.fromkeys(BLOCKS, everyone) | {"drain": missing >= HELD}
    return lengths, possible


def _near(lengths: NDArray[Any], published: float, tolerance: float) -> NDArray[Any]:
    import numpy as np

    near: NDArray[Any] = np.abs(lengths / published - 1) <= tolerance
    return near


def _log_uniform(rng: np.random.Generator, each: Range, number: int) -> NDArray[Any]:
    import numpy as np

    values: NDArray[Any] = np.exp(rng.uniform(np.log(each.low), np.log(each.high), number))
    return values


def three(values: NDArray[Any]) -> tuple[float, float, float]:
    """The values at 5, 50 and 95 %."""
    import numpy as np

    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def _marginal(each: Range, prior: NDArray[Any], posterior: NDArray[Any]) -> Marginal:
    import numpy as np

    places = np.exp(np.linspace(np.log(each.low), np.log(each.high), 201))
    below = [np.searchsorted(np.sort(values), places, side="right") / len(values) for values in (prior, posterior)]
    return Marginal(
        range=each, prior=three(prior), posterior=three(posterior), apart=float(np.abs(below[0] - below[1]).max())
    )


def _pinned(day: Day, draws: dict[str, NDArray[Any]]) -> dict[str, tuple[float, float, float]]:
    """Combinations that the day does pin down."""
    import numpy as np

    lapsed = np.minimum(1.0, day.events["record_back"] / draws["lease"])
    load = draws["network_load"]
    launch = draws["launch_load"]
    return {
        "share lapsed × full re-lease time ÷ throttle, minutes": three(
            lapsed * draws["full_release"] / draws["throttle"]
        ),
        "network load ÷ spare capacity": three(load / (1 - load)),
        "launch load ÷ spare capacity": three(launch / (1 - launch)),
        "negative TTL, minutes": three(draws["negative_ttl"]),
    }


COVERAGE_DAYS = 200


def _coverage(
    prior: dict[str, NDArray[Any]],
    lengths: NDArray[Any],
    possible: NDArray[Any],
    tolerance: float,
    rng: np.random.Generator,
) -> float:
    """How often a 90 % interval holds the truth, on days made from the prior: a check of the method, not of the mechanism."""
    import numpy as np

    usable = np.flatnonzero(possible)
    hits, asked = 0, 0
    for truth in rng.permutation(usable)[:COVERAGE_DAYS]:
        near = usable[_near(lengths[usable], float(lengths[truth]), tolerance)]
        for name in BLOCKS["drain"]:
            low, high = np.quantile(prior[name][near], [0.05, 0.95])
            hits += bool(low <= prior[name][truth] <= high)
            asked += 1
    return hits / max(1, asked)
