"""Injections and their windows as plain JSON, and back: the form in which they go to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from chaoskit.registry import Registry, kind_of
from chaoskit.timeline.cron import Cron
from chaoskit.timeline.held import Held
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.repeated import Flap, Pulse
from chaoskit.timeline.window import Once, Ramp, Until, Window

WINDOWS: dict[str, type[Any]] = {
    "once": Once, "pulse": Pulse, "flap": Flap, "ramp": Ramp, "cron": Cron, "until": Until,
}  # fmt: skip
"""Every window by its name in a plan, but ``held``, which has another one in it."""

W = TypeVar("W")


def injection_to_json(injection: Injection[Any, Any]) -> dict[str, Any]:
    """An injection of any plane; durations in nanoseconds. Raises ``TypeError`` for a window that has no plain form."""
    return {
        "id": injection.id,
        "where": asdict(injection.where),
        "when": window_to_json(injection.when),
        "fault": {kind_of(injection.fault): asdict(injection.fault)},
        "chance": injection.chance,
        "hidden": injection.hidden,
    }


def injection_from_json(plain: Mapping[str, Any], where: type[W], faults: Registry) -> Injection[W, Any]:
    """The injection of ``injection_to_json``, of the plane that has ``where`` and ``faults``.

    Raises ``ValueError``, ``TypeError`` or ``KeyError`` for what is none.
    """
    ((kind, parameters),) = plain["fault"].items()
    return Injection(
        id=plain["id"],
        where=where(**_with_tuples(plain["where"])),
        when=window_from_json(plain["when"]),
        fault=faults.get(kind)(**_with_tuples(parameters)),
        chance=plain.get("chance", 1.0),
        hidden=plain.get("hidden", False),
    )


def window_to_json(window: Window) -> dict[str, Any]:
    """The plain form of a window. Raises ``TypeError`` for one that has none."""
    if isinstance(window, Held):
        return {"held": {"window": window_to_json(window.window), "event": window.event, "at": window.at}}
    for kind, class_ in WINDOWS.items():
        if type(window) is class_:
            plain: Any = window
            return {kind: asdict(plain)}
    raise TypeError(f"no plain form for {type(window).__name__}")


def window_from_json(plain: Mapping[str, Any]) -> Window:
    """The window of ``window_to_json``. Raises ``ValueError`` for a window that cannot be."""
    ((kind, fields),) = plain.items()
    if kind == "held":
        return Held(window_from_json(fields["window"]), fields["event"], fields["at"])
    if kind not in WINDOWS:
        raise ValueError(f"there is no window {kind!r}; known: {', '.join(WINDOWS)}")
    window: Window = WINDOWS[kind](**fields)
    return window


def _with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where the frozen classes have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
