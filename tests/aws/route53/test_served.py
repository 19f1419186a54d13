"""What a hosted zone serves, and what the journal says of a change."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.route53.control_plane import ChangeInfo
from chaoskit.aws.route53.record_set import AliasTarget, HostedZone, RecordSet
from chaoskit.aws.route53.served import change_event, dns_name, served_names
from chaoskit.journal.codec import decode, encode
from tests.aws.route53.lab import Lab

APEX = "example.com."


def zone(*sets: RecordSet) -> HostedZone:
    return HostedZone("Z1", APEX, {entry.key: entry for entry in sets})


def plain(name: str, *values: str, ttl: int = 60, identifier: str = "", weight: int | None = None) -> RecordSet:
    routing = () if weight is None else (("Weight", str(weight)),)
    return RecordSet(f"{name}.{APEX}", "A", identifier, ttl=ttl, values=values, routing=routing)


def alias(name: str, target: str) -> RecordSet:
    return RecordSet(f"{name}.{APEX}", "A", alias=AliasTarget("Z1", f"{target}.{APEX}", evaluate_health=False))


def data(of: HostedZone, name: str) -> list[tuple[str, int]]:
    return [(record.data, record.ttl) for record in served_names(of)[f"{name}.example.com"]]


def test_an_alias_serves_its_target_with_the_targets_ttl() -> None:
    assert data(zone(alias("active", "plan"), plain("plan", "192.0.2.1", ttl=7)), "active") == [("192.0.2.1", 7)]


def test_an_alias_without_its_target_exists_and_is_empty() -> None:
    """So the answer is NOERROR without records, as in October 2025, and not NXDOMAIN."""
    assert data(zone(alias("active", "plan")), "active") == []


def test_aliases_are_followed_through_each_other() -> None:
    assert data(zone(alias("a", "b"), alias("b", "c"), plain("c", "192.0.2.1")), "a") == [("192.0.2.1", 60)]


def test_a_loop_of_aliases_gives_nothing() -> None:
    assert data(zone(alias("a", "b"), alias("b", "a")), "a") == []


def test_weighted_sets_are_served_together_but_for_weight_zero() -> None:
    sets = [plain("a", f"192.0.2.{n}", identifier=f"s{n}", weight=n) for n in range(3)]
    assert [address for address, _ in data(zone(*sets), "a")] == ["192.0.2.1", "192.0.2.2"]
    assert [address for address, _ in data(zone(sets[0]), "a")] == ["192.0.2.0"]


def test_an_alias_to_a_resource_of_aws_has_no_address_here() -> None:
    target = AliasTarget("Z35SXDOTRQ7X7K", "lb.us-east-1.elb.amazonaws.com.", evaluate_health=False)
    assert data(zone(RecordSet(f"www.{APEX}", "A", alias=target)), "www") == []


def test_a_wildcard_and_odd_letters_of_a_name() -> None:
    assert dns_name("\\052.example.com.") == "*.example.com"
    assert dns_name("a\\040b.example.com.") == "a\\032b.example.com"


def test_a_change_tells_what_is_served_differently(opened: Callable[..., Lab]) -> None:
    lab = opened()
    lab.change(lab.write("CREATE", "plan", "192.0.2.1"), lab.alias("CREATE", "active", "plan"))
    lab.change(lab.write("DELETE", "plan", "192.0.2.1"))
    event = change_event(lab.accepted[-1])
    apex = lab.name.removesuffix(".")
    assert [(entry.name, entry.exists, entry.records) for entry in event.names] == [
        (f"plan.{apex}", False, ()),
        (f"active.{apex}", True, ()),
    ]
    assert [(entry.action, entry.name, entry.values) for entry in event.changes] == [
        ("DELETE", f"plan.{apex}", ("192.0.2.1",))
    ]
    assert event.request > 0
    assert decode(encode(event)) == event


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=8))
def test_any_web_of_aliases_is_followed_to_an_end(edges: list[tuple[str, str]]) -> None:
    web = zone(plain("d", "192.0.2.1"), *(alias(source, target) for source, target in edges if source != "d"))
    for name, records in served_names(web).items():
        assert len(records) <= 1, name


LABELS = st.sampled_from(["a", "b", "c", "d"])


def record_sets(names: list[str], targets: list[str]) -> HostedZone:
    """A zone with a plain set at each of ``names`` and an alias at ``alias-N`` for each of ``targets``."""
    aliases = [alias(f"alias-{number}", target) for number, target in enumerate(targets)]
    return zone(*(plain(name, "192.0.2.1") for name in dict.fromkeys(names)), *aliases)


@given(
    st.lists(LABELS),
    st.lists(LABELS),
    st.lists(st.sampled_from(["a", "b", "c", "alias-0", "alias-1"]), min_size=2, max_size=4),
)
def test_what_a_change_touches_is_all_that_differs(before: list[str], after: list[str], targets: list[str]) -> None:
    """The event of a change is made of the touched names alone; it must be what a look at all names gives."""
    old, new = record_sets(before, targets), record_sets(after, targets)
    served_before, served_after = served_names(old), served_names(new)
    differing = {
        name for name in {**served_before, **served_after} if served_before.get(name) != served_after.get(name)
    }
    event = change_event(ChangeInfo("C1", 0, 0, new, old, 1))
    assert {entry.name for entry in event.names} == differing
    assert {entry.name: entry.records for entry in event.names if entry.exists} == {
        name: served_after[name] for name in differing if name in served_after
    }
