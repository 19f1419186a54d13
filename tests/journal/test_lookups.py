"""A and AAAA belong together, from one socket or two, and a lookup of which half failed says so."""

from __future__ import annotations

from chaoskit.journal.lookups import PAIR_GAP_NS, Lookup, find_lookups
from chaoskit.report.lookups import state_of
from chaoskit.units import MILLISECOND
from tests.journal.story import Story


def lookups(story: Story) -> tuple[Lookup, ...]:
    return find_lookups(story.entries())


def test_go_and_getent_ask_from_two_sockets() -> None:
    story = Story().head("app")
    story.query("app", 10, 4001, "A").query("app", 10.2, 4002, "AAAA", answers=0)
    (lookup,) = lookups(story)
    assert lookup.halves == (("A", "addresses"), ("AAAA", "NODATA"))
    assert state_of(lookup) == "answers", "a healthy name with A only is never empty"


def test_getent_asks_for_aaaa_first_and_then_for_a() -> None:
    story = Story().head("app")
    story.query("app", 10, 4001, "AAAA", answers=0).query("app", 12, 4002, "A")
    assert [state_of(lookup) for lookup in lookups(story)] == ["answers"]


def test_a_busy_machine_may_wait_before_it_asks_for_a() -> None:
    """An honest "no AAAA" alone says nothing of the record, and is no emptiness as long as its A may be to come."""
    for wait, states in ((1900, ["answers"]), (2100, ["empty", "answers"])):
        story = Story().head("app")
        story.query("app", 10, 4001, "AAAA", answers=0).query("app", 10 + wait, 4002, "A")
        assert [state_of(lookup) for lookup in lookups(story)] == states
    blank = Story().head("app")
    blank.query("app", 10, 4001, "AAAA", answers=0, faults=("blank",)).query("app", 1910, 4002, "A")
    assert [state_of(lookup) for lookup in lookups(blank)] == ["empty", "answers"]
    blank = Story().head("app")
    blank.query("app", 10, 4001, "AAAA", answers=0, faults=("blank",))
    blank.query("app", 1910, 4002, "A", answers=0, faults=("blank",))
    assert [state_of(lookup) for lookup in lookups(blank)] == ["empty"]


def test_two_lookups_some_time_apart_stay_two() -> None:
    story = Story().head("app")
    later = 10 + PAIR_GAP_NS / MILLISECOND + 5
    story.query("app", 10, 4001, "A").query("app", later, 4002, "AAAA", answers=0)
    assert [state_of(lookup) for lookup in lookups(story)] == ["answers", "empty"]


def test_two_clients_do_not_share_a_lookup() -> None:
    story = Story().head("a", "b")
    story.query("a", 10, 4001, "A").query("b", 10.1, 4002, "AAAA", answers=0)
    assert len(lookups(story)) == 2


def test_each_pair_of_many_at_once_is_one_lookup() -> None:
    story = Story().head("app")
    for number in range(5):
        story.query("app", 10 + number, 4001 + 2 * number, "A")
        story.query("app", 10 + number + 0.2, 4002 + 2 * number, "AAAA", answers=0)
    assert [lookup.answers for lookup in lookups(story)] == [1] * 5


def test_a_half_that_failed_is_told() -> None:
    story = Story().head("app")
    story.query("app", 10, 4001, "A").query("app", 10.1, 4001, "AAAA", rcode="NXDOMAIN", answers=0)
    (lookup,) = lookups(story)
    assert (state_of(lookup), lookup.words) == ("half", "A answered, AAAA NXDOMAIN")


def test_a_lost_aaaa_is_one_lookup_of_five_seconds() -> None:
    """glibc waits 5 s for the reply that is missing, then asks for both again, from the same port."""
    story = Story().head("app")
    story.query("app", 10, 4001, "A").query("app", 10.1, 4001, "AAAA", reply="drop", answers=0)
    story.query("app", 5010, 4001, "A").query("app", 5011, 4001, "AAAA", reply="drop", answers=0)
    (lookup,) = lookups(story)
    assert (state_of(lookup), lookup.words) == ("half", "A answered, AAAA lost")
    assert lookup.finished - lookup.started >= 5000 * MILLISECOND


def test_a_lost_a_is_one_lookup_too() -> None:
    """glibc asks for both again, one after the other, though it has the answer to AAAA."""
    story = Story().head("app")
    story.query("app", 10, 4001, "A", reply="drop", answers=0).query("app", 10.1, 4001, "AAAA")
    story.query("app", 5010, 4001, "A").query("app", 5011, 4001, "AAAA")
    story.query("app", 6000, 4001, "A").query("app", 6000.1, 4001, "AAAA")
    assert [len(lookup.queries) for lookup in lookups(story)] == [4, 2]


def test_both_lost_is_silent_and_both_empty_is_empty() -> None:
    silent, empty = Story().head("app"), Story().head("app")
    for rtype in ("A", "AAAA"):
        silent.query("app", 10, 4001, rtype, reply="drop", answers=0)
        empty.query("app", 10, 4001, rtype, answers=0)
    assert [state_of(lookup) for story in (silent, empty) for lookup in lookups(story)] == ["silent", "empty"]
