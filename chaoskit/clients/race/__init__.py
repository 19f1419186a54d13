"""``race``: a participant of the race, which writes a hosted zone by the policies of ``chaoskit race``.

It is no client whose calls are judged: the journal has its steps (``RaceStep``). Its process becomes ``chaoskit.race.live``, which reads
the plan.
"""

from __future__ import annotations

MODULE = "chaoskit.race.live"
"""The module that is run in this one's place."""


class Race:
    """The kind alone: what a participant is told is ``chaoskit.race.live.spec.RaceSpec``."""
