"""A console on which the only control codes are those of its own styles."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from chaoskit.printable import printable


class SafeConsole(Console):
    """Rich's console; whatever is printed goes through ``printable``, after it was laid out and before it is coloured."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of ``renderable``: text that steers nothing, and rich's own control codes."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)
