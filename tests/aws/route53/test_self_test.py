"""The self-test of compare-and-swap: it passes our Route 53, and fails plain moto."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chaoskit.aws.route53.buckets import Rate
from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.control_plane import Behaviour, ControlPlane
from chaoskit.aws.route53.self_test import compare_and_swap_holds, require_compare_and_swap
from chaoskit.errors import InputError, PlaneError
from tests.aws.route53.lab import Lab


def test_it_passes_strict_route53_and_cleans_up(opened: Callable[..., Lab]) -> None:
    lab = opened()
    before = lab.client.list_hosted_zones()["HostedZones"]
    outcome = require_compare_and_swap(lab.endpoint, lab.ca)
    assert outcome.holds
    assert len(outcome.findings) == 5
    assert lab.client.list_hosted_zones()["HostedZones"] == before


def test_plain_moto_fails_it(opened: Callable[..., Lab]) -> None:
    lab = opened(strict=False)
    outcome = compare_and_swap_holds(lab.endpoint, lab.ca)
    broken = {finding.rule for finding in outcome.findings if not finding.held}
    assert {
        "a stale swap is refused",
        "CREATE of an existing set is refused",
        "a batch counts whole or not at all",
    } <= broken
    with pytest.raises(PlaneError, match=r"compare-and-swap does not hold at .*a stale swap is refused"):
        require_compare_and_swap(lab.endpoint, lab.ca)


class _TwoWinners(ControlPlane):
    """Judges each batch against what was there before the last change: a control plane without a lock, made certain."""

    def change(self, zone_id, changes, at, request=0):  # type: ignore[no-untyped-def]
        current = self._zones[zone_id]
        previous = getattr(self, "_previous", {}).get(zone_id, current)
        self._zones[zone_id] = previous
        try:
            return super().change(zone_id, changes, at, request)
        finally:
            self._previous = {zone_id: current}


def test_an_endpoint_that_judges_the_past_fails_it(opened: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.aws.route53.lab.ControlPlane", _TwoWinners)
    lab = opened()
    assert not compare_and_swap_holds(lab.endpoint, lab.ca).holds


def test_a_throttled_endpoint_is_told_as_it_is(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=Rate(10, 1)))
    with pytest.raises(PlaneError, match=r"refused .*Throttling"):
        compare_and_swap_holds(lab.endpoint, lab.ca)


@pytest.mark.parametrize("url", ["https://route53.amazonaws.com", "ftp://127.0.0.1", "127.0.0.1:80"])
def test_no_endpoint_of_aws_and_none_that_is_no_url(url: str) -> None:
    with pytest.raises(InputError):
        Endpoint(url)


def test_nobody_at_an_endpoint_is_told() -> None:
    with pytest.raises(PlaneError, match="does not answer"):
        compare_and_swap_holds("http://127.0.0.1:1")
