"""Who of a team may do what: a role has its own verbs, and no other's."""

from __future__ import annotations

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
    own = VERBS.get(role) or tuple(dict.fromkeys(verb for other in list(VERBS)[:3] for verb in VERBS[other]))
    return (*FOR_ALL, *own)


def roles_with(verb: str) -> list[str]:
    """The roles of a team that have ``verb``, in their order."""
    return [role for role in VERBS if verb in verbs_of(role)]
