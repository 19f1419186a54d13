"""``chaoskit inject``, ``list``, ``halt`` and ``resume``: control a running ``chaoskit serve``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from chaoskit.cli.control_client import ControlClient, Over
from chaoskit.cli.options import CONTROL, AsJson, Control, TokenFile
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


def _read_name(written: str) -> str:
    """An argument that is empty, most often a variable of a shell that is not set, never means the root."""
    if not written:
        raise InputError("the name is empty; the root is written as a dot")
    return written


def inject(
    fault: Annotated[str, typer.Argument(help="Kind of fault, such as empty, nxdomain or delay.")],
    name: Annotated[str, typer.Argument(help="Name whose queries meet the fault.", callback=_read_name)],
    length: Annotated[str | None, typer.Option("--for", help="Length of the injection; default: 60s.")] = None,
    rtype: Annotated[
        list[str], typer.Option("--type", help="Affect only this record type; may be repeated. Default: all types.")
    ] = [],  # noqa: B006
    match: Annotated[str, typer.Option(help="How NAME matches: name, under, glob or regex.")] = "name",
    client: Annotated[
        list[str], typer.Option(help="Affect only queries from this address or prefix; may be repeated. Default: all.")
    ] = [],  # noqa: B006
    except_: Annotated[
        list[str], typer.Option("--except", metavar="NAME", help="Spare this name, or glob; may be repeated.")
    ] = [],  # noqa: B006
    share: Annotated[
        float | None, typer.Option(help="Share of the clients to affect, above 0 and at most 1; default: all.")
    ] = None,
    follow_cnames: Annotated[
        bool,
        typer.Option("--follow-cnames/--no-follow-cnames", help="Affect queries for CNAMEs that lead to NAME too."),
    ] = True,
    chance: Annotated[float, typer.Option(help="Probability that a query is affected, above 0 and at most 1.")] = 1.0,
    param: Annotated[
        list[str], typer.Option(metavar="KEY=VALUE", help="Parameter of the fault; may be repeated.")
    ] = [],  # noqa: B006
    heartbeat: Annotated[
        str | None,
        typer.Option(help="Stay and send heartbeats; the injection ends this long after the last one. Default: none."),
    ] = None,
    pulse: Annotated[
        str | None, typer.Option(metavar="EVERY/FOR", help="Switch on every EVERY for FOR, for example 5s/1s.")
    ] = None,
    flap: Annotated[
        str | None, typer.Option(metavar="ON/OFF", help="Switch on and off for random times around ON and OFF.")
    ] = None,
    ramp: Annotated[
        str | None, typer.Option(metavar="OVER", help="Raise the probability from 0 to --chance over this time.")
    ] = None,
    control: Control = CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Inject a fault into a running `chaoskit serve`.

    The injection ends by itself. With --heartbeat the command stays until it ends; ended by a signal, it withdraws the injection.
    """
    optional = {"types": rtype, "clients": client, "except": except_, "share": share}
    target: dict[str, Any] = {match: name, **{key: value for key, value in optional.items() if value not in ([], None)}}
    target |= {} if follow_cnames else {"follow_cnames": False}
    parameters = dict(map(_parameter, param))
    body: dict[str, Any] = {"fault": {fault: parameters} if param else fault, "where": target, "chance": chance}
    body |= {key: value for key, value in (("for", length), ("heartbeat", heartbeat)) if value is not None}
    body |= _window_shape(pulse, flap, ramp)
    read_injection(body)  # all that is wrong is said before any server is asked
    server = _client(control, token_file)
    if heartbeat is None:
        _tell_begun(server.ask("POST", "/injections", body), as_json=as_json)
    else:
        _inject_while_alive(server, body, parse_duration(heartbeat), as_json=as_json)


def list_injections(control: Control = CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List the injections of a running `chaoskit serve`.

    Those that ended lately come last, each with the reason.
    """
    answer = _client(control, token_file).ask("GET", "/injections")
    if as_json:
        typer.echo(json.dumps(answer))
        return
    if answer["status"] != "ok":
        typer.echo(f"{answer['status']}: no injection may begin before chaoskit resume")
    for active in answer["injections"]:
        left = format_duration(active["ends_ns"] - active["now_ns"])
        beats = active["heartbeat_ns"]
        alive = f", unless a heartbeat comes (every {format_duration(beats)})" if beats else ""
        typer.echo(f"{active['id']}  {_fault(active)}  {_where(active)}  ends in {left}{alive}; {_met(active)} so far")
    for ended in reversed(answer["ended"]):
        ago = format_duration(answer["now_ns"] - ended["ended_ns"])
        typer.echo(f"{ended['id']}  {_fault(ended)}  {_where(ended)}  ended {ago} ago: {ended['why']}; {_met(ended)}")
    if not answer["injections"] and not answer["ended"]:
        typer.echo("no injections")


def halt(control: Control = CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """End all injections of a running `chaoskit serve`, and refuse new ones.

    `chaoskit resume` lets injections begin again.
    """
    answer = _client(control, token_file).ask("POST", "/halt")
    ended = ", ".join(answer["withdrawn"]) or "none was under way"
    typer.echo(json.dumps(answer) if as_json else f"halted; injections withdrawn: {ended}")


def resume(control: Control = CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Accept injections again after `chaoskit halt`."""
    answer = _client(control, token_file).ask("POST", "/resume")
    typer.echo(json.dumps(answer) if as_json else "injections may begin again")


def _client(control: str, token_file: Path | None) -> ControlClient:
    """Make a client of the control API. Raises ``InputError`` for a malformed address or an unusable token file."""
    from chaoskit.cli.serve import read_token

    return ControlClient(parse_control(control), read_token(token_file) if token_file else None)


def _window_shape(pulse: str | None, flap: str | None, ramp: str | None) -> dict[str, Any]:
    """``--pulse EVERY/FOR``, ``--flap ON/OFF`` and ``--ramp OVER`` as fields of the API's request. Raises ``InputError``."""
    shapes: dict[str, Any] = {"ramp": {"over": ramp}} if ramp else {}
    for shape, written, keys in (("pulse", pulse, ("every", "for")), ("flap", flap, ("on", "off"))):
        if written:
            first, slash, second = written.partition("/")
            if not slash:
                raise InputError(f"--{shape} {written}: write two durations, {'/'.join(keys).upper()}, like 5s/1s")
            shapes[shape] = {keys[0]: first, keys[1]: second}
    return shapes


def _inject_while_alive(server: ControlClient, body: dict[str, Any], silence_ns: int, *, as_json: bool) -> None:
    """Begin an injection and keep it alive until it ends; ended here by a signal, it is withdrawn and ``Interrupted`` raised."""
    with _signals() as received:
        begun = server.ask("POST", "/injections", body)
        _tell_begun(begun, as_json=as_json)
        try:
            _keep_alive(server, begun["id"], silence_ns, received)
        except Over as over:
            _tell_over(str(over), begun["id"], server, as_json=as_json)
            return
        server.ask("DELETE", f"/injections/{begun['id']}")
    raise Interrupted(received.number)


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
    """Number of the signal received, 0 for none yet."""

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
    """Record signals instead of ending at once, so that the injection can be withdrawn first."""
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


def _tell_begun(begun: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(begun))
        return
    length = format_duration(begun["deadline_ns"] - begun["begun_ns"])
    beats = begun["heartbeat_ns"]
    alive = f", or {format_duration(beats)} after the last heartbeat" if beats else ""
    typer.echo(f"{begun['id']}: {_fault(begun)} on {_where(begun)}; ends by itself in {length}{alive}")
    if begun.get("doubt"):
        typer.echo(f"it may meet no query: {begun['doubt']}")


def _tell_over(message: str, name: str, client: ControlClient, *, as_json: bool) -> None:
    ended = [injection for injection in client.ask("GET", "/injections")["ended"] if injection["id"] == name]
    why = ended[0]["why"] if ended else message
    if why not in ORDERLY:
        raise HarnessError(f"the injection {name} ended before its time: {why}")
    message = f"{name} is over: {why}" + (f"; {_met(ended[0])}" if ended else "")
    typer.echo(json.dumps(ended[0]) if as_json and ended else message)


def _fault(injection: dict[str, Any]) -> str:
    ((kind, parameters),) = injection["fault"].items()
    words = [str(kind), *(f"{key}={value}" for key, value in parameters.items())]
    words += [f"chance={injection['chance']}"] if injection["chance"] < 1 else []
    shapes = {name: injection[name] for name in WINDOW_SHAPES.values() if name in injection}
    words += [" ".join([name, *(f"{key} {length}" for key, length in shape.items())]) for name, shape in shapes.items()]
    return " ".join(words)


def _met(injection: dict[str, Any]) -> str:
    """Number of queries that the injection changed; queries it left as they were do not count."""
    return f"{injection['met']:,} queries met" if injection["met"] != 1 else "1 query met"


def _where(injection: dict[str, Any]) -> str:
    fields: dict[str, Any] = {
        "except_" if key == "except" else key: tuple(value) if isinstance(value, list) else value
        for key, value in injection["where"].items()
    }
    return DnsTarget(**fields).describe()
