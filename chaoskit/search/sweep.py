"""The driver of a sweep: every run that the store does not hold yet, as many at once as the place allows."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.search.fields import with_values
from chaoskit.search.plan import Point
from chaoskit.search.points import FinishedRun, RunFunction, RunRequest, experiment_text, finished_run, together
from chaoskit.search.store import Store
from chaoskit.search.table import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep visits. ``at_once``: how many runs are asked for at a time."""

    document: Document
    points: tuple[Point, ...]
    repeats: int
    seed: int
    sandbox: str
    at_once: int

    def experiments(self) -> list[Experiment]:
        """Every point's experiment. Raises ``InputError`` for one that is not valid, as if its values stood in the file."""
        return [resolve(with_values(self.document, dict(point.values)), 1.0) for point in self.points]

    def wanted(self) -> list[tuple[str, Point, int]]:
        """Every run: its name, point and repeat; all points once, then all again."""
        return [
            (f"{point.number:05}-{repeat}", point, repeat)
            for repeat in range(1, self.repeats + 1)
            for point in self.points
        ]

    def order(self, point: Point, repeat: int) -> RunRequest:
        """The run of a point. Repeats have seeds of their own; all points of one repeat share theirs, so only the fields differ."""
        changed = with_values(self.document, dict(point.values))
        return RunRequest(text=experiment_text(changed), seed=self.seed + repeat - 1, sandbox=self.sandbox)


async def run_sweep(sweep: Sweep, store: Store, make: RunFunction, tell: Callable[[Visit, int], None]) -> list[Visit]:
    """Make every run that is not there yet; ``tell`` gets each and how many are left. Returns all, in order.

    A stored run that is invalid proves nothing, so it is made again.
    """
    there = _sound(store)
    left = sum(name not in there for name, _, _ in sweep.wanted())
    places = asyncio.Semaphore(sweep.at_once)
    visits: dict[str, Visit] = {}

    async def visit(name: str, point: Point, repeat: int) -> FinishedRun:
        nonlocal left
        order = sweep.order(point, repeat)
        if name in there:
            result = finished_run(store.run(name))
        else:
            async with places:
                result = await make(name, order)
        visits[name] = Visit(point=point, repeat=repeat, seed=order.seed, name=name, made=result)
        if name not in there:
            left -= 1
            tell(visits[name], left)
        return result

    await together([visit(*item) for item in sweep.wanted()])
    in_order = sorted(sweep.wanted(), key=lambda item: (item[1].number, item[2]))
    return [visits[name] for name, _, _ in in_order]


def _sound(store: Store) -> set[str]:
    """The names of the stored runs that say something; those that do not are removed."""
    sound = set()
    for name in store.done():
        if finished_run(store.run(name)).outcome == "invalid":
            shutil.rmtree(store.run(name))
        else:
            sound.add(name)
    return sound
