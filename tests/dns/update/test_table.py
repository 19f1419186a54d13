"""The table of updates, put to our server: RCODE, atomicity, serial and journal."""

from __future__ import annotations

import dns.message
import dns.opcode
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.update_message import is_update
from chaoskit.dns.updater import UpdateRules
from chaoskit.journal.codec import decode, encode
from tests.dns.update.lab import Lab
from tests.dns.update.messages import APEX, CASES, SERIAL, Case, Message

BY_ID = {case.id: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "_"))
def test_each_message_has_its_answer(case: Case) -> None:
    lab = Lab()
    before, zone = lab.content(), lab.zone
    data = case.build(APEX)
    answer = lab.send(data)
    parsed = dns.message.from_wire(answer)
    assert (lab.answered().rcode, int(parsed.rcode())) == (case.rcode, int(dns.rcode.from_text(case.rcode)))
    assert (parsed.opcode(), answer[:2]) == (dns.opcode.UPDATE, data[:2])
    assert all(decode(encode(event)) == event for event in lab.events)
    if lab.content() == before:
        assert lab.zone is zone, "what changes nothing leaves the zone itself, and its serial"
        assert lab.changed() == []
    else:
        assert case.rcode == "NOERROR"
        assert lab.zone.serial > SERIAL
        (change,) = lab.changed()
        assert change.serial == lab.zone.serial


def test_the_journal_says_what_a_change_did() -> None:
    lab = Lab()
    message = Message(APEX)
    message.delete("a", "A")
    message.add("deep.new", 60, "A", "192.0.2.9")
    lab.ask(message.to_wire())
    (change,) = lab.changed()
    by_name = {case.name: case for case in change.changes}
    assert [record.data for record in by_name["a.u.test"].before if record.rtype == "A"] == ["192.0.2.1", "192.0.2.2"]
    assert [record.rtype for record in by_name["a.u.test"].after] == ["TXT"]
    assert [record.data for record in by_name["deep.new.u.test"].after] == ["192.0.2.9"]
    assert by_name["new.u.test"].exists
    assert (change.author, change.source, change.lag_ns) == ("127.0.0.1:5353", "update", None)


def test_a_name_that_goes_takes_the_empty_ones_above_it() -> None:
    lab = Lab()
    assert lab.ask(BY_ID["delete_the_last_name_below"].build(APEX)) == "NOERROR"
    assert not any(name.endswith("ent.u.test") for name in lab.zone.nodes)
    (change,) = lab.changed()
    assert {case.name: case.exists for case in change.changes} == {"deep.ent.u.test": False, "ent.u.test": False}


def test_each_change_raises_the_serial_by_one() -> None:
    lab = Lab()
    for number in range(3):
        message = Message(APEX)
        message.add("new", 60, "A", f"192.0.2.{number}")
        lab.ask(message.to_wire())
    assert lab.zone.serial == SERIAL + 3


def test_a_zone_that_did_not_opt_in_is_refused() -> None:
    lab = Lab()
    message = Message("closed.test")
    message.add("new", 60, "A", "192.0.2.9")
    assert lab.ask(message.to_wire()) == "REFUSED"
    assert lab.answered().because == "updates of closed.test are not allowed"


def test_beyond_loopback_an_update_needs_a_key() -> None:
    lab = Lab()
    data = BY_ID["add_to_a_set"].build(APEX)
    assert lab.ask(data, client="192.0.2.77") == "REFUSED"
    assert "it is not loopback" in lab.answered().because
    assert lab.ask(data) == "NOERROR"


def test_a_zone_with_keys_needs_one_on_loopback_too() -> None:
    lab = Lab(UpdateRules({APEX: frozenset({"updater"})}))
    assert lab.ask(BY_ID["add_to_a_set"].build(APEX)) == "REFUSED"
    assert "need one of its keys: updater" in lab.answered().because


def test_a_zone_that_must_not_be_served_is_refused() -> None:
    lab = Lab()
    before = lab.zone

    def refuse(_: object) -> None:
        raise ValueError("the canary would not resolve")

    lab.updater.swap = refuse
    assert lab.ask(BY_ID["add_to_a_set"].build(APEX)) == "REFUSED"
    assert lab.answered().because == "the canary would not resolve"
    assert lab.zone is before
    assert lab.changed() == []


def test_a_name_below_a_dname_is_refused() -> None:
    lab = Lab()
    message = Message(APEX)
    message.add("d", 60, "DNAME", "elsewhere.test.")
    message.add("x.d", 60, "A", "192.0.2.9")
    assert lab.ask(message.to_wire()) == "REFUSED"
    assert "RFC 6672" in lab.answered().because


@given(st.data())
def test_no_damage_to_a_message_breaks_the_server(data: st.DataObject) -> None:
    lab = Lab()
    wire = bytearray(data.draw(st.sampled_from(CASES)).build(APEX))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(4, len(wire) - 1))] = data.draw(st.integers(0, 255))
    del wire[data.draw(st.integers(12, len(wire))) :]
    assert is_update(bytes(wire))
    answer = lab.send(bytes(wire))
    assert answer[:2] == bytes(wire[:2])
    assert lab.zone.nodes[APEX]["SOA"]


@given(st.lists(st.sampled_from(CASES), max_size=12))
def test_any_row_of_updates_leaves_a_whole_zone(cases: list[Case]) -> None:
    """What was made of many updates is what its own plan would make."""
    lab = Lab()
    serials = [lab.zone.serial]
    for case in cases:
        lab.ask(case.build(APEX))
        serials.append(lab.zone.serial)
    from chaoskit.dns.zone import Zone

    assert dict(Zone.from_plan(lab.zone.plan()).nodes) == dict(lab.zone.nodes)
    assert serials == sorted(serials)
