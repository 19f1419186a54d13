"""Protections, one file each: switches that edit an enactor's pass, or what the control plane lets through.

A file holds one class: its docstring is the sentence that says what the protection does, ``covers`` says which reads the
compare-and-swap then covers, and ``protect(rules)`` switches it on. They are composed in the order of ``ORDER``, whatever order a
user names them in. They are not monotone: one more protection can break what held, and ``chaoskit race explore --table`` lists where.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import ClassVar, Protocol

from chaoskit.race.rules import AS_IT_WAS, Rules
from chaoskit.registry import Registry

PROTECTIONS = Registry(__name__)

ORDER = (
    "fenced_lock",
    "freshness_before_stamp",
    "freshness_after_stamp",
    "atomic",
    "cleaner_skips_active_at_listing",
    "cleaner_skips_active_before_stamp",
    "cleaner_skips_active_after_stamp",
    "tolerant_rollback",
    "never_empty_guard",
    "velocity_limit",
)
"""First those that give the pass its shape, then those that add reads to it, then those that change no step."""


class Protection(Protocol):
    """What every file under ``protections/`` holds."""

    covers: ClassVar[str]

    def protect(self, rules: Rules) -> Rules:
        """The rules with this protection on."""


def rules_of(names: Iterable[str], base: Rules = AS_IT_WAS) -> Rules:
    """The rules of an enactor with these protections on top of ``base``. Raises ``KeyError`` that names the nearest known one."""
    chosen = set(names)
    for name in chosen:
        if name not in PROTECTIONS.kinds:
            raise KeyError(PROTECTIONS.unknown(name))
    rules = base
    for name in ORDER:
        if name in chosen:
            protection: Protection = PROTECTIONS.get(name)()
            rules = protection.protect(rules)
    return rules


def sentence_of(name: str) -> str:
    """What the protection does, and which reads the compare-and-swap covers with it."""
    protection: type[Protection] = PROTECTIONS.get(name)
    return f"{' '.join((inspect.getdoc(protection) or '').split())} {protection.covers}"


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """The names in the order of composition, each once."""
    chosen = set(names)
    return tuple(name for name in ORDER if name in chosen)
