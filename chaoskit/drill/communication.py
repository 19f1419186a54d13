"""The status page against what customers met: when it spoke, what it promised, and whether it was true.

First update, cadence and the promised next update follow the public incident guides of PagerDuty and incident.io, whose times (5 to 10
minutes, then every 20 to 30) a scenario shortens in ``communication:``.
"""

from __future__ import annotations

import re
from itertools import pairwise

from chaoskit.clock import Instant
from chaoskit.drill.marks import DrillView, Finding, Mark, mark
from chaoskit.report.words import plural
from chaoskit.units import SECOND, format_duration

EACH = 5


def communication(view: DrillView) -> list[Mark]:
    """A mark for each rule."""
    if not view.failures:
        return [_mark(clause, "unknown", "no customer's call failed") for clause in CLAUSES]
    if not view.posts:
        return [_mark(clause, "broken", "nothing was published after the fault began") for clause in CLAUSES]
    return [_mark(clause, *judge(view)) for clause, judge in CLAUSES.items()]


def _mark(clause: str, finding: Finding, because: str) -> Mark:
    return mark("communication", clause, finding, EACH, because)


def _first(view: DrillView) -> tuple[Finding, str]:
    after = view.length(view.failures[0].started, view.posts[0].at)
    limit = view.plan.communication.first_within
    words = f"{format_duration(max(after, 0))} after the first failed call; at most {format_duration(limit)}"
    return ("held" if after <= limit else "broken"), words


def _cadence(view: DrillView) -> tuple[Finding, str]:
    instants = [post.at for post in view.posts]
    last = max(view.failures[-1].started, instants[0])
    points = [at for at in instants if at <= last] + [last]
    longest = max((view.length(earlier, later) for earlier, later in pairwise(points)), default=0)
    limit = view.plan.communication.every
    words = f"the longest silence while calls failed was {format_duration(longest)}; at most {format_duration(limit)}"
    return ("held" if longest <= limit else "broken"), words


def _promises(view: DrillView) -> tuple[Finding, str]:
    promises = [(number, post.next_by) for number, post in enumerate(view.posts) if post.next_by is not None]
    if not promises:
        return "broken", "no update said when the next would come"
    broken = [_lateness(view, number, by) for number, by in promises]
    late = [words for words in broken if words]
    in_time = "the one promised update" if len(promises) == 1 else f"all {len(promises)} promised updates"
    return ("broken" if late else "held"), "; ".join(late) or f"{in_time} came in time"


def _lateness(view: DrillView, number: int, by: Instant) -> str:
    """What is wrong with the promise of update ``number``; an end before the promised time breaks none."""
    following = view.posts[number + 1 : number + 2]
    end = view.watch.at if view.watch else view.run.last_instant
    promised_at = view.posts[number].at
    late = view.length(promised_at, following[0].at if following else end) - (by - promised_at)
    if following and late > 0:
        return f"update {number + 2} came {format_duration(late)} after the promised time"
    if not following and late > 0:
        return f"the update promised by update {number + 1} never came"
    return ""


def _truth(view: DrillView) -> tuple[Finding, str]:
    resolved = [post for post in view.posts if post.resolved]
    if not resolved:
        return "broken", "it was never said that the incident is resolved"
    early = [
        call
        for call in view.failures
        if call.started > resolved[0].at or (call.finished or 0) > resolved[0].at + SECOND
    ]
    if early:
        return "broken", f"said resolved, and {plural(len(early), 'call')} failed after that"
    return "held", "no call failed after it was said"


def _service(view: DrillView) -> tuple[Finding, str]:
    called = view.plan.communication.called
    naming = [post for post in view.posts if _holds(post.text, called)]
    words = "named" if naming else f"no update says what is affected: {' or '.join(called)}"
    return ("held" if naming else "broken"), words


def _plain(view: DrillView) -> tuple[Finding, str]:
    terms = view.plan.communication.insider_words
    used = sorted({term for term in terms for post in view.posts if _holds(post.text, (term,))})
    return ("broken" if used else "held"), f"customers do not know {', '.join(used)}" if used else "no insider's word"


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in words)


CLAUSES = {
    "first update in time": _first,
    "no long silence": _cadence,
    "next updates as promised": _promises,
    "resolved when it was": _truth,
    "says what is affected": _service,
    "in customers' words": _plain,
}
