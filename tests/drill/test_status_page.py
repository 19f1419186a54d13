"""The status page: the newest update first, in a form that no text of an update can break."""

from __future__ import annotations

from chaoskit.drill.status_page import page_html, page_text
from chaoskit.journal.events import StatusPosted
from tests.drill.playing import WELL, Play, scenario

POSTS = [
    StatusPosted(at=0, text="<b>Orders</b> \x1b[31mfail.", next_by=60 * 10**9),
    StatusPosted(at=5 * 10**9, text="Well.", resolved=True),
]


def test_the_newest_update_is_first() -> None:
    first, second = page_text(POSTS, 9 * 10**9).splitlines()
    assert first == "[RESOLVED, 4 s ago] Well."
    assert second.startswith("[UPDATE, 9 s ago] <b>Orders</b>")
    assert second.endswith("Next update within 60 s.")
    assert "\x1b" not in second


def test_an_update_cannot_be_markup() -> None:
    assert "&lt;b&gt;Orders" in page_html(POSTS)
    assert "<b>" not in page_html(POSTS)


def test_each_update_is_published() -> None:
    play = Play(scenario()).run(WELL, leaves=14)
    assert len(play.pages) == 3
    assert "Nothing has been published" in play.pages[0]
    assert "Orders work again." in play.pages[2]
