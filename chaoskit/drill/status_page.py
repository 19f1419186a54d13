"""The status page as customers read it: the updates so far, the newest first."""

from __future__ import annotations

import html
from collections.abc import Sequence

from chaoskit.charts.files import FOLDER
from chaoskit.clock import Instant
from chaoskit.journal.events import StatusPosted
from chaoskit.printable import printable
from chaoskit.report.drill_moments import promise_of
from chaoskit.units import format_duration

STYLE = """
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 24px 18px 40px; } h1 { font-size: 1.5rem; margin: 0 0 12px; }
ol { list-style: none; margin: 0; padding: 0; }
li { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--wait); border-radius: 8px; padding: 10px 16px; }
li { margin: 0 0 10px; overflow-wrap: anywhere; } li.resolved { border-left-color: var(--ok); } li p { margin: 2px 0 0; }
.soft { color: var(--soft); font-size: .9rem; }
"""
RELOAD = "setTimeout(() => location.reload(), 5000)"


def page_text(posts: Sequence[StatusPosted], now: Instant) -> str:
    """The page as text; instants are told as how long ago they were."""
    if not posts:
        return "Nothing has been published yet. Publish an update: chaoskit operator status TEXT --next 10m"
    return "\n".join(_line(post, now) for post in reversed(posts))


def page_html(posts: Sequence[StatusPosted]) -> str:
    """The page as HTML that a browser loads again every five seconds, where scripts are on."""
    entries = "".join(_entry(post) for post in reversed(posts))
    body = f"<ol>{entries}</ol>" if posts else "<p>Nothing has been published yet.</p>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Status</title><style>{(FOLDER / 'theme.css').read_text()}{STYLE}</style><script>{RELOAD}</script>"
        f'<main><h1>Status</h1>{body}<p class="soft">The newest is first. This page loads itself again every 5 s, where scripts are on.</p>'
        "</main></html>\n"
    )


def _entry(post: StatusPosted) -> str:
    state = "Resolved" if post.resolved else "Update"
    promise = f'<p class="soft">{promise_of(post)}</p>' if post.next_by is not None else ""
    return (
        f'<li class="{state.lower()}"><strong>{state}</strong><p>{html.escape(printable(post.text))}</p>{promise}</li>'
    )


def _line(post: StatusPosted, now: Instant) -> str:
    state = "RESOLVED" if post.resolved else "UPDATE"
    return f"[{state}, {format_duration(now - post.at)} ago] {printable(post.text)} {promise_of(post)}".rstrip()
