"""``surfaces_error``: which error a client showed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.expect import EXPECTATIONS
from chaoskit.expect.surfaces_error import SurfacesError
from chaoskit.journal import events as ev
from chaoskit.journal.events import ErrorLink
from chaoskit.verdict import Verdict
from tests.effort import examples
from tests.journal.story import Story, at

EMPTY = (
    ErrorLink(type="EndpointConnectionError", message='Could not connect to the endpoint URL: "https://x/"'),
    ErrorLink(type="NameResolutionError", message="Failed to resolve 'x'"),
    ErrorLink(type="gaierror", message="[Errno -5] No address associated with hostname", errno=-5),
)
THROTTLED = (ErrorLink(type="ThrottlingException", message="Rate exceeded"),)


def call(
    story: Story, when: float, errors: tuple[ErrorLink, ...] | None, *, ended: bool = True, client: str = "app"
) -> None:
    story.calls += 1
    story.add(ev.CallStarted(at=at(when), client=client, call=story.calls, operation="GetItem", due=at(when)))
    if ended:
        result: ev.Result = "ok" if errors is None else "failed"
        story.add(ev.CallFinished(at=at(when + 5), client=client, call=story.calls, result=result, errors=errors or ()))


def judged(expectation: SurfacesError, *calls: tuple[float, tuple[ErrorLink, ...] | None]) -> Verdict:
    story = Story().head("app").fault(5000, 7000)
    for when, errors in calls:
        call(story, when, errors)
    return expectation.judge(story.end().run())


@pytest.mark.parametrize(
    ("asked", "finding"),
    [
        ({"type": "EndpointConnectionError"}, "held"),
        ({"type": ("ClientError", "EndpointConnectionError")}, "held"),
        ({"type": "ClientError"}, "broken"),
        ({"type": "gaierror"}, "broken"),
        ({"cause": "gaierror"}, "held"),
        ({"cause": "EndpointConnectionError"}, "broken"),
        ({"errno": -5}, "held"),
        ({"errno": -2}, "broken"),
        ({"message": "^Could not connect"}, "held"),
        ({"message": r"Errno -5\] No address"}, "held"),
        ({"message": "^No address"}, "broken"),
        ({"type": "EndpointConnectionError", "cause": "gaierror", "errno": -5, "message": "No address"}, "held"),
        ({"type": "EndpointConnectionError", "errno": -2}, "broken"),
    ],
)
def test_every_part_that_is_asked_must_fit(asked: dict[str, Any], finding: str) -> None:
    verdict = judged(SurfacesError(**asked), (6000, EMPTY))
    assert verdict.finding == finding
    assert "EndpointConnectionError ← NameResolutionError ← gaierror -5" in verdict.because
    assert verdict.evidence


def test_one_call_that_shows_another_error_breaks_it_and_is_told() -> None:
    verdict = judged(SurfacesError(errno=-5), (5500, EMPTY), (6000, THROTTLED), (6500, None))
    assert verdict.finding == "broken"
    assert verdict.because == "app: 1 of 2 failed calls showed another error: ThrottlingException (Rate exceeded)"
    assert len(verdict.evidence) == 1


def test_only_calls_of_the_phase_are_asked() -> None:
    assert judged(SurfacesError(errno=-5), (6000, EMPTY), (8000, THROTTLED)).finding == "held"
    assert judged(SurfacesError(errno=-5, phase=None), (6000, EMPTY), (8000, THROTTLED)).finding == "broken"


def test_where_nothing_failed_nothing_surfaced() -> None:
    verdict = judged(SurfacesError(errno=-5), (6000, None))
    assert (verdict.finding, verdict.because) == ("broken", "app: no call failed in the fault, so no error surfaced")


def test_a_failure_without_an_error_is_not_the_right_one() -> None:
    verdict = judged(SurfacesError(message=""), (6000, ()))
    assert (verdict.finding, verdict.because) == (
        "broken",
        "app: 1 of 1 failed calls showed another error: no error was told",
    )


def test_a_call_without_an_end_is_unknown_unless_another_broke() -> None:
    for other, finding in ((EMPTY, "unknown"), (THROTTLED, "broken")):
        story = Story().head("app").fault(5000, 7000)
        call(story, 5500, other)
        call(story, 6000, None, ended=False)
        assert SurfacesError(errno=-5).judge(story.end().run()).finding == finding


def test_a_client_that_is_not_there_is_unknown() -> None:
    assert judged(SurfacesError(client="gone", errno=-5), (6000, EMPTY)).finding == "unknown"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({}, "nothing is asked; write type, cause, errno or message"), ({"message": "("}, "is no regular expression")],
)
def test_what_makes_no_sense_is_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EXPECTATIONS.get("surfaces_error")(**parameters)


links = st.builds(
    ErrorLink,
    type=st.sampled_from(["A", "B", "C"]),
    message=st.sampled_from(["x", "y", "xy"]),
    errno=st.sampled_from([None, -2, -5]),
)
chains = st.lists(links, min_size=1, max_size=3).map(tuple)


@settings(max_examples=examples(200))
@given(st.lists(chains, min_size=1, max_size=4), st.sampled_from(["A", "B"]), st.sampled_from([None, -2]))
def test_held_means_that_every_failed_call_shows_it(
    errors: list[tuple[ErrorLink, ...]], type_: str, errno: int | None
) -> None:
    verdict = judged(
        SurfacesError(type=type_, errno=errno), *((5000 + number * 10, chain) for number, chain in enumerate(errors))
    )
    wanted = all(
        chain[0].type == type_ and (errno is None or errno in {link.errno for link in chain}) for chain in errors
    )
    assert verdict.finding == ("held" if wanted else "broken")
