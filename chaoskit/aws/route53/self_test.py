"""Whether an endpoint keeps the promises that a lock by compare-and-swap rests on. A race that runs where they do not hold is false.

Each rule is tried on a hosted zone of the test's own, which is deleted afterwards.
"""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chaoskit.aws.route53.batch import Action, Change
from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.record_set import RecordSet
from chaoskit.errors import PlaneError

CONTENDERS = 4
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One rule, whether the endpoint kept it, and what was seen."""

    rule: str
    held: bool
    seen: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What was found of ``endpoint``."""

    endpoint: str
    findings: tuple[RuleFinding, ...]

    @property
    def holds(self) -> bool:
        """Whether every rule was kept."""
        return all(finding.held for finding in self.findings)

    def describe(self) -> str:
        """For people: the rules that were broken, or that all were kept."""
        broken = [f"{finding.rule} ({finding.seen})" for finding in self.findings if not finding.held]
        if not broken:
            return f"compare-and-swap holds at {self.endpoint}: {len(self.findings)} rules kept"
        return f"compare-and-swap does not hold at {self.endpoint}: {'; '.join(broken)}"


def compare_and_swap_holds(url: str, ca: str | None = None) -> SelfTest:
    """Try the rules at an endpoint. Raises ``PlaneError`` if it does not answer or has no hosted zones."""
    endpoint = Endpoint(url, ca)
    zone = _TrialZone(endpoint)
    try:
        findings = (
            zone.stale_swap_is_refused(),
            zone.create_of_existing_is_refused(),
            zone.refused_batch_changes_nothing(),
            zone.current_swap_is_accepted(),
            zone.one_of_many_wins(),
        )
    finally:
        zone.delete()
    return SelfTest(url, findings)


def require_compare_and_swap(url: str, ca: str | None = None) -> SelfTest:
    """The same, for whoever cannot go on without. Raises ``PlaneError`` naming the broken rules."""
    outcome = compare_and_swap_holds(url, ca)
    if not outcome.holds:
        raise PlaneError(
            f"{outcome.describe()}; a race there would empty a record for a reason that Route 53 does not have. "
            "Use chaoskit's own Route 53 (services: {route53: {}}, without 'address')"
        )
    return outcome


class _TrialZone:
    """A hosted zone with a lock (a TXT set) at a name for each rule."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        token = uuid.uuid4().hex[:12]
        self._name = f"compare-and-swap-{token}.test."
        self._id = endpoint.create_zone(self._name, token)

    def delete(self) -> None:
        """Put things back. An endpoint whose own books are in disorder may refuse; what it holds is the trial's alone."""
        zone = self._endpoint.read_zone(self._id, self._name)
        for record_set in zone.sets.values():
            if record_set.rtype == "TXT":
                self._endpoint.change(self._id, [Change("DELETE", record_set)])
        self._endpoint.call("DELETE", f"/2013-04-01/hostedzone/{self._id}")

    def stale_swap_is_refused(self) -> RuleFinding:
        self._send(self._lock("CREATE", "stale", "one"))
        self._send(self._lock("DELETE", "stale", "one"), self._lock("CREATE", "stale", "two"))
        accepted, _ = self._send(self._lock("DELETE", "stale", "one"), self._lock("CREATE", "stale", "thief"))
        values = self._values("stale")
        seen = f"{'accepted' if accepted else 'refused'}, and the lock then held {values}"
        return RuleFinding("a stale swap is refused", not accepted and values == ["two"], seen)

    def create_of_existing_is_refused(self) -> RuleFinding:
        self._send(self._lock("CREATE", "twice", "one"))
        accepted, _ = self._send(self._lock("CREATE", "twice", "two"))
        values = self._values("twice")
        seen = f"{'accepted' if accepted else 'refused'}, and the lock then held {values}"
        return RuleFinding("CREATE of an existing set is refused", not accepted and values == ["one"], seen)

    def refused_batch_changes_nothing(self) -> RuleFinding:
        outside = RecordSet("outside.test.", "TXT", ttl=60, values=('"one"',))
        accepted, _ = self._send(self._lock("CREATE", "half", "one"), Change("CREATE", outside))
        values = self._values("half")
        seen = f"{'accepted' if accepted else 'refused'}, and the first of its two changes left {values}"
        return RuleFinding("a batch counts whole or not at all", not accepted and values == [], seen)

    def current_swap_is_accepted(self) -> RuleFinding:
        self._send(self._lock("CREATE", "swap", "one"))
        accepted, text = self._send(self._lock("DELETE", "swap", "one"), self._lock("CREATE", "swap", "two"))
        values = self._values("swap")
        seen = f"the lock then held {values}" if accepted else f"refused: {text[:200]}"
        return RuleFinding("a current swap is accepted", accepted and values == ["two"], seen)

    def one_of_many_wins(self) -> RuleFinding:
        """Contenders who all read the same value swap it at once, in several rounds."""
        self._send(self._lock("CREATE", "contended", "0"))
        value = "0"
        for number in range(1, ROUNDS + 1):
            winners = self._contend(value, number)
            values = self._values("contended")
            if len(winners) > 1 or (winners and values != winners):
                seen = f"in round {number} {len(winners)} of {CONTENDERS} won, and the lock then held {values}"
                return RuleFinding("of swaps from one value one wins", False, seen)
            if (
                not winners
            ):  # each refused because another was under way: that is no break of the rule, and no proof of it
                return RuleFinding("of swaps from one value one wins", False, f"in round {number} nobody won")
            value = winners[0]
        return RuleFinding("of swaps from one value one wins", True, f"one winner in each of {ROUNDS} rounds")

    def _contend(self, value: str, number: int) -> list[str]:
        barrier = threading.Barrier(CONTENDERS)

        def swap(contender: int) -> str:
            mine = f"{number}-{contender}"
            batch = self._lock("DELETE", "contended", value), self._lock("CREATE", "contended", mine)
            barrier.wait()
            return mine if self._send(*batch)[0] else ""

        with ThreadPoolExecutor(CONTENDERS) as pool:
            return [mine for mine in pool.map(swap, range(CONTENDERS)) if mine]

    def _lock(self, action: Action, label: str, value: str) -> Change:
        return Change(action, RecordSet(f"{label}.{self._name}", "TXT", ttl=60, values=(f'"{value}"',)))

    def _send(self, *changes: Change) -> tuple[bool, str]:
        return self._endpoint.change(self._id, changes)

    def _values(self, label: str) -> list[str]:
        zone = self._endpoint.read_zone(self._id, self._name)
        return [
            value.strip('"') for record_set in zone.at(f"{label}.{self._name}", "TXT") for value in record_set.values
        ]
