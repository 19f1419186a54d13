"""A process that keeps its document is said to; one that does not is told, with what differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoskit.lab.compare import Documented, documented
from chaoskit.lab.findings import findings_of
from chaoskit.lab.rows import Around, rows_of
from chaoskit.lab.sample import Sample, SampledCall
from chaoskit.sim.documented import LEGACY_DYNAMODB, NEW_2026, NEW_2026_DYNAMODB, STANDARD
from chaoskit.units import MILLISECOND, SECOND
from tests.lab.samples import sample, subject


def told(*samples: Sample) -> Documented:
    (row,) = rows_of(samples)
    found = documented(row)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("1.44.5", {}),
        ("1.44.5", {"service": "sts"}),
        ("1.44.5", {"retry_mode": "legacy"}),
        ("1.43.2", {}),
        ("1.43.2", {"service": "sts"}),
        ("1.43.2", {"retry_mode": "standard"}),
        ("1.44.5", {"fault": "servfail"}),
        ("1.47.7", {"sdk": "go", "fault": "servfail"}),
        ("1.47.7", {"sdk": "go"}),
        ("3.41.0", {"sdk": "javascript"}),
        ("2.56.0", {"sdk": "java", "dns_cache": "advised"}),
        ("2.56.0", {"sdk": "java", "service": "sts"}),
    ],
)
def test_a_process_that_keeps_its_document_differs_in_nothing(version: str, fields: dict[str, str]) -> None:
    of = subject(version, **fields)
    found = told(*(sample(of, seed=seed, blank_s=120) for seed in range(5)))
    assert found.mismatches == ()


def test_what_is_documented_stands_beside_what_was_measured() -> None:
    found = told(sample(subject()))
    assert found.policy is NEW_2026_DYNAMODB
    assert found.attempts == 4
    assert found.retries_until_drained == 35
    assert found.gave_up_ns is not None
    assert found.gave_up_ns.n == 200
    assert (
        8 * MILLISECOND <= found.gave_up_ns.least < found.gave_up_ns.middle < found.gave_up_ns.most <= 183 * MILLISECOND
    )


def test_another_number_of_attempts_is_told() -> None:
    found = told(sample(subject(), policy=NEW_2026))
    assert any("3 attempts, documented 4" in one for one in found.mismatches)


def test_longer_sleeps_are_told() -> None:
    found = told(sample(subject("1.44.5", service="sts"), policy=STANDARD, blank_s=60))
    assert any("before retry 1, documented at most 50 ms" in one for one in found.mismatches)


def test_shorter_sleeps_than_the_fixed_ones_are_told() -> None:
    fast = replace(LEGACY_DYNAMODB, base_ns=25 * MILLISECOND)
    found = told(sample(subject("1.43.2"), policy=fast))
    assert any("before retry 9, documented at least 12.8 s" in one for one in found.mismatches)


def test_a_jitter_that_is_not_even_is_told() -> None:
    lazy = replace(STANDARD, base_ns=SECOND // 4)  # within the bounds, but never in their upper part
    found = told(*(sample(subject("1.43.2", retry_mode="standard"), policy=lazy, seed=seed) for seed in range(5)))
    assert any("of the longest sleep on average before retry 1, documented 0.5" in one for one in found.mismatches)


def test_a_quota_that_drains_otherwise_is_told() -> None:
    assert STANDARD.quota is not None
    small = replace(STANDARD, quota=replace(STANDARD.quota, capacity=50))
    found = told(sample(subject("1.43.2", retry_mode="standard"), policy=small, blank_s=60))
    assert "refused a retry after 10 retries, documented 100" in found.mismatches


def test_where_nothing_was_exercised_nothing_is_compared() -> None:
    (row,) = rows_of([sample(subject(), policy=NEW_2026, met=0)])
    assert documented(row) is None


def test_findings_are_made_of_figures_or_say_what_is_missing() -> None:
    samples = [sample(subject(version), blank_s=60, seed=seed) for version in ("1.43.2", "1.44.5") for seed in (1, 2)]
    defaults, go, *_ = findings_of(rows_of(samples))
    assert defaults.measured
    assert "botocore 1.43.2 rides on for 25.57 s" in defaults.said
    assert "n = 2" in defaults.said
    assert not go.measured
    assert go.said.startswith("not measured: it takes the Go client")


def test_the_drained_quota_is_found() -> None:
    found = {finding.title: finding for finding in findings_of(rows_of([sample(subject())]))}
    assert (
        "no retry is left after 35 retries (n = 1), documented 35" in found["The retry quota drains across calls"].said
    )


def test_a_buried_connection_is_found() -> None:
    pooled = SampledCall(
        ok=True, ended=True, concurrent=False, pooled=True, elapsed_ns=1, attempts=1, tries_ns=(1,), sleeps_ns=()
    )
    burst = replace(pooled, concurrent=True)
    failed = replace(pooled, ok=False, pooled=False)
    of = subject(connection="burst")
    one = replace(sample(of), calls=(pooled, pooled, burst, failed, burst, failed, failed))
    (row,) = rows_of([one])
    assert row.around_bursts() == [Around((True, True), (False, False, False))]
    found = {finding.title: finding for finding in findings_of([row])}
    assert "1 of 1 processes, whose 3 calls after it all failed" in found["A burst can bury the live connection"].said
