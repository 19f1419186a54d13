"""How fast the race is explored: ``python -m tests.bench.race [--without-table]``. Processor time, so a busy machine blurs it little.

1. Our explorer and SPIN on the same model in the same run, in turn: 3 enactors, 5 plans, every enactor told apart, no reduction, ``-O2``.
2. The default of ``chaoskit race explore``: 3 enactors, 6 plans, all invariants.
3. The table of all protection sets at 5 plans, on all processors.

Ends with 1 where a target is missed.
"""

from __future__ import annotations

import statistics
import sys
import time

from chaoskit.race.findings import Question, judge, promela_of
from chaoskit.race.invariants import SAFETY
from chaoskit.race.model import Race
from chaoskit.race.table import all_sets, table
from chaoskit.sim.explore import explore
from chaoskit.sim.spin import Spin, missing

TURNS = 3
LEAST_STATES = 2_000_000
DEFAULT_MOST_S, TABLE_MOST_S, TABLE_PROCESSORS = 5.0, 60.0, 2


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def beside_spin() -> bool:
    """States per processor second, ours and SPIN's."""
    race = Race(3, 5)
    system = race.system(SAFETY)
    ours = [explore(system, symmetric=False)]
    assert ours[0].size >= LEAST_STATES
    if (reason := missing()) is not None:
        tell(f"ours {ours[0].size / ours[0].cpu_seconds / 1e6:.2f} M states/s; SPIN was not measured: {reason}")
        return True
    with Spin(promela_of(race, Question(progress=()))) as spin:
        spins = [spin.count()]
        for _ in range(TURNS - 1):
            ours.append(explore(system, symmetric=False))
            spins.append(spin.count())
    assert {search.states for search in spins} == {ours[0].size}, "they do not explore the same"
    our_rate = ours[0].size / statistics.median(exploration.cpu_seconds for exploration in ours)
    spin_rate = ours[0].size / statistics.median(search.cpu_seconds for search in spins)
    tell(
        f"{ours[0].size:,} states: ours {our_rate / 1e6:.2f} M/s, SPIN {spin_rate / 1e6:.2f} M/s, "
        f"ratio {our_rate / spin_rate:.2f} (target: at least 1)"
    )
    return our_rate >= spin_rate


def default_bounds() -> bool:
    """The default exploration, progress included."""
    began = time.process_time()
    findings = judge(Race())
    seconds = time.process_time() - began
    tell(f"default, {findings.states:,} states with symmetry: {seconds:.1f} s (target: under {DEFAULT_MOST_S:.0f})")
    return seconds < DEFAULT_MOST_S


def whole_table() -> bool:
    """All sets at 5 plans. The target is of two processors that do nothing else, so processor time is judged, and time told."""
    import resource

    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = table(Race(3, 5), all_sets())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = time.monotonic() - began
    tell(
        f"table of {len(result.rows)} sets, {sum(row.states for row in result.rows):,} states: {used:.0f} s of processor time, "
        f"{used / TABLE_PROCESSORS:.0f} s each of {TABLE_PROCESSORS} (target: under {TABLE_MOST_S:.0f}); took {seconds:.0f} s here"
    )
    return used / TABLE_PROCESSORS < TABLE_MOST_S


def main() -> int:
    """All of them."""
    met = [beside_spin(), default_bounds()]
    if "--without-table" not in sys.argv:
        met.append(whole_table())
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
