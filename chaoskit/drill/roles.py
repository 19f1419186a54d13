"""Who of a team may do what: a role has its own verbs, and no other's."""

from __future__ import annotations

import itertools
from typing import get_args

from chaoskit.journal.events import Role

FOR_ALL = ("brief", "page", "levels")
VERBS: dict[Role, tuple[str, ...]] = {
    "operator": ("act", "diagnose", "alarms", "hint", "done"),
    "communicator": ("status",),
    "scribe": ("note",),
    "facilitator": ("hint", "hold", "resume", "abort"),
}
ROLES: tuple[Role, ...] = get_args(Role)


def verbs_of(role: Role) -> tuple[str, ...]:
    """What a role may ask for; whoever is alone may do all that is not the facilitator's own."""
    team = (verbs for other, verbs in VERBS.items() if other != "facilitator")
    return (*FOR_ALL, *(VERBS.get(role) or itertools.chain.from_iterable(team)))


def roles_with(verb: str) -> list[str]:
    """The roles of a team that have ``verb``, in their order."""
    return [role for role in VERBS if verb in verbs_of(role)]
