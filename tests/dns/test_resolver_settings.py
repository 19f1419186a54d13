"""``resolver:`` of an experiment: the lines of resolv.conf that it means, who gets them, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.message import Query
from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.dns.zone import Zones
from chaoskit.engine import preflight
from chaoskit.errors import ExperimentError
from chaoskit.experiment import plans
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve

labels = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,2}", fullmatch=True)


def experiment(settings: str) -> Experiment:
    return resolve(read_document("x.yaml", f"title: t\nduration: 1s\nresolver: {settings}\n"), 1.0)


@given(
    st.lists(labels, max_size=6, unique=True),
    st.none() | st.integers(0, 15),
    st.none() | st.integers(1, 30),
    st.none() | st.integers(1, 5),
)
def test_lines_say_what_is_written_and_no_more(
    search: list[str], ndots: int | None, timeout: int | None, attempts: int | None
) -> None:
    written = {"search": search, "ndots": ndots, "timeout": timeout and f"{timeout}s", "attempts": attempts}
    lines = dict(line.split(" ", 1) for line in ResolverSettings.model_validate(written).lines)
    assert lines.get("search", "").split() == search
    options = dict(word.split(":") for word in lines.get("options", "").split())
    numbers = {"ndots": ndots, "timeout": timeout, "attempts": attempts}
    assert options == {name: str(number) for name, number in numbers.items() if number is not None}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{search: [svc cluster]}", "x.yaml:3: resolver.search: 'svc cluster' has ' ' in it"),
        ("{search: ['a;b']}", "'a;b' is no domain"),
        ("{search: [a, b, c, d, e, f, g]}", "resolver.search: Tuple should have at most 6 items"),
        ("{ndots: 16}", "resolver.ndots: Input should be less than or equal to 15"),
        ("{timeout: 500ms}", "in whole seconds, from 1s to 30s, and 500 ms is none"),
        ("{timeout: 31s}", "from 1s to 30s"),
        ("{attempts: 0}", "resolver.attempts: Input should be greater than or equal to 1"),
        ("{tries: 3}", "there is no such field. Known: search, ndots, timeout, attempts."),
    ],
)
def test_what_no_resolver_takes_is_refused(settings: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=r"x\.yaml:3") as caught:
        experiment(settings)
    assert message in str(caught.value)


def test_a_name_made_by_the_search_list_is_nxdomain() -> None:
    zones = Zones.from_plan(plans.zones(experiment("{search: [svc.cluster.local]}").spec))
    query = Query("db.example.internal.svc.cluster.local", "A", "udp", "app", "127.0.0.1", None, 1)
    assert zones.answer(query).rcode == "NXDOMAIN"


@pytest.mark.parametrize("sandbox", ["inline", "compose"])
def test_a_sandbox_that_cannot_honour_them_is_refused(sandbox: str) -> None:
    with pytest.raises(ExperimentError, match=rf"x\.yaml:3: resolver: the {sandbox} sandbox does not read"):
        preflight.check(experiment("{ndots: 5}"), sandbox)
    preflight.check(experiment("{}"), sandbox)
