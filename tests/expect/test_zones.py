"""Expectations about a record: never empty, never missing, never older, not too many changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.expect.changes_at_most import WHOLE_RUN_NS, ChangesAtMost
from chaoskit.expect.never_empty import NeverEmpty
from chaoskit.expect.never_missing import NeverMissing
from chaoskit.expect.never_older import NeverOlder
from chaoskit.journal.events import HostedZoneChanged, NameChange, ServedRecord, SetChange, ZoneChanged
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Verdict
from tests.journal.story import ANSWERED, Story, at

NAME = "active.live.test"


def records(*addresses: str, rtype: str = "A", ttl: int = 5) -> tuple[ServedRecord, ...]:
    return tuple(ServedRecord(rtype=rtype, ttl=ttl, data=address) for address in addresses)


class Zone(Story):
    """A story of one name's changes."""

    def changed(
        self,
        when: float,
        before: tuple[ServedRecord, ...],
        after: tuple[ServedRecord, ...],
        *,
        exists: bool = True,
        author: str = "enactor-2",
        name: str = NAME,
    ) -> Zone:
        change = NameChange(name=name, exists=exists, before=before, after=after)
        self.add(
            ZoneChanged(at=at(when), zone="live.test", serial=1, source="route53", author=author, changes=(change,))
        )
        return self

    def became(self, *rows: tuple[ServedRecord, ...]) -> Zone:
        """The name's records, one state a second."""
        for number, (before, after) in enumerate(zip(((), *rows), rows, strict=False)):
            self.changed(1000 * number, before, after)
        return self

    def wrote(self, when: float, *, alias: str = "", values: tuple[str, ...] = (), action: str = "UPSERT") -> Zone:
        change = SetChange(action=action, name=NAME, rtype="A", alias=alias, values=values)
        hosted = HostedZoneChanged(
            at=at(when),
            effective_at=at(when),
            zone="live.test",
            zone_id="Z1",
            version=1,
            change=f"C{when:g}",
            request=1,
        )
        self.add(hosted.with_fields(changes=(change,)))
        return self

    def answered(self, when: float, rcode: str = "NOERROR", answers: int = 1, rtype: str = "A", **more: object) -> Zone:
        self.add(ANSWERED.with_fields(at=at(when), name=NAME, rcode=rcode, answers=answers, rtype=rtype, **more))
        return self


def story() -> Zone:
    zone = Zone()
    zone.head("app")
    return zone


def finding(verdict: Verdict) -> tuple[str, str]:
    return verdict.finding, verdict.because


ONE, TWO = records("192.0.2.1"), records("192.0.2.1", "192.0.2.2")


def test_a_record_that_keeps_an_address_is_never_empty() -> None:
    verdict = NeverEmpty(NAME).judge(story().became(ONE, TWO, ONE).run())
    assert finding(verdict) == ("held", f"{NAME} had an address each of the 3 times that it was seen")


def test_the_write_that_emptied_the_record_is_named() -> None:
    run = story().became(ONE).changed(1500, ONE, (), author="C17").run()
    verdict = NeverEmpty(NAME).judge(run)
    assert finding(verdict) == ("broken", f"{NAME} was left without an address by a change by C17")
    evidence = run.entries[verdict.evidence[-1] - 1].event
    assert isinstance(evidence, ZoneChanged)
    assert evidence.author == "C17"


def test_a_record_that_is_taken_away_is_empty_too() -> None:
    run = story().became(ONE).changed(1500, ONE, (), exists=False).run()
    assert NeverEmpty(NAME).judge(run).finding == "broken"


def test_a_record_that_was_full_before_its_first_change() -> None:
    assert NeverEmpty(NAME).judge(story().changed(1000, ONE, ()).run()).finding == "broken"


def test_what_was_before_the_first_address_does_not_count() -> None:
    run = story().changed(0, (), records("text", rtype="TXT")).changed(500, records("text", rtype="TXT"), ONE).run()
    assert NeverEmpty(NAME).judge(run).finding == "held"


def test_an_ipv6_address_or_a_cname_is_enough() -> None:
    aaaa, cname = records("2001:db8::1", rtype="AAAA"), records("elsewhere.test", rtype="CNAME")
    assert NeverEmpty(NAME).judge(story().became(ONE, aaaa, cname).run()).finding == "held"


@pytest.mark.parametrize(
    "judge", [NeverEmpty(NAME), NeverMissing(NAME), NeverOlder(NAME), ChangesAtMost(NAME, 1, SECOND)]
)
def test_what_was_never_seen_is_unknown(judge: NeverEmpty) -> None:
    other = story().changed(0, (), ONE, name="other.live.test").run()
    assert judge.judge(other).finding == "unknown"


def test_a_record_that_never_had_an_address_is_unknown() -> None:
    verdict = NeverEmpty(NAME).judge(story().answered(0, answers=0).answered(1, answers=0).run())
    assert finding(verdict) == ("unknown", f"{NAME} was seen 2 times and never with an address, so it had none to lose")


def test_without_changes_honest_answers_judge() -> None:
    run = story().answered(0).answered(10, answers=0).run()
    verdict = NeverEmpty(NAME).judge(run)
    assert verdict.finding == "broken"
    assert "an answer of NOERROR with 0 records to app" in verdict.because
    assert NeverEmpty(NAME).judge(story().answered(0).answered(10).run()).finding == "held"


def test_an_answer_that_a_fault_emptied_is_left_out() -> None:
    run = story().answered(0).answered(10, answers=0, faults=("blank",)).answered(20).run()
    assert NeverEmpty(NAME).judge(run).finding == "held"
    assert (
        NeverMissing(NAME).judge(story().answered(0).answered(9, "NXDOMAIN", 0, faults=("b",)).run()).finding == "held"
    )


def test_a_type_that_never_had_a_record_takes_none_away() -> None:
    run = story().answered(0).answered(1, answers=0, rtype="AAAA").answered(2).run()
    assert NeverEmpty(NAME).judge(run).finding == "held"


def test_of_two_types_one_may_go() -> None:
    both = story().answered(0).answered(1, rtype="AAAA").answered(2, answers=0)
    assert NeverEmpty(NAME).judge(both.run()).finding == "held"
    assert NeverEmpty(NAME).judge(both.answered(3, answers=0, rtype="AAAA").run()).finding == "broken"


def test_servfail_says_nothing_of_the_record() -> None:
    assert NeverEmpty(NAME).judge(story().answered(0).answered(1, "SERVFAIL", 0).run()).finding == "held"


def test_an_empty_record_is_not_missing() -> None:
    assert NeverMissing(NAME).judge(story().became(ONE, ()).run()).finding == "held"


def test_a_name_that_is_gone_is_missing() -> None:
    verdict = NeverMissing(NAME).judge(story().became(ONE).changed(1500, ONE, (), exists=False).run())
    assert finding(verdict) == ("broken", f"{NAME} was taken away by a change by enactor-2")
    assert NeverMissing(NAME).judge(story().answered(0).answered(1, "NXDOMAIN", 0).run()).finding == "broken"


def test_a_name_that_came_late_was_not_missing_before() -> None:
    run = story().answered(0, "NXDOMAIN", 0).answered(1).run()
    assert NeverMissing(NAME).judge(run).finding == "held"


def test_an_alias_that_goes_back_to_an_older_plan() -> None:
    run = (
        story()
        .wrote(0, alias="plan-145.live.test")
        .wrote(1, alias="plan-146.live.test")
        .wrote(2, alias="plan-110.live.test")
    )
    verdict = NeverOlder(NAME, r"plan-(\d+)").judge(run.run())
    assert finding(verdict) == ("broken", f"{NAME} went from 146 back to 110, by change C2")
    assert len(verdict.evidence) == 2


def test_the_same_plan_again_is_not_older() -> None:
    run = (
        story().wrote(0, alias="plan-7.live.test").wrote(1, alias="plan-7.live.test").wrote(2, alias="plan-9.live.test")
    )
    verdict = NeverOlder(NAME, r"plan-(\d+)").judge(run.run())
    assert finding(verdict) == ("held", f"{NAME} went from 7 to 9 in 3 writes, never back")


def test_a_deletion_writes_no_version() -> None:
    run = story().wrote(0, alias="plan-9.live.test").wrote(1, alias="plan-8.live.test", action="DELETE")
    assert NeverOlder(NAME, r"plan-(\d+)").judge(run.run()).finding == "held"


def test_versions_in_the_data_of_records() -> None:
    lock = [records(f'"plan={n}"', rtype="TXT") for n in (1, 3, 2)]
    assert NeverOlder(NAME, r"plan=(\d+)").judge(story().became(*lock).run()).finding == "broken"
    assert NeverOlder(NAME, r"plan=(\d+)").judge(story().became(*lock[:2]).run()).finding == "held"


def test_writes_without_a_version_are_unknown() -> None:
    verdict = NeverOlder(NAME, r"plan=(\d+)").judge(story().became(ONE, TWO).run())
    assert finding(verdict) == ("unknown", f"none of the 2 writes to {NAME} carries a version")


def test_changes_within_a_window_are_counted() -> None:
    run = story().became(ONE, TWO, ONE, TWO).run()  # one a second
    assert ChangesAtMost(NAME, 2, 2 * SECOND).judge(run).finding == "held"
    verdict = ChangesAtMost(NAME, 1, 2 * SECOND).judge(run)
    assert finding(verdict) == ("broken", f"{NAME} changed 4 times; 2 changes within 2 s at most")
    assert len(verdict.evidence) == 2
    whole = ChangesAtMost(NAME, 3, WHOLE_RUN_NS).judge(run)
    assert finding(whole) == ("broken", f"{NAME} changed 4 times; 4 changes in all")
    assert ChangesAtMost(NAME, 1, SECOND).judge(run).finding == "held", "a second apart is not within a second"


def test_records_are_counted_one_by_one() -> None:
    run = story().became(records("192.0.2.1", "192.0.2.2"), records("192.0.2.3")).run()
    assert ChangesAtMost(NAME, 3, SECOND, of="records").judge(run).finding == "held"
    assert ChangesAtMost(NAME, 2, SECOND, of="records").judge(run).finding == "broken"
    assert ChangesAtMost(NAME, 4, 2 * SECOND, of="records").judge(run).finding == "broken"


def test_another_ttl_changes_each_record_once() -> None:
    run = story().changed(0, records("192.0.2.1", "192.0.2.2"), records("192.0.2.1", "192.0.2.2", ttl=9)).run()
    assert ChangesAtMost(NAME, 2, SECOND, of="records").judge(run).finding == "held"
    assert ChangesAtMost(NAME, 1, SECOND, of="records").judge(run).finding == "broken"


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: ChangesAtMost(NAME, -1, SECOND), "n is -1"),
        (lambda: ChangesAtMost(NAME, 1, 0), "per must be longer than 0"),
        (lambda: NeverOlder(NAME, "("), "no regular expression"),
        (lambda: NeverOlder(NAME, "plan"), "has no group"),
        (lambda: NeverEmpty("."), "name a record"),
    ],
)
def test_wrong_limits_are_refused(make: object, complaint: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=complaint):
        make()


@given(st.lists(st.sampled_from(["", "1", "12", "2"]), min_size=1, max_size=12))
def test_never_empty_is_what_the_states_say(states: list[str]) -> None:
    run = story().became(*(records(*(f"192.0.2.{n}" for n in state)) for state in states)).run()
    full = [bool(state) for state in states]
    first = full.index(True) if any(full) else len(full)
    expected = "unknown" if not any(full) else "held" if all(full[first:]) else "broken"
    assert NeverEmpty(f"{NAME}.").judge(run).finding == expected


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=10), st.integers(0, 5), st.integers(1, 4000))
def test_no_window_is_overlooked(gaps: list[int], n: int, per_ms: int) -> None:
    zone, when, instants = story(), 0, []
    for number, gap in enumerate(gaps):
        when += gap
        instants.append(when)
        zone.changed(when, ONE if number % 2 else TWO, TWO if number % 2 else ONE)
    most = max(sum(start <= other < start + per_ms for other in instants) for start in instants)
    verdict = ChangesAtMost(NAME, n, per_ms * MILLISECOND).judge(zone.run())
    assert verdict.finding == ("held" if most <= n else "broken")
