"""Whose a connection is that a toxic touched, where the proxy names nobody: one user of the service, one call under way."""

from __future__ import annotations

from chaoskit.journal import events as ev
from tests.journal.story import Story, at


def touched(story: Story, when: float, number: int = 1) -> Story:
    """A connection as Toxiproxy's log tells of it: the client's end alone, and the toxic."""
    return story.add(
        ev.ConnectionOpened(
            at=at(when),
            connection=f"dynamodb@127.0.1.1#{number}",
            proxy="dynamodb@127.0.1.1",
            peer="172.25.0.4:44060",
            upstream_peer="",
            toxics=("slow",),
        )
    )


def story(*clients: str) -> Story:
    return Story().head(*clients).looks().fault(2000, 4000, "slow", "network")


def test_the_only_call_of_the_only_user_opened_it() -> None:
    one = story("app").lookup("app", 2110, 4001)
    before, during = one.call("app", 1000, 1030), one.call("app", 2100, 2140)
    met = touched(one, 2120).end().run().met_by["app"]
    assert met == {during: frozenset({"slow"})}, "although it was no slower than others are"
    assert before not in met


def test_of_two_users_or_two_calls_nobody_knows() -> None:
    two = story("app", "other").lookup("app", 2110, 4001).lookup("other", 2150, 4002)
    two.call("app", 2100, 2140)
    assert not touched(two, 2120).end().run().met_by["app"]
    at_once = story("app").lookup("app", 2110, 4001)
    at_once.call("app", 2100, 2140)
    at_once.call("app", 2110, 2150)
    assert not touched(at_once, 2120).end().run().met_by["app"]


def test_a_connection_out_of_the_fault_s_time_says_nothing() -> None:
    late = story("app").lookup("app", 4210, 4001)
    late.call("app", 4200, 4240)
    assert not touched(late, 4220).end().run().met_by["app"]
