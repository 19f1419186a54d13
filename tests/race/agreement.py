"""SPIN against our own explorer on every protection set: ``python -m tests.race.agreement [ENACTORS PLANS]``, 2 and 4 unless given.

Compared are the number of distinct states and of steps, the verdict on each safety invariant with the length of a shortest way, and the
verdict on ``does_progress``. Ends with 1 where anything differs, and with 0 and a line that says so where SPIN is not here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from chaoskit.race.findings import judge, judge_with_spin
from chaoskit.race.model import Race
from chaoskit.race.table import Set, all_sets
from chaoskit.sim.spin import missing


def disagreements(enactors: int, plans: int, sets: Sequence[Set] | None = None) -> list[str]:
    """What differs, in words."""
    races = [Race(enactors, plans).with_protections(names) for names in (all_sets() if sets is None else sets)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return [line for lines in pool.map(_compared, races) for line in lines]


def _compared(race: Race) -> list[str]:
    ours, spins = judge(race, symmetric=False), judge_with_spin(race, small=True, count=True)
    lines = []
    if (spins.states, spins.transitions) != (ours.states, ours.transitions + 1):  # SPIN counts the arrival at the start
        lines.append(f"{ours.states} states, {ours.transitions} steps; SPIN {spins.states}, {spins.transitions}")
    for finding in spins.findings:
        own = ours.of(finding.invariant)
        if own.holds != finding.holds:
            lines.append(f"{finding.invariant}: holds {own.holds}; SPIN {finding.holds}")
        elif finding.shortest and len(own.trace or ()) != len(finding.trace or ()):
            lines.append(f"{finding.invariant}: {len(own.trace or ())} steps; SPIN {len(finding.trace or ())}")
    return [f"{' + '.join(race.protections) or 'no protection'}: {line}" for line in lines]


def main() -> int:
    """Compare all sets, and print."""
    if (reason := missing()) is not None:
        sys.stdout.write(f"SPIN's agreement was not checked: {reason}\n")
        return 0
    enactors, plans = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (2, 4)
    began = time.monotonic()
    lines = disagreements(enactors, plans)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    verdict = f"SPIN differs in {len(lines)} places" if lines else "SPIN agrees"
    bounds = f"{len(all_sets())} protection sets, {enactors} enactors, {plans} plans"
    sys.stdout.write(f"{verdict}: {bounds}, {time.monotonic() - began:.0f} s\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
