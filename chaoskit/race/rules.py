"""What protections may change of an enactor's pass: which reads come before each of its batches, and what a lost swap leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Step(IntEnum):
    """One API call of an enactor's pass."""

    PLANS = 1
    """Read the newest plan."""
    CHECK = 2
    """Read the alias; give the endpoint up unless the plan is newer."""
    STAMP = 3
    """Read the lock."""
    LOOK = 4
    """List the trees; leave out the build where the plan's tree is there."""
    BUILD = 5
    """Batch: put the plan's tree."""
    ACTIVE = 6
    """Read the alias, for the rollback record to point at."""
    CHECK_ACTIVE = 7
    """The same read, and give the endpoint up unless the plan is newer."""
    FLIP = 8
    """Batch: point the alias at the plan, and the rollback record at what was active."""
    SPARE = 9
    """Read the alias, for the clean-up list to leave out."""
    LIST = 10
    """List the trees; those that are generations old are doomed."""
    SKIP = 11
    """Read the alias; spare the doomed tree where the alias points at it."""
    DELETE = 12
    """Batch: delete a doomed tree."""
    INSTALL = 13
    """Compare, build and flip in one step (model only)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """An enactor's pass, and what the control plane guards.

    ``build``, ``flip``, ``listing`` and ``delete`` are the steps up to each batch; ``rebuild``, ``reflip`` and ``redelete`` those
    after its swap was lost. ``restarts``: a swap lost before the flip restarts the pass instead. The fields' defaults are the pass as it
    was on that day: freshness is asked once, at the start, and a loser reads the lock and the active plan again, but not freshness.
    (AWS, re:Invent 2025 DAT453.)
    """

    build: tuple[Step, ...] = (Step.CHECK, Step.STAMP, Step.BUILD)
    rebuild: tuple[Step, ...] = (Step.STAMP, Step.BUILD)
    flip: tuple[Step, ...] = (Step.ACTIVE, Step.FLIP)
    reflip: tuple[Step, ...] = (Step.STAMP, Step.ACTIVE, Step.FLIP)
    listing: tuple[Step, ...] = (Step.LIST,)
    delete: tuple[Step, ...] = (Step.DELETE,)
    redelete: tuple[Step, ...] = (Step.STAMP, Step.DELETE)
    restarts: bool = False
    locks: bool = True
    """Batches swap the TXT lock. Without it no stamp is read, and no batch is lost."""
    tolerant: bool = False
    """The flip is tried again without the rollback record where the record's target is missing."""
    generations: int = 2
    """How many plans' trees the clean-up keeps, the one just installed included."""
    by_address: bool = False
    """Trees are taken down one address a batch."""
    never_empty: bool = False
    """The control plane refuses a batch after which the endpoint would have no address."""
    velocity: int | None = None
    """The control plane refuses a batch by which the endpoint would have lost more addresses than this within one window."""

    @property
    def opening(self) -> tuple[Step, ...]:
        """A whole pass from its start, up to the clean-up list."""
        return (Step.PLANS, *self.build, *self.flip, *self.listing)


AS_IT_WAS = Rules()
"""No protection: the pass of 20 October 2025."""

CHECK_THEN_ACT = Rules(
    build=(Step.CHECK, Step.BUILD),
    rebuild=(Step.BUILD,),
    flip=(Step.FLIP,),
    reflip=(Step.FLIP,),
    redelete=(Step.DELETE,),
    locks=False,
)
"""A simpler pass, without lock and rollback record: check, apply, clean. Models published soon after the outage have no more."""
