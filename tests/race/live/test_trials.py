"""What is concluded from many runs."""

from __future__ import annotations

from chaoskit.race.live.trials import Row, Tally, curve_lines, refutations, table_lines

NOTHING = Tally(0, 0, 0, 0)


def row(breaks_in: int | None, live: Tally, simulated: Tally = NOTHING, latency_ns: int = 0) -> Row:
    return Row(("fenced_lock",), latency_ns, breaks_in, live, simulated)


def test_any_endpoint_in_either_driver_refutes_a_proof() -> None:
    held, broken = Tally(4, 0, 0, 0), Tally(4, 0, 1, 0)
    assert [row(None, broken).refuted, row(None, held, broken).refuted, row(None, held, held).refuted] == [
        True,
        True,
        False,
    ]
    assert not row(20, broken).refuted, "the model says that it may"
    (line,) = refutations([row(None, held), row(None, broken, held)])
    assert line.startswith("fenced_lock at 0: the model proves never_empty, and a record became empty in 1 of 4 live")


def test_a_sweep_is_drawn_live_beside_simulated() -> None:
    rows = [row(20, Tally(4, 4, 4, 4), Tally(4, 2, 4, 0), 800_000_000), row(20, NOTHING, Tally(4, 0, 0, 0))]
    assert curve_lines(rows) == [
        "protections: fenced_lock",
        "latency  live                          replayed                      simulated",
        "0        unknown                       unknown                       ····················  0 of 4",
        "800 ms   ████████████████████  4 of 4  ····················  0 of 4  ██████████··········  2 of 4",
    ]
    assert curve_lines(rows[:1]) == []


def test_the_table_tells_the_model_and_what_nobody_saw() -> None:
    lines = table_lines([row(None, NOTHING, Tally(3, 0, 0, 0)), row(20, Tally(10, 10, 10, 10))])
    assert "holds" in lines[1]
    assert "unknown" in lines[1]
    assert "breaks in 20" in lines[2]
    assert "72% to 100%" in lines[2]
