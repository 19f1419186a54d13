"""Runs on the workers of a Dask cluster. The one place that imports distributed, an optional extra (``pip install chaoskit[dask]``).

A worker that is lost takes its runs with it, and Dask gives them to another one. A run during which worker after worker is lost
(Dask's ``distributed.scheduler.allowed-failures``) is told as invalid: it may be what kills them.
"""

from __future__ import annotations

import importlib
import importlib.util
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chaoskit
from chaoskit.errors import InputError
from chaoskit.search.points import FinishedRun, RunFunction, RunRequest
from chaoskit.search.remote import PackedRun, make_packed_run, unpack
from chaoskit.search.store import Store

CONNECT_WITHIN_S = 10


def make_on_worker(order: RunRequest, search: str) -> PackedRun:
    """The task that a worker executes."""
    distributed = _distributed()
    unwanted = distributed.Variable(f"chaoskit-{search}-unwanted")

    def is_unwanted() -> bool:
        try:
            return bool(unwanted.get(timeout="2s"))
        except TimeoutError:  # nobody has set it
            return False

    return make_packed_run(order, Path(distributed.get_worker().local_directory), is_unwanted)


@asynccontextmanager
async def cluster(address: str) -> AsyncIterator[tuple[Callable[[Store], RunFunction], int]]:
    """Connect; yields the maker of runs for a store, and how many threads the workers have. Raises ``InputError`` when that cannot be."""
    distributed = distributed_or_refuse()
    try:
        client = await distributed.Client(address, asynchronous=True, timeout=CONNECT_WITHIN_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise nobody_answers(address) from error
    search = uuid.uuid4().hex
    stop = distributed.Variable(f"chaoskit-{search}-unwanted", client=client)
    try:
        await stop.set(False)
        threads = await _check_workers(client, address)

        def make_in(store: Store) -> RunFunction:
            async def make(name: str, order: RunRequest) -> FinishedRun:
                order.write(store.experiment(name))
                future = client.submit(make_on_worker, order, search, key=f"chaoskit-{search}-{name}", pure=False)
                try:
                    parcel = await future
                except distributed.KilledWorker as error:
                    return FinishedRun(outcome="invalid", because=f"worker after worker was lost: {error}", folder=None)
                return unpack(parcel, store.run(name))

            return make

        yield make_in, threads
    finally:
        await stop.set(True)
        await client.close()


async def _check_workers(client: Any, address: str) -> int:
    try:
        workers = await client.run(about_worker)
    except Exception as error:  # whatever a worker without chaoskit raises
        raise cannot_import(address, error) from error
    return threads_of(workers, address)


def threads_of(workers: Mapping[str, tuple[str, int]], address: str) -> int:
    """The threads of all ``workers``. Raises ``InputError`` unless there are some, and each has this version of chaoskit."""
    if not workers:
        raise InputError(f"--dask {address}: the scheduler has no workers; start some with: dask worker {address}")
    if others := sorted({version for version, _ in workers.values() if version != chaoskit.__version__}):
        raise InputError(
            f"--dask {address}: workers have chaoskit {', '.join(others)}, here is {chaoskit.__version__}; make them equal"
        )
    return sum(threads for _, threads in workers.values())


def distributed_or_refuse() -> Any:
    """The library. Raises ``InputError`` where it is not installed."""
    if importlib.util.find_spec("distributed") is None:
        raise InputError("--dask needs Dask: pip install 'chaoskit[dask]'")
    return _distributed()


def nobody_answers(address: str) -> InputError:
    """What to tell of an ``address`` without a scheduler."""
    return InputError(f"--dask {address}: no scheduler answers there; start one with: dask scheduler")


def cannot_import(address: str, error: Exception) -> InputError:
    """What to tell of workers that lack chaoskit."""
    return InputError(f"--dask {address}: the workers cannot import chaoskit; install it there too ({error})")


def _distributed() -> Any:
    """The library, loaded when it is needed; untyped, so that nothing here depends on its being installed."""
    return importlib.import_module("distributed")


def about_worker(dask_worker: Any) -> tuple[str, int]:
    """Of one worker: its version of chaoskit, and its threads. Dask hands the worker in by the argument's name."""
    return chaoskit.__version__, dask_worker.state.nthreads
