"""``chaoskit inject``, ``list``, ``halt`` and ``resume``: asking a running ``chaoskit serve``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from chaoskit.cli.control_client import ControlClient, Over
from chaoskit.dns.control.address import parse_control
from chaoskit.dns.control.requests import read_injection
from chaoskit.dns.target import DnsTarget
from chaoskit.errors import HarnessError, InputError, Interrupted, PlaneError
from chaoskit.interruption import SIGNALS, handled
from chaoskit.timeline.window_spec import WINDOW_SHAPES
from chaoskit.units import SECOND, format_duration, parse_duration

BEATS_PER_SILENCE = 3
"""Heartbeats sent within the silence that would end the injection: two may be lost."""

ORDERLY = ("deadline", "withdrawn", "reset")


@dataclass(frozen=True, slots=True)
class ControlTarget:
    """Where the server is, and how to be let in."""

    control: str
    token_file: Path | None
    as_json: bool

    def client(self) -> ControlClient:
        """Raises ``InputError`` for an address or token file that cannot be."""
        from chaoskit.cli.serve import read_token

        return ControlClient(parse_control(self.control), read_token(self.token_file) if self.token_file else None)


@dataclass(frozen=True, slots=True)
class InjectArgs:
    """An injection as the command line tells it."""

    kind: str
    name: str
    match: str
    types: list[str]
    clients: list[str]
    parameters: list[str]
    chance: float
    length: str | None
    heartbeat: str | None
    pulse: str | None = None
    flap: str | None = None
    ramp: str | None = None
    spared: list[str] = field(default_factory=list)
    share: float | None = None
    follow_cnames: bool = True

    def body(self) -> dict[str, Any]:
        """The request. Raises ``InputError`` with all that is wrong, before any server is asked."""
        where: dict[str, Any] = {self.match: self.name}
        where |= {key: value for key, value in (("types", self.types), ("clients", self.clients)) if value}
        where |= {"except": self.spared} if self.spared else {}
        where |= {"share": self.share} if self.share is not None else {}
        where |= {"follow_cnames": False} if not self.follow_cnames else {}
        fault = {self.kind: dict(map(_parameter, self.parameters))} if self.parameters else self.kind
        body: dict[str, Any] = {"fault": fault, "where": where, "chance": self.chance}
        body |= {
            key: value for key, value in (("for", self.length), ("heartbeat", self.heartbeat)) if value is not None
        }
        body |= self._way()
        read_injection(body)
        return body

    def _way(self) -> dict[str, Any]:
        """``--pulse EVERY/FOR``, ``--flap ON/OFF`` and ``--ramp OVER`` as the API wants them."""
        found: dict[str, Any] = {"ramp": {"over": self.ramp}} if self.ramp else {}
        for way, written, keys in (("pulse", self.pulse, ("every", "for")), ("flap", self.flap, ("on", "off"))):
            if written:
                first, slash, second = written.partition("/")
                if not slash:
                    raise InputError(f"--{way} {written}: write two durations, {'/'.join(keys).upper()}, like 5s/1s")
                found[way] = {keys[0]: first, keys[1]: second}
        return found


def inject(wish: InjectArgs, place: ControlTarget) -> None:
    """Begin an injection. With a heartbeat: stay, and keep it alive until it ends; ended here by a signal, it is withdrawn."""
    body = wish.body()
    client = place.client()
    if wish.heartbeat is None:
        _tell_begun(client.ask("POST", "/injections", body), place)
        return
    with _signals() as received:
        begun = client.ask("POST", "/injections", body)
        _tell_begun(begun, place)
        try:
            _keep_alive(client, begun["id"], parse_duration(wish.heartbeat), received)
        except Over as over:
            _tell_over(str(over), begun["id"], client, place)
            return
        client.ask("DELETE", f"/injections/{begun['id']}")
    raise Interrupted(received.number)


def list_injections(place: ControlTarget) -> None:
    """Print what is under way and what ended lately."""
    said = place.client().ask("GET", "/injections")
    if place.as_json:
        typer.echo(json.dumps(said))
        return
    if said["status"] != "ok":
        typer.echo(f"{said['status']}: no injection may begin before chaoskit resume")
    for one in said["injections"]:
        left = format_duration(one["ends_ns"] - one["now_ns"])
        beats = one["heartbeat_ns"]
        alive = f", unless a heartbeat comes (every {format_duration(beats)})" if beats else ""
        typer.echo(f"{one['id']}  {_fault(one)}  {_where(one)}  ends in {left}{alive}; {_met(one)} so far")
    for one in reversed(said["ended"]):
        ago = format_duration(said["now_ns"] - one["ended_ns"])
        typer.echo(f"{one['id']}  {_fault(one)}  {_where(one)}  ended {ago} ago: {one['why']}; {_met(one)}")
    if not said["injections"] and not said["ended"]:
        typer.echo("no injections")


def halt(place: ControlTarget) -> None:
    """End all injections, and begin none until ``resume``."""
    said = place.client().ask("POST", "/halt")
    ended = ", ".join(said["withdrawn"]) or "none was under way"
    typer.echo(json.dumps(said) if place.as_json else f"halted; injections withdrawn: {ended}")


def resume(place: ControlTarget) -> None:
    """Let injections begin again."""
    said = place.client().ask("POST", "/resume")
    typer.echo(json.dumps(said) if place.as_json else "injections may begin again")


def _parameter(written: str) -> tuple[str, Any]:
    """``by=200ms``, ``soa=false``, ``addresses=["192.0.2.1"]``: JSON where it is JSON, else text."""
    key, equals, value = written.partition("=")
    if not key or not equals:
        raise InputError(f"--param {written}: write KEY=VALUE, for example --param by=200ms")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


class _Received:
    """The signal that came, if any."""

    def __init__(self) -> None:
        self.number = 0
        self._came = threading.Event()

    def take(self, number: int, _: object) -> None:
        self.number = number
        self._came.set()

    def within(self, seconds: float) -> bool:
        return self._came.wait(seconds)


@contextmanager
def _signals() -> Iterator[_Received]:
    """From here on, signals are noted and the injection withdrawn before the process ends."""
    received = _Received()
    with handled(dict.fromkeys(SIGNALS, received.take)):
        yield received


def _keep_alive(client: ControlClient, name: str, silence_ns: int, received: _Received) -> None:
    """Send heartbeats until a signal comes. Raises ``Over`` when the injection is over, ``PlaneError`` when the server is gone."""
    heard = time.monotonic_ns()
    while not received.within(silence_ns / SECOND / BEATS_PER_SILENCE):
        try:
            client.ask("POST", f"/injections/{name}/heartbeat")
            heard = time.monotonic_ns()
        except PlaneError:
            if time.monotonic_ns() - heard > silence_ns:
                raise


def _tell_begun(begun: dict[str, Any], place: ControlTarget) -> None:
    if place.as_json:
        typer.echo(json.dumps(begun))
        return
    length = format_duration(begun["deadline_ns"] - begun["begun_ns"])
    beats = begun["heartbeat_ns"]
    alive = f", or {format_duration(beats)} after the last heartbeat" if beats else ""
    typer.echo(f"{begun['id']}: {_fault(begun)} on {_where(begun)}; ends by itself in {length}{alive}")
    if begun.get("doubt"):
        typer.echo(f"it may meet no query: {begun['doubt']}")


def _tell_over(message: str, name: str, client: ControlClient, place: ControlTarget) -> None:
    ended = [one for one in client.ask("GET", "/injections")["ended"] if one["id"] == name]
    why = ended[0]["why"] if ended else message
    if why not in ORDERLY:
        raise HarnessError(f"the injection {name} ended before its time: {why}")
    said = f"{name} is over: {why}" + (f"; {_met(ended[0])}" if ended else "")
    typer.echo(json.dumps(ended[0]) if place.as_json and ended else said)


def _fault(one: dict[str, Any]) -> str:
    ((kind, parameters),) = one["fault"].items()
    said = [str(kind), *(f"{key}={value}" for key, value in parameters.items())]
    said += [f"chance={one['chance']}"] if one["chance"] < 1 else []
    ways = {name: one[name] for name in WINDOW_SHAPES.values() if name in one}
    said += [" ".join([name, *(f"{key} {length}" for key, length in way.items())]) for name, way in ways.items()]
    return " ".join(said)


def _met(one: dict[str, Any]) -> str:
    """What it did. Queries that an injection left as they were are not among them."""
    return f"{one['met']:,} queries met" if one["met"] != 1 else "1 query met"


def _where(one: dict[str, Any]) -> str:
    fields: dict[str, Any] = {
        "except_" if key == "except" else key: tuple(value) if isinstance(value, list) else value
        for key, value in one["where"].items()
    }
    return DnsTarget(**fields).describe()
