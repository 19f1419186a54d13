"""Journals of any kind, for property tests: every event class, in any order, with text that would break a careless page."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry, Event
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from chaoskit.verdict import Verdict

HOSTILE = (
    "<zz onload='x'>",
    '"><zz src="http://evil.test/x.js">',
    "</title><zz>",
    "</style><zz>",
    "{{ 7*7 }}{% zz %}",
    "']]><zz>",
    "a" * 300,
    "[bold]zz[/nope]",
    "",
)
"""Texts that must come out of a page as text. ``zz`` is no tag that the page knows."""

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8))
clients = st.sampled_from(("cold", "warm", HOSTILE[0], HOSTILE[6]))
instants = st.integers(100 * SECOND, 140 * SECOND)
lengths = st.integers(0, 10 * SECOND)
results = st.sampled_from(("ok", "failed", "unknown"))
calls = st.integers(1, 6)
links = st.builds(ev.ErrorLink, type=texts, message=texts, errno=st.none() | st.integers(-11, 120))
spans = st.tuples(instants, lengths).map(lambda span: (span[0], span[0] + span[1]))
ports = st.sampled_from(("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"))
names = st.dictionaries(texts, texts, max_size=3)


def _event(kind: Callable[..., Event], **fields: Any) -> st.SearchStrategy[Event]:
    return st.builds(kind, at=instants, **fields)


events = st.one_of(
    _event(ev.SandboxReady, sandbox=texts, because=texts),
    _event(ev.PlaneReady, implementation=texts, addresses=names),
    _event(ev.ClientReady, client=clients, use=texts, versions=names, settings=names),
    _event(
        ev.InjectionPlanned, injection=texts, fault=texts, where=texts, spans=st.lists(spans, max_size=3).map(tuple)
    ),
    _event(ev.TimelineArmed, origin=instants, ends=instants),
    _event(ev.InjectionApplied, injection=texts, due=instants),
    _event(
        ev.QueryAnswered,
        answered_at=instants,
        asker=clients,
        peer=ports,
        name=texts,
        rcode=st.sampled_from(("NOERROR", "NXDOMAIN", "SERVFAIL")),
        answers=st.integers(0, 2),
        faults=st.lists(texts, max_size=2).map(tuple),
    ),
    _event(ev.ConnectionOpened, connection=ports, upstream_peer=ports, toxics=st.lists(texts, max_size=1).map(tuple)),
    _event(ev.ConnectionClosed, connection=ports, toxics=st.lists(texts, max_size=1).map(tuple)),
    _event(ev.RequestArrived, invocation=st.sampled_from(("i", "j")), attempt=calls, connection=ports, nth=calls),
    _event(ev.CallStarted, client=clients, call=calls, operation=texts, due=instants, concurrent=st.booleans()),
    _event(ev.CallFinished, client=clients, call=calls, result=results, errors=st.lists(links, max_size=2).map(tuple)),
    _event(ev.AttemptStarted, client=clients, call=calls, attempt=calls, invocation=st.sampled_from(("i", "j"))),
    _event(
        ev.AttemptFinished,
        client=clients,
        call=st.none() | calls,
        attempt=st.none() | calls,
        result=results,
        latency_ns=lengths,
        error=texts,
    ),
    _event(ev.CanaryChecked, name=texts, detail=texts, latency_ns=lengths),
    _event(ev.HarnessFailed, part=texts, message=texts),
    _event(ev.ProcessEnded, process=texts),
    _event(ev.RunEnded, reason=texts),
)

heads = _event(
    ev.RunStarted,
    run_id=texts,
    title=texts,
    source=texts,
    experiment=st.just({}),
    epoch_ns=st.integers(0, 4_000_000_000 * SECOND),
    versions=names,
    replay=texts,
)


@st.composite
def journals(draw: st.DrawFn) -> Run:
    """A run with any journal that begins as a journal must. Some clients are ready at its start, so that calls count."""
    body = draw(st.lists(events, max_size=40))
    ready = [draw(_event(ev.ClientReady, client=st.just(name), settings=names)) for name in ("cold", HOSTILE[0])]
    return Run([Entry(seq, event) for seq, event in enumerate([draw(heads), *ready, *body], 1)])


verdicts = st.lists(
    st.builds(Verdict, expectation=texts, because=texts, evidence=st.lists(st.integers(1, 60), max_size=20).map(tuple)),
    max_size=4,
)
