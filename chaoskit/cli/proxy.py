"""``chaoskit proxy``: run the embedded proxy alone, as a Toxiproxy in one process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

if TYPE_CHECKING:
    from chaoskit.network.embedded.standalone import Listening, Settings

DEFAULT_LISTEN = "127.0.0.1:8474"


def proxy(
    config: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with proxies to create, in the format of toxiproxy-server's -config; default: none."
        ),
    ] = None,
    listen: Annotated[str, typer.Option(metavar="ADDR:PORT", help="Address of the HTTP API.")] = DEFAULT_LISTEN,
    beyond_loopback: Annotated[
        bool,
        typer.Option(
            "--beyond-loopback", help="Let the API and the proxies listen on addresses that other machines reach."
        ),
    ] = False,
    events: Annotated[
        Path | None, typer.Option(help="New file for events of connections, one JSON object per line; default: none.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws that a toxicity below 1 makes for each connection.")] = 0,
) -> None:
    """Proxy TCP with toxics, controlled over Toxiproxy's HTTP API.

    Ctrl-C ends it.
    """
    import asyncio

    from chaoskit.errors import InputError
    from chaoskit.journal.codec import encode
    from chaoskit.journal.events import Event
    from chaoskit.network.embedded.standalone import serve_alone

    settings = _settings(config, listen, beyond_loopback, seed)
    file = _new_file(events) if events else None

    def emit(event: Event) -> None:
        if file is not None:
            file.write(encode(event) + "\n")

    try:
        asyncio.run(serve_alone(settings, _announce, emit, _Complaints()))
    except InputError:
        if events is not None:
            events.unlink()
        raise
    finally:
        if file is not None:
            file.close()


class _Complaints:
    """Print each complaint once to standard error."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, message: str) -> None:
        if message not in self._told and len(self._told) < 1000:
            self._told.add(message)
            sys.stderr.write(f"{_printable(message)}\n")


def _settings(config: Path | None, listen: str, beyond_loopback: bool, seed: int) -> Settings:
    from chaoskit.errors import InputError
    from chaoskit.experiment.document import read_text
    from chaoskit.network.embedded.addresses import Reach
    from chaoskit.network.embedded.populate_file import read_populate_file
    from chaoskit.network.embedded.standalone import Settings

    reach = Reach(listen_anywhere=beyond_loopback, dial_anywhere=True)
    try:
        host, port = reach.listen(listen)
    except ValueError as error:
        raise InputError(f"--listen {error}") from None
    entries = read_populate_file(str(config), read_text(config, "a Toxiproxy configuration"), reach) if config else []
    for entry in entries:
        if entry.ignored:
            sys.stderr.write(
                f"{config}:{entry.line}: {_printable(', '.join(entry.ignored))} of {_printable(entry.name)} is not read"
                " from a file, as in Toxiproxy; add toxics by the API\n"
            )
    return Settings(host, port, tuple(entries), reach, seed)


def _new_file(path: Path) -> TextIO:
    from chaoskit.errors import InputError

    try:
        return path.open("x", buffering=1)
    except OSError as error:
        raise InputError(f"--events {path}: {error.strerror}; name a file that is not there yet") from None


def _announce(listening: Listening) -> None:
    lines = [f"Toxiproxy's API: http://{listening.api}"]
    for name, listen, upstream, enabled in listening.proxies:
        lines.append(
            f"  {_printable(name)}: {listen} → {_printable(upstream)}" + ("" if enabled else " (switched off)")
        )
    lines.append("Ctrl-C ends it.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
