"""Change batches as pure functions, whatever they hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.route53.batch import ACTIONS, Change, Refusal, apply_batch
from chaoskit.aws.route53.record_set import AliasTarget, HostedZone, RecordSet, SetKey, canonical, sort_key

APEX = "example.com."
NAMES = st.sampled_from([APEX, "a.example.com.", "b.example.com.", "c.b.example.com.", "elsewhere.test."])
ADDRESSES = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), min_size=1, unique=True)


@st.composite
def record_sets(draw: st.DrawFn) -> RecordSet:
    name = draw(NAMES)
    match draw(st.sampled_from(["A", "alias", "weighted", "CNAME"])):
        case "alias":
            return RecordSet(name, "A", alias=AliasTarget("Z1", draw(NAMES), evaluate_health=False))
        case "weighted":
            weight = (("Weight", str(draw(st.integers(0, 255)))),)
            identifier = draw(st.sampled_from("xy"))
            return RecordSet(name, "A", identifier, ttl=60, values=tuple(draw(ADDRESSES)), routing=weight)
        case "CNAME":
            return RecordSet(name, "CNAME", ttl=60, values=("elsewhere.test",))
    return RecordSet(name, "A", ttl=draw(st.sampled_from([60, 61])), values=tuple(draw(ADDRESSES)))


BATCHES = st.lists(st.builds(Change, st.sampled_from(ACTIONS), record_sets()), min_size=1, max_size=4)


def reached(batches: list[list[Change]]) -> HostedZone:
    """A zone after those of the batches that it takes."""
    zone = HostedZone("Z1", APEX)
    for batch in batches:
        try:
            zone = apply_batch(zone, batch)
        except Refusal:
            continue
    return zone


@given(st.lists(BATCHES, max_size=8), BATCHES)
def test_a_batch_is_taken_whole_or_leaves_all_as_it_was(before: list[list[Change]], batch: list[Change]) -> None:
    zone = reached(before)
    held = dict(zone.sets)
    try:
        after = apply_batch(zone, batch)
    except Refusal:
        assert dict(zone.sets) == held
        return
    expected: dict[SetKey, RecordSet] = dict(held)
    for change in batch:
        if change.action == "DELETE":
            assert expected.pop(change.record_set.key).same_as(change.record_set)
        else:
            assert change.action == "UPSERT" or change.record_set.key not in expected
            expected[change.record_set.key] = change.record_set
    assert dict(after.sets) == expected
    assert after.version == zone.version + 1


@given(st.lists(BATCHES, max_size=12))
def test_what_a_zone_can_hold(batches: list[list[Change]]) -> None:
    zone = reached(batches)
    for record_set in zone.sets.values():
        assert record_set.name.endswith(APEX)
        beside = zone.at(record_set.name)
        assert record_set.rtype != "CNAME" or (beside == [record_set] and record_set.name != APEX)
        assert len({other.policy for other in zone.at(record_set.name, record_set.rtype)}) == 1
        if record_set.rtype == "A" and record_set.alias and not zone.at(record_set.alias.name, "A"):
            assert zone.version > 1, "only a later deletion leaves an alias without its target"


@given(st.lists(record_sets(), min_size=1, max_size=6))
def test_keys_are_sorted_by_labels_from_the_right(sets: list[RecordSet]) -> None:
    names = [record_set.name for record_set in sorted(sets, key=lambda record_set: sort_key(record_set.key))]
    assert names == sorted(names, key=lambda name: ".".join(reversed(name.rstrip(".").split("."))) + ".")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=20))
def test_a_canonical_name_is_its_own_canonical_form(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)
    assert canonical(name.upper()) == canonical(name)
