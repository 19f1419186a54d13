"""What faults are injected into: DNS, the network, the services, the processes of a run.

A plane is an object, so that whoever adds one adds a package and a line in ``experiment/planes.py``, and edits nothing else: the loader,
the runner, the journal and the schema loop over the planes there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chaoskit.registry import Registry
from chaoskit.timeline.injection import Injection


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an experiment has that an injection may be aimed at.

    ``services`` maps each service to its number of availability zones (None: it has none), ``zones`` each DNS zone's apex to the names
    in it, written as queries have them. ``canary`` is the name that no fault may touch. ``addresses`` maps each service to its addresses.
    ``own`` has the services that are no mocks of AWS, and whether requests to each are read as HTTP.
    """

    clients: tuple[str, ...]
    services: Mapping[str, int | None]
    zones: Mapping[str, tuple[str, ...]]
    canary: str
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one injection: the field below its entry in the timeline, what is wrong, and what would be right.

    ``about`` is ``client`` where a client is named that there is not.
    """

    field: tuple[str, ...]
    message: str
    fix: str
    about: str = ""


Check: TypeAlias = Callable[[Injection[Any, Any], Surroundings], Iterable[Complaint]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One kind of thing that can be made to fail.

    ``key`` is its word in an experiment's timeline and in the journal; ``noun`` is what one of its faults is called in a message.
    ``target`` is the frozen dataclass that ``where`` is read into; a plain string there means its field ``short``. ``faults`` are the
    kinds there are. ``module`` is the program of the process that applies them, None where the runner itself does. A plane of
    ``start_order`` 0 is started before the clients, the others after them, lowest first; they are stopped in the reverse order of
    ``stop_order``. ``check`` tells what is wrong with an injection that no field alone shows.
    """

    key: str
    noun: str
    target: type[Any]
    short: str
    faults: Registry
    module: str | None
    start_order: int
    stop_order: int
    check: Check
