"""``chaoskit console``: the live page of a server that runs, or of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.control_client import ControlClient
from chaoskit.cli.journal_path import journal_at
from chaoskit.cli.options import CONTROL, RUNS, Control, TokenFile
from chaoskit.clock import WallClock
from chaoskit.dns.control.address import parse_control
from chaoskit.errors import HarnessError, InputError, Interrupted, PlaneError
from chaoskit.interruption import SIGNALS, handled


def console(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="Run to show: its folder, or its journal.jsonl; default: the server at --control, else the latest run."
        ),
    ] = None,
    control: Control = CONTROL,
    token_file: TokenFile = None,
    runs: Annotated[Path, typer.Option(help="Folder that runs are written to.")] = RUNS,
    port: Annotated[int, typer.Option(help="Port of the page on 127.0.0.1; default: any free one.")] = 0,
) -> None:
    """Show a running `chaoskit serve`, or a run, in the browser.

    Ctrl-C ends the page, and nothing else.
    """
    stop = threading.Event()
    received: list[int] = []

    def take(number: int, _: object) -> None:
        received.append(number)
        stop.set()

    with handled(dict.fromkeys(SIGNALS, take)):
        if run is None and (server := _server(control, token_file)):
            _show_server(server, port, stop)
        else:
            _show_run(_journal(run) if run else _latest(runs, control), port, stop)
    if received:
        raise Interrupted(received[0])


def _server(control: str, token_file: Path | None) -> ControlClient | None:
    """A client of the server at ``control``; None where none answers."""
    from chaoskit.cli.serve import read_token

    client = ControlClient(parse_control(control), read_token(token_file) if token_file else None)
    try:
        client.ask("GET", "/injections")
    except PlaneError:
        return None
    return client


def _show_server(client: ControlClient, port: int, stop: threading.Event) -> None:
    """A page of our own beside the server: it needs no ``serve --console``."""
    from chaoskit.console.web.attached import blocks, feed_event
    from chaoskit.console.web.of_server import RemoteConsole
    from chaoskit.console.web.server import serving

    console = RemoteConsole(f"the server at {client.address}", client.ask)
    problems: list[str] = []

    def listen() -> None:
        try:
            with client.stream("/events") as lines:
                for block in blocks(lines):
                    event = feed_event(block)
                    if event is not None:
                        console.hear(event)
                    if stop.is_set():
                        return
        except (OSError, HTTPException, ValueError, HarnessError) as error:
            problems.append(str(error) or type(error).__name__)
        if not stop.is_set():
            problems.append("its event feed ended")
            stop.set()

    with serving(console.pages, console.routes(), console.access, port) as url:
        _wait(url, f"the server at {client.address}", listen, stop)
    if problems:
        raise PlaneError(f"the server at {client.address} is gone: {problems[0]}")


def _show_run(journal: Path, port: int, stop: threading.Event) -> None:
    from chaoskit.console.web.attached import follow_journal
    from chaoskit.console.web.of_run import RunConsole
    from chaoskit.console.web.server import serving

    console = RunConsole(WallClock().now)
    problems: list[Exception] = []

    def listen() -> None:
        try:
            follow_journal(journal, console, stop)
        except (InputError, OSError) as error:
            problems.append(error)
            stop.set()

    with serving(console.pages, console.routes(), console.access, port) as url:
        _wait(url, str(journal), listen, stop)
    if problems:
        raise InputError(str(problems[0]))


def _wait(url: str, what: str, listen: Callable[[], None], stop: threading.Event) -> None:
    threading.Thread(target=listen, name="console-feed", daemon=True).start()
    typer.echo(f"{what} in the browser: {url}\nCtrl-C ends the page, and nothing else.")
    stop.wait()


def _journal(path: Path) -> Path:
    journal = journal_at(path)
    if not journal.is_file():
        raise InputError(f"{journal}: no such journal; name the folder of a run, or its journal.jsonl")
    return journal


def _latest(folder: Path, control: str) -> Path:
    """The journal that was written last: of a run under way, which is in a hidden folder, or of one that is over."""
    journals = [*folder.glob("*/journal.jsonl"), *folder.glob(".*/journal.jsonl")] if folder.is_dir() else []
    if not journals:
        raise InputError(
            f"no server answers at {control}, and there is no run in {folder}; start one: chaoskit serve, or chaoskit run first/ten-seconds"
        )
    return max(journals, key=lambda journal: journal.stat().st_mtime)
