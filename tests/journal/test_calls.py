from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.journal import events as ev
from chaoskit.journal.calls import Call, join_calls
from chaoskit.journal.lookups import LOOKUP_GAP_NS, find_lookups
from chaoskit.units import MILLISECOND
from tests.journal.story import Story, at


def joined(story: Story, client: str = "app") -> tuple[Call, ...]:
    return join_calls(story.entries())[client]


def lookups_of(call: Call) -> list[int]:
    return [len(attempt.lookups) for attempt in call.attempts]


def test_a_failing_call_has_its_tries_sleeps_and_lookups() -> None:
    story = Story()
    story.call("app", 0, 200, "failed", tries=[(1, 3), (13, 15), (40, 42), (198, 199)])
    for port, when in enumerate((1.5, 13.5, 40.5, 198.5)):
        story.lookup("app", when, 1000 + port, answers=0, faults=("blank",))
    (call,) = joined(story)
    assert call.result == "failed"
    assert call.elapsed_ns == 200 * MILLISECOND
    assert lookups_of(call) == [1, 1, 1, 1]
    assert [attempt.slept_ns for attempt in call.attempts] == [
        None,
        10 * MILLISECOND,
        25 * MILLISECOND,
        156 * MILLISECOND,
    ]
    assert call.attempts[0].lookups[0].faults == ("blank",)
    assert call.attempts[0].lookups[0].rcodes == ("NOERROR", "NOERROR")
    assert call.troubled
    assert not call.pooled


def test_a_call_that_never_ended_is_unknown_and_not_a_gap() -> None:
    story = Story()
    story.call("app", 0, None, tries=[(1, 3), (10, None)])
    (call,) = joined(story)
    assert (call.result, call.finished, call.elapsed_ns) == ("unknown", None, None)
    assert [attempt.result for attempt in call.attempts] == ["failed", "unknown"]
    assert [attempt.finished for attempt in call.attempts] == [at(3), None]


def test_a_request_over_an_old_connection_is_pooled() -> None:
    story = Story()
    story.arrival("app", story.call("app", 0, 5), 2, nth=1)
    story.lookup("app", 1, 1000)
    story.arrival("app", story.call("app", 250, 255), 252, nth=2)
    fresh, pooled = joined(story)
    assert (fresh.pooled, fresh.attempts[0].reused, fresh.lookups) == (False, False, 1)
    assert (pooled.pooled, pooled.attempts[0].reused, pooled.lookups) == (True, True, 0)
    assert fresh.attempts[0].arrived is not None


def test_the_arrival_belongs_to_the_try_that_it_names() -> None:
    story = Story()
    call = story.call("app", 0, 20, tries=[(1, 2), (10, 15)])
    story.arrival("app", call, 12, attempt=2)
    (found,) = joined(story)
    assert [attempt.arrived is not None for attempt in found.attempts] == [False, True]


def test_an_attempt_that_no_call_owns_is_left_out() -> None:
    story = Story()
    story.call("app", 0, 5)
    story.add(ev.AttemptFinished(at=at(4), client="app", call=None, attempt=None, result="ok", latency_ns=1))
    story.add(ev.AttemptFinished(at=at(4), client="app", call=99, attempt=1, result="ok", latency_ns=1))
    (call,) = joined(story)
    assert len(call.attempts) == 1


def test_an_attempt_reported_at_its_end_began_a_latency_earlier() -> None:
    story = Story()
    story.call("app", 0, 9, tries=[])
    story.add(ev.AttemptFinished(at=at(8), client="app", call=1, attempt=1, result="ok", latency_ns=5 * MILLISECOND))
    (call,) = joined(story)
    assert call.attempts[0].started == at(3)


def test_a_pause_that_was_not_seen_is_none_rather_than_negative() -> None:
    story = Story()
    story.call("app", 0, 30, tries=[(1, 12), (10, 20)])  # the first end was reported late
    (call,) = joined(story)
    assert [attempt.slept_ns for attempt in call.attempts] == [None, None]


def test_an_unreported_end_does_not_draw_later_lookups_to_it() -> None:
    story = Story()
    story.call("app", 0, 5, tries=[(1, None)])
    story.lookup("app", 2, 1000)
    story.call("app", 250, 260)
    story.lookup("app", 252, 1001)
    story.lookup("app", 254, 1002)
    assert [call.lookups for call in joined(story)] == [1, 2]


def test_in_a_burst_each_call_gets_a_lookup_before_any_gets_two() -> None:
    story = Story()
    for _ in range(3):
        story.call("app", 0, 50, concurrent=True)
    for port in range(4):
        story.lookup("app", 10 + port, 1000 + port)
    assert [call.lookups for call in joined(story)] == [2, 1, 1]


def test_in_a_burst_attempts_that_dialed_get_lookups_first() -> None:
    story = Story()
    rider, dialer = (story.call("app", 0, 50, concurrent=True) for _ in range(2))
    story.arrival("app", rider, 20, nth=2)
    story.arrival("app", dialer, 30, nth=1)
    story.lookup("app", 10, 1000)
    assert [(call.lookups, call.pooled) for call in joined(story)] == [(0, True), (1, False)]


def test_an_attempt_over_an_open_connection_gets_lookups_last() -> None:
    story = Story()
    story.arrival("app", story.call("app", 0, 50, concurrent=True), 5, nth=7)
    story.arrival("app", story.call("app", 1, 60, concurrent=True), 30, nth=1)
    story.lookup("app", 10, 1000)
    assert [call.lookups for call in joined(story)] == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8))
def test_in_a_burst_of_tries_with_one_lookup_each_each_gets_one(tries: list[tuple[int, int, int]]) -> None:
    story = Story()
    for port, (start, before, after) in enumerate(tries):
        story.call("app", start, start + before + after, concurrent=True)
        story.query("app", start + before, port)
    assert [call.lookups for call in joined(story)] == [1] * len(tries)


def test_calls_that_overlap_are_concurrent_planned_or_not() -> None:
    story = Story()
    story.call("app", 0, 10)
    story.call("app", 20, 40)
    story.call("app", 30, 35)
    story.call("app", 40, 50)
    story.call("other", 0, 1000)
    assert [call.concurrent for call in joined(story)] == [False, True, True, False]


def test_another_clients_lookup_is_not_taken() -> None:
    story = Story()
    story.call("app", 0, 10)
    story.lookup("canary", 2, 1000)
    (call,) = joined(story)
    assert call.lookups == 0


class TestLookups:
    def test_a_and_aaaa_from_one_port_are_one(self) -> None:
        (lookup,) = find_lookups(Story().lookup("app", 0, 1000, answers=2).entries())
        assert len(lookup.queries) == 2
        assert lookup.answers == 4

    def test_repeats_after_no_answer_belong_to_it(self) -> None:
        story = Story()
        for when in (0, 5005):
            story.query("app", when, 1000, "A", reply="drop").query("app", when + 1, 1000, "AAAA", reply="drop")
        (lookup,) = find_lookups(story.entries())
        assert lookup.rcodes == ("drop",) * 4

    def test_repeats_after_servfail_belong_to_it(self) -> None:
        story = Story().lookup("app", 0, 1000, rcode="SERVFAIL").lookup("app", 1, 1000, rcode="SERVFAIL")
        assert len(find_lookups(story.entries())) == 1

    @pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
    def test_a_port_used_again_after_a_final_answer_is_another(self, rcode: str) -> None:
        story = Story().lookup("app", 0, 1000, rcode=rcode).lookup("app", 400, 1000, rcode=rcode)
        assert [len(lookup.queries) for lookup in find_lookups(story.entries())] == [2, 2]

    def test_a_repeat_before_a_delayed_answer_belongs_to_it(self) -> None:
        # The server logs a delayed answer when it sends it: after the repeat that came in between.
        story = Story()
        late = [
            ev.QueryAnswered(
                at=at(0), answered_at=at(6000), asker="app", peer="127.0.0.1:1000", transport="udp", name="n",
                rtype="A", reply="answer", rcode="NOERROR", answers=1,
            ),
            ev.QueryAnswered(
                at=at(5000), answered_at=at(5001), asker="app", peer="127.0.0.1:1000", transport="udp", name="n",
                rtype="A", reply="answer", rcode="NOERROR", answers=1,
            ),
        ]  # fmt: skip
        entries = [ev.Entry(1, late[1]), ev.Entry(2, late[0])]
        (lookup,) = find_lookups(entries)
        assert lookup.queries == (2, 1)
        assert (lookup.started, lookup.finished) == (at(0), at(6000))
        assert story.entries() == []

    def test_the_gap_ends_a_lookup(self) -> None:
        gap_ms = LOOKUP_GAP_NS / MILLISECOND
        inside = Story().query("app", 0, 1, reply="drop").query("app", gap_ms, 1, reply="drop")
        outside = Story().query("app", 0, 1, reply="drop").query("app", gap_ms + 1, 1, reply="drop")
        assert len(find_lookups(inside.entries())) == 1
        assert len(find_lookups(outside.entries())) == 2

    def test_other_names_and_other_askers_are_apart(self) -> None:
        story = Story().query("app", 0, 1).query("app", 1, 1, name="b.test").query("other", 2, 1)
        assert len(find_lookups(story.entries())) == 3


times = st.integers(0, 2_000)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Any mixture of calls, sequential or not, finished or not, and queries, repeated or not."""
    story = Story()
    for client in ("a", "b"):
        for _ in range(draw(st.integers(0, 6))):
            start = draw(times)
            tries: list[tuple[float, float | None]] = []
            now = float(start)
            for _ in range(draw(st.integers(0, 4))):
                began = now + draw(st.integers(0, 50))
                ended = began + draw(st.integers(0, 50))
                tries.append((began, ended if draw(st.booleans()) else None))
                now = ended
            end = now if draw(st.booleans()) else None
            story.call(client, start, end, draw(st.sampled_from(["ok", "failed"])), tries=tries)
        for _ in range(draw(st.integers(0, 12))):
            story.query(
                client,
                draw(times),
                draw(st.integers(1, 3)),
                draw(st.sampled_from(["A", "AAAA"])),
                reply=draw(st.sampled_from(["answer", "drop"])),
                rcode=draw(st.sampled_from(["NOERROR", "SERVFAIL"])),
            )
    return story


@given(stories())
def test_every_query_is_in_exactly_one_lookup(story: Story) -> None:
    entries = story.entries()
    counted = Counter(seq for lookup in find_lookups(entries) for seq in lookup.queries)
    assert counted == Counter(entry.seq for entry in entries if isinstance(entry.event, ev.QueryAnswered))


@given(stories())
def test_nothing_is_counted_twice_or_given_to_another(story: Story) -> None:
    entries = story.entries()
    calls = join_calls(entries)
    found = [
        lookup for of_client in calls.values() for call in of_client for a in call.attempts for lookup in a.lookups
    ]
    assert len(found) == len({lookup.queries for lookup in found})
    for client, of_client in calls.items():
        for call in of_client:
            assert all(lookup.client == client for attempt in call.attempts for lookup in attempt.lookups)
    tries = [seq for of_client in calls.values() for call in of_client for a in call.attempts for seq in a.evidence]
    expected = [entry.seq for entry in entries if isinstance(entry.event, ev.AttemptStarted | ev.AttemptFinished)]
    assert sorted(tries) == expected


@given(stories())
def test_lookups_fall_into_their_attempt_and_none_is_left_over(story: Story) -> None:
    entries = story.entries()
    calls = join_calls(entries)
    given_away = set()
    for of_client in calls.values():
        for call in of_client:
            for attempt in call.attempts:
                for lookup in attempt.lookups:
                    given_away.add(lookup.queries)
                    assert attempt.started <= lookup.started
                    assert attempt.finished is None or lookup.started <= attempt.finished
                    assert call.finished is None or lookup.started <= call.finished
    for lookup in find_lookups(entries):
        if lookup.queries not in given_away:
            assert not any(
                attempt.started <= lookup.started <= attempt.finished
                for call in calls.get(lookup.client, ())
                for attempt in call.attempts
                if attempt.finished is not None
            )


@given(stories())
def test_calls_are_in_order_and_sleeps_are_never_negative(story: Story) -> None:
    for of_client in join_calls(story.entries()).values():
        assert all(one.started <= two.started for one, two in pairwise(of_client))
        for call in of_client:
            assert [attempt.number for attempt in call.attempts] == sorted(attempt.number for attempt in call.attempts)
            assert all(attempt.slept_ns is None or attempt.slept_ns >= 0 for attempt in call.attempts)


@given(stories(), stories())
def test_one_client_does_not_change_anothers_calls(one: Story, two: Story) -> None:
    def without_numbers(calls: tuple[Call, ...]) -> list[tuple[int, int | None, list[int]]]:
        return [(call.started, call.finished, lookups_of(call)) for call in calls]

    alone = [event for event in one.events if getattr(event, "client", getattr(event, "asker", "")) == "a"]
    others = [event for event in two.events if getattr(event, "client", getattr(event, "asker", "")) == "b"]
    before = join_calls(Story(events=alone).entries()).get("a", ())
    after = join_calls(Story(events=alone + others).entries()).get("a", ())
    assert without_numbers(before) == without_numbers(after)
