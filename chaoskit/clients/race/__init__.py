"""``race``: a participant of the race, which writes a hosted zone by the policies of ``chaoskit race``. Its process is that package's.

It is no client whose calls are judged: the journal has its steps (``RaceStep``).
"""

from __future__ import annotations

from typing import ClassVar


class Race:
    """What is known of it here."""

    MODULE: ClassVar[str] = "chaoskit.race.live"
    """The program of its process."""
