"""Orders of an operator to an enactor: taken once, in their order, and a pause outlasts a new begin."""

from __future__ import annotations

from chaoskit.race.live.orders import PAUSE, RESUME, START_OVER, Orders


def test_a_pause_lasts_until_it_is_ended() -> None:
    orders = Orders()
    assert not orders.obey()
    assert not orders.paused
    orders.give(PAUSE)
    orders.give(START_OVER)
    assert orders.obey()
    assert orders.paused
    orders.give(RESUME)
    orders.give("sing")
    assert not orders.obey()
    assert not orders.paused
