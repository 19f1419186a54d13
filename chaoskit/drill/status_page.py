"""The status page as customers read it: the updates so far, the newest first."""

from __future__ import annotations

import html
from collections.abc import Sequence

from chaoskit.clock import Instant
from chaoskit.journal.events import StatusPosted
from chaoskit.printable import printable
from chaoskit.units import format_duration


def page_text(posts: Sequence[StatusPosted], now: Instant) -> str:
    """The page as text; instants are told as how long ago they were."""
    if not posts:
        return "Nothing has been published yet. Publish an update: chaoskit operator status TEXT --next 10m"
    return "\n".join(_line(post, f", {format_duration(now - post.at)} ago") for post in reversed(posts))


def page_html(posts: Sequence[StatusPosted]) -> str:
    """The page as HTML that a browser loads again every five seconds."""
    text = html.escape("\n".join(_line(post, "") for post in reversed(posts)) or "Nothing has been published yet.")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        f'<title>Status</title><h1>Status</h1><pre style="white-space: pre-wrap">{text}</pre></html>\n'
    )


def _line(post: StatusPosted, age: str) -> str:
    state = "RESOLVED" if post.resolved else "UPDATE"
    promise = "" if post.next_by is None else f" Next update within {format_duration(post.next_by - post.at)}."
    return f"[{state}{age}] {printable(post.text)}{promise}"
