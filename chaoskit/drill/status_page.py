"""The status page as customers read it: the updates so far, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from chaoskit.clock import Instant
from chaoskit.journal.events import StatusPosted
from chaoskit.printable import printable
from chaoskit.units import format_duration


def page_text(posts: Sequence[StatusPosted], now: Instant) -> str:
    """The page as text; instants are told as how long ago they were."""
    if not posts:
        return "Nothing has been published yet. Publish an update: chaoskit operator status TEXT --next 10m"
    return "\n".join(_line(post, now) for post in reversed(posts))


def _line(post: StatusPosted, now: Instant) -> str:
    state = "RESOLVED" if post.resolved else "UPDATE"
    promise = "" if post.next_by is None else f" Next update within {format_duration(post.next_by - post.at)}."
    return f"[{state}, {format_duration(now - post.at)} ago] {printable(post.text)}{promise}"
