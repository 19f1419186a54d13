from __future__ import annotations

import pytest

from chaoskit.timeline.codec import window_to_json
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once, Window

FIRST = Injection("first", "a", Once(10, 20), "empty")
SECOND = Injection("second", "b", Once(20, 5), "drop")
TIMELINE: Timeline[str, str] = Timeline((SECOND, FIRST))


def test_without_an_origin_nothing_is_active_nor_will_be() -> None:
    assert TIMELINE.active(15) == ()
    assert TIMELINE.next_change(0) is None


def test_offsets_count_from_the_origin() -> None:
    anchored = TIMELINE.anchored(1000)
    assert anchored.active(15) == ()
    assert anchored.active(1010) == (FIRST,)
    assert TIMELINE.origin is None, "a timeline is immutable"


def test_what_is_active_comes_in_the_order_written() -> None:
    assert TIMELINE.anchored(0).active(22) == (SECOND, FIRST)


def test_the_changes_in_order() -> None:
    anchored = TIMELINE.anchored(1000)
    changes = [0]
    while (at := anchored.next_change(changes[-1])) is not None:
        changes.append(at)
    assert changes == [0, 1010, 1020, 1025, 1030]


def test_a_window_without_a_plain_form_says_so() -> None:
    class Never(Window):
        def active(self, offset: int) -> bool:
            return False

        def next_change(self, after: int) -> int | None:
            return None

        def spans(self, until: int) -> tuple[tuple[int, int], ...]:
            return ()

    with pytest.raises(TypeError, match="no plain form for Never"):
        window_to_json(Never())
