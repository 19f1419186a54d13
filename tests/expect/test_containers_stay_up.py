"""``containers_stay_up``: what the engine told of somebody's containers is part of the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.expect import judge
from chaoskit.expect.containers_stay_up import ContainersStayUp
from chaoskit.journal.events import ContainerChange, ContainerChanged, ContainersWatched
from chaoskit.verdict import Verdict
from tests.journal.story import Story, at

WATCHED = ContainersWatched(at=at(-40), project="shop", services=("web",))


def changed(when: float, change: ContainerChange, code: int | None = None, service: str = "web") -> ContainerChanged:
    return ContainerChanged(at=at(when), client=service, container=f"shop-{service}-1", change=change, exit_code=code)


def story(*changes: ContainerChanged) -> Story:
    return Story().head("web").fault(5000, 7000).add(WATCHED, *changes).end()


def judged(*changes: ContainerChanged, **settings: Any) -> Verdict:
    return ContainersStayUp(**settings).judge(story(*changes).run())


def test_nothing_told_is_held_where_somebody_listened() -> None:
    verdict = judged()
    assert (verdict.finding, verdict.because) == ("held", "the engine told of no container that died or went unhealthy")
    assert len(verdict.evidence) == 1


def test_what_nobody_watched_is_unknown() -> None:
    assert ContainersStayUp().judge(Story().head("web").end().run()).finding == "unknown"


def test_a_death_is_told_with_its_phase_and_what_came_after() -> None:
    verdict = judged(changed(5500, "died", 137), changed(5900, "started"))
    assert verdict.finding == "broken"
    assert verdict.because == (
        "shop-web-1 died with exit code 137 5.5 s after the start, in the fault, and was started again"
    )
    assert "was not started again" in judged(changed(8000, "died", 1)).because
    assert "before the start" in judged(changed(-20, "died", 1)).because


@pytest.mark.parametrize(
    ("change", "settings", "finding"),
    [
        (changed(5500, "unhealthy"), {}, "broken"),
        (changed(5500, "unhealthy"), {"allow": ("unhealthy",)}, "held"),
        (changed(5500, "died", 0), {"allow": ("unhealthy",)}, "broken"),
        (changed(5500, "died", 0), {"allow": ("died",)}, "held"),
        (changed(5500, "died", 0, "migrate"), {}, "held"),  # a job that is over
        (changed(5500, "died", 1, "migrate"), {}, "broken"),
        (changed(5500, "healthy"), {}, "held"),
        (changed(5500, "paused"), {}, "held"),
    ],
)
def test_what_counts(change: ContainerChanged, settings: dict[str, Any], finding: str) -> None:
    assert judged(change, **settings).finding == finding


def test_it_is_judged_unlisted_where_containers_were_watched() -> None:
    def findings(*changes: ContainerChanged, listed: tuple[ContainersStayUp, ...] = ()) -> list[str]:
        verdicts = judge(story(*changes).run(), listed)
        return [one.finding for one in verdicts if one.expectation.startswith("containers_stay_up")]

    assert findings() == ["held"]
    assert findings(changed(5500, "died", 137)) == ["broken"]
    assert findings(changed(5500, "died", 137), listed=(ContainersStayUp(allow=("died",)),)) == ["held"]
    unwatched = judge(Story().head("web").end().run(), [])
    assert not any(one.expectation.startswith("containers_stay_up") for one in unwatched)
