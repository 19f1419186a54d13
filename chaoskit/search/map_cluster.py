"""Cells of a cascade's map on the workers of a Dask cluster (the optional extra ``chaoskit[dask]``), for maps too large for one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.map.grid import CellsOf, cells_here
from chaoskit.cascade.system.model import System
from chaoskit.errors import HarnessError
from chaoskit.search.cluster import (
    CONNECT_WITHIN_S,
    about_worker,
    cannot_import,
    distributed_or_refuse,
    nobody_answers,
    threads_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS_PER_THREAD = 4
"""A map is cut into so many parts for each thread of the cluster: a slow worker is given fewer of them."""


@contextmanager
def cells_on(address: str) -> Iterator[tuple[CellsOf, int]]:
    """Connect; yields what computes cells there, and the threads of the workers. Raises ``InputError`` when that cannot be."""
    distributed = distributed_or_refuse()
    try:
        client = distributed.Client(address, timeout=CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise nobody_answers(address) from error
    with client:
        try:
            workers = client.run(about_worker)
        except Exception as error:  # whatever a worker without chaoskit raises
            raise cannot_import(address, error) from error
        threads = threads_of(workers, address)

        def cells(
            system: System, loads: NDArray[Any], outages_s: NDArray[Any], until_s: float
        ) -> tuple[NDArray[Any], NDArray[Any]]:
            import numpy as np

            count = min(len(loads), threads * PARTS_PER_THREAD)
            parts = zip(np.array_split(loads, count), np.array_split(outages_s, count), strict=True)
            futures = [client.submit(cells_here, system, *part, until_s, pure=False) for part in parts]
            try:
                results = client.gather(futures)
            except distributed.KilledWorker as error:
                raise HarnessError(f"--dask {address}: worker after worker was lost: {error}") from error
            fate, lag = zip(*results, strict=True)
            return np.concatenate(fate), np.concatenate(lag)

        yield cells, threads
