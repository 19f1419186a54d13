"""Models of the outage that were published soon after it, as passes of ours: what they find, and what they cannot.

They have no lock and no rollback record. (wyounas, 30 October 2025, in Promela; muratbuffalo, November 2025, in TLA+.)
"""

from __future__ import annotations

from chaoskit.race.findings import judge
from chaoskit.race.model import Race
from chaoskit.race.rules import CHECK_THEN_ACT

PUBLISHED = Race(2, 4, base=CHECK_THEN_ACT)


def broken(race: Race) -> dict[str, int]:
    return {finding.invariant: len(finding.trace) for finding in judge(race).findings if finding.trace is not None}


def test_check_then_act_empties_the_record_and_repairs_it() -> None:
    """Without the rollback record the newest plan can always be installed again: the non-repair is out of their sight."""
    assert broken(PUBLISHED) == {
        "never_empty": 14,
        "never_delete_active": 14,
        "never_older": 10,
        "never_older_than 1": 11,
    }


def test_an_atomic_check_and_apply_shows_no_bug() -> None:
    assert broken(PUBLISHED.with_protections(["atomic"])) == {}


def test_a_guard_on_deletion_leaves_an_older_plan_over_a_newer() -> None:
    assert set(broken(PUBLISHED.with_protections(["never_empty_guard"]))) == {"never_older", "never_older_than 1"}
