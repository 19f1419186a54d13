"""What a facilitator has of ``chaoskit run``: the live page, the go at a hold, and messages to dashboards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from chaoskit.cli.options import RUNS
from chaoskit.clock import WallClock
from chaoskit.console.webhook import Receiver, read_receiver
from chaoskit.dns.control.address import Tcp, parse_host_port
from chaoskit.engine.abort import Abort
from chaoskit.engine.go_file import watch_for_go
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.engine.session import Stage
from chaoskit.journal.store import Listener

PAGE_ON_HOST = "CHAOSKIT_CONSOLE_ON_HOST"
"""Variable of a container whose live page is published on the host: the address and port there."""

BY_TERMINAL = "the terminal of the run"
BY_PAGE = "the facilitator's page"


@dataclass(frozen=True, slots=True)
class LivePage:
    """Where the page of a run is served. ``run`` opens it, with the doors to ``aborted`` and ``gate``."""

    address: Tcp
    gate: HoldGate | None

    @contextlib.contextmanager
    def open(self, aborted: Abort) -> Iterator[Listener]:
        """Serve it while the run goes on, and print where. Its halt ends the run before its time, its go releases a hold."""
        from chaoskit.console.web.of_run import RunConsole
        from chaoskit.console.web.server import PageTokens, serving

        loop, gate = asyncio.get_running_loop(), self.gate

        def abort() -> None:
            loop.call_soon_threadsafe(aborted.ask, f"{BY_PAGE} asked for it")

        def go() -> None:
            if gate is not None:
                loop.call_soon_threadsafe(gate.release, BY_PAGE)

        tokens = None if self.address.is_loopback else PageTokens.draw()
        console = RunConsole(WallClock().now, abort, go)
        host, port = self.address.host, self.address.port
        with serving(console.pages, console.routes(), console.access, port, host=host, tokens=tokens) as address:
            on_host = os.environ.get(PAGE_ON_HOST)
            url = f"http://{on_host}/" if on_host else address
            if tokens is None:
                typer.echo(f"watch it in the browser: {url}")
            else:
                typer.echo(f"for the facilitator, who can halt it and say go: {url}#token={tokens.act}")
                typer.echo(f"for the audience, who can only watch:            {url}#token={tokens.watch}")
            yield console


def live_page(console: bool, written: str | None, gate: HoldGate | None) -> LivePage | None:
    """The page that ``--console`` and ``--console-at`` ask for, if any. Raises ``InputError``."""
    if written is not None:
        return LivePage(Tcp(*parse_host_port(written, "--console-at")), gate)
    return LivePage(Tcp("127.0.0.1", 0), gate) if console else None


def read_receivers(urls: list[str], remote: bool) -> tuple[Receiver, ...]:
    """Whom ``--webhook`` tells; each is shown the token in ``CHAOSKIT_WEBHOOK_TOKEN``, if there is one. Raises ``InputError``."""
    token = os.environ.get("CHAOSKIT_WEBHOOK_TOKEN") or None
    return tuple(read_receiver(url, remote, token) for url in urls)


@contextlib.asynccontextmanager
async def doors(partial: Path, gate: HoldGate, stage: Stage) -> AsyncIterator[None]:
    """Listen for a go by ``chaoskit go``, and by Enter where standard input is a terminal."""
    terminal = sys.stdin is not None and sys.stdin.isatty()
    loop = asyncio.get_running_loop()

    def read() -> None:
        if sys.stdin.readline():
            gate.release(BY_TERMINAL)
        else:
            loop.remove_reader(sys.stdin)

    runs = partial.parent
    elsewhere = "" if runs.resolve() == RUNS.resolve() else f" --runs {shlex.quote(str(runs))}"
    here = "press Enter here, or " if terminal else ""
    typer.echo(f"where the run is held, it waits for your go: {here}run `chaoskit go{elsewhere}`")
    async with watch_for_go(partial, gate, stage):
        if terminal:
            loop.add_reader(sys.stdin, read)
        try:
            yield
        finally:
            if terminal:
                loop.remove_reader(sys.stdin)
