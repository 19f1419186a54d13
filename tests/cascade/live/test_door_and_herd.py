"""A door and light clients on real sockets of this machine's loopback."""

from __future__ import annotations

import asyncio
import socket
import time

from chaoskit.cascade.live.parts.door import Door
from chaoskit.cascade.live.parts.herd import Herd
from chaoskit.cascade.live.stage import Stage
from chaoskit.journal.events import CallFinished, DialAnswered, Event, LevelMeasured
from chaoskit.units import MILLISECOND, MINUTE


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def play(
    door: Door, herd: Herd, until: type[Event] = LevelMeasured, value: float = 0.0, orders: tuple[str, ...] = ()
) -> list[Event]:
    """Both parts, until the herd tells ``value`` clients connected, or a call fails where ``until`` is ``CallFinished``.

    Each of ``orders`` is given to both as soon as ``value`` clients are connected, and the next when they are again.
    """
    left = list(orders)
    events: list[Event] = []
    reached = asyncio.Event()
    origin = time.monotonic_ns()

    def send(event: Event) -> None:
        events.append(event)
        if isinstance(event, LevelMeasured) and event.name == "clients connected" and event.value == value and value:
            if left:
                order = left.pop(0)
                for stage in stages:
                    asyncio.get_running_loop().call_soon(stage.obey, order)
            else:
                reached.set()
        if until is CallFinished and isinstance(event, CallFinished) and event.result == "failed":
            reached.set()

    stages = [
        Stage(name, "us-east-1", origin=origin, ends=origin + 10 * MINUTE, seed=1, send=send)
        for name in ("door", "herd")
    ]
    tasks = [asyncio.ensure_future(door.play(stages[0])), asyncio.ensure_future(herd.play(stages[1]))]
    await reached.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:  # what hangs up
        await asyncio.gather(*others, return_exceptions=True)
    return events


def test_every_client_is_let_in_and_the_door_tells_it() -> None:
    port = free_port()
    door = Door(accepts_per_s=200, address="127.0.0.1", port=port)
    herd = Herd(
        name="localhost", port=port, clients=5, pool=2, lead=0, base=10 * MILLISECOND, cap=20 * MILLISECOND,
        connect_time_out=MINUTE, ramp=False,
    )  # fmt: skip
    events = asyncio.run(play(door, herd, value=5.0))
    dials = [event for event in events if isinstance(event, DialAnswered)]
    assert {dial.outcome for dial in dials} == {"accepted"}
    assert len(dials) >= 5
    assert all(dial.answered_at >= dial.at for dial in dials)


def test_who_was_hung_up_on_comes_again() -> None:
    port = free_port()
    door = Door(accepts_per_s=200, address="127.0.0.1", port=port)
    herd = Herd(
        name="localhost", port=port, clients=3, pool=1, lead=0, base=10 * MILLISECOND, cap=20 * MILLISECOND,
        connect_time_out=MINUTE, jitter=False, ramp=False, redial=True,
    )  # fmt: skip
    events = asyncio.run(play(door, herd, value=3.0, orders=("restart",)))
    connected = [
        event.value for event in events if isinstance(event, LevelMeasured) and event.name == "clients connected"
    ]
    assert 0.0 in connected[connected.index(3.0) :]
    assert connected[-1] == 3.0
    assert sum(isinstance(event, DialAnswered) and event.outcome == "accepted" for event in events) == 6


def test_a_full_door_refuses_and_the_call_says_so() -> None:
    port = free_port()
    door = Door(accepts_per_s=0.001, backlog=1, address="127.0.0.1", port=port)
    herd = Herd(
        name="localhost", port=port, clients=3, pool=1, lead=0, base=MINUTE, cap=MINUTE, connect_time_out=MINUTE,
        jitter=False, ramp=False,
    )  # fmt: skip
    events = asyncio.run(play(door, herd, until=CallFinished))
    assert "refused" in {event.outcome for event in events if isinstance(event, DialAnswered)}
    failed = [event for event in events if isinstance(event, CallFinished) and event.result == "failed"]
    assert failed[0].errors[0].type in ("ConnectionRefusedError", "ConnectionResetError")
