"""A window that waits for somebody's go: ``hold: true`` on an entry of the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.timeline.window import Span, Window


@dataclass(frozen=True, slots=True)
class Held(Window):
    """Off until ``event`` is seen. Then it is ``window``, as much later as the event came after ``at``.

    ``at`` is the offset at which the run is held: nothing of ``window`` lies before it.
    """

    window: Window
    event: str
    at: int

    def active(self, offset: int) -> bool:
        return False

    def next_change(self, after: int) -> int | None:
        return None

    def spans(self, until: int) -> tuple[Span, ...]:
        return ()

    def shifted(self, by: int) -> Held:
        return Held(self.window.shifted(by), self.event, self.at + by)

    def with_event(self, event: str, offset: int) -> Window:
        if event != self.event or offset < self.at:
            return self
        return self.window.shifted(offset - self.at)
