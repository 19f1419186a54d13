"""A share of the clients: the same ones for as long as the fault is on."""

from __future__ import annotations

import pytest

from chaoskit.dns.message import Query
from chaoskit.dns.plan import plan_from_json
from chaoskit.dns.share import chosen, is_meant
from chaoskit.dns.target import DnsTarget
from tests.dns.test_alias import responder

ASKERS = [f"client-{n}" for n in range(10)]


@pytest.mark.parametrize(("share", "count"), [(0.5, 5), (0.01, 1), (0.34, 3), (1.0, 10)])
def test_as_many_as_the_share_says_where_all_are_known(share: float, count: int) -> None:
    found = chosen(DnsTarget("a.test", share=share), 7, "i", ASKERS)
    assert (len(found.clients), found.share) == (count, None)
    assert set(found.clients) <= set(ASKERS)
    assert found == chosen(DnsTarget("a.test", share=share), 7, "i", list(reversed(ASKERS))), "whoever asks first"


def test_others_for_another_seed_or_injection() -> None:
    where = DnsTarget("a.test", share=0.5)
    sets = {chosen(where, seed, name, ASKERS).clients for seed in range(5) for name in ("i", "j")}
    assert len(sets) > 5


def test_only_those_that_are_named_anyway_are_counted() -> None:
    found = chosen(DnsTarget("a.test", share=0.5, clients=("client-1", "client-2")), 7, "i", ASKERS)
    assert found.clients in (("client-1",), ("client-2",))


def test_elsewhere_each_address_is_chosen_for_itself() -> None:
    asked = responder("empty", DnsTarget("edge.shop.test", share=0.3))
    clients = [f"192.0.2.{n}" for n in range(256)]
    met = [
        client
        for client in clients
        if asked.respond(Query("edge.shop.test", "A", "udp", "serve", client, None, 1), 1)[1]
    ]
    assert met == [client for client in clients if is_meant(0.3, 7, "i", client)]
    assert met == [
        client
        for client in clients
        if asked.respond(Query("edge.shop.test", "A", "tcp", "serve", client, None, 9), 5)[1]
    ]
    assert 45 <= len(met) <= 110


def test_the_plan_of_a_run_chooses_among_its_clients() -> None:
    injection = {
        "id": "i",
        "where": {"name": "a.test", "share": 0.5},
        "when": {"once": {"start": 0, "length": 1}},
        "fault": {"empty": {}},
    }
    listeners = [
        {"label": label, "host": "127.0.0.1", "port": 0} for label in ("canary", "one", "two", "three", "four")
    ]
    plan = plan_from_json(
        {"seed": 3, "listeners": listeners, "zones": [], "injections": [injection],
         "spared": {"names": ["Canary.test"], "askers": ["canary"]}}
    )  # fmt: skip
    (found,) = plan.responder.timeline.injections
    assert len(found.where.clients) == 2
    assert "canary" not in found.where.clients
    assert plan.responder.spared == {"canary.test"}


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan")])
def test_what_is_no_share(share: float) -> None:
    with pytest.raises(ValueError, match="'share' is a part of the clients"):
        DnsTarget("a.test", share=share)
