"""Options and arguments that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ExperimentName = Annotated[
    str, typer.Argument(help="Experiment file, or the name of a shipped one (list them with `chaoskit experiments`).")
]
JournalPath = Annotated[Path, typer.Argument(help="The journal.jsonl of a run, or the folder that contains it.")]
RunsFolder = Annotated[Path, typer.Option(help="Parent folder of the new folder that this run writes to.")]
RUNS = Path("runs")

Seed = Annotated[int | None, typer.Option(help="Seed of all random draws; default: the file's.")]
AnySandbox = Annotated[str, typer.Option(help="Where clients run: auto, namespace, docker or inline.")]
LocalSandbox = Annotated[str, typer.Option(help="Where clients run: auto, namespace or inline.")]
Blanks = Annotated[
    list[str],
    typer.Option(
        metavar="NAME@FROM+FOR",
        help="Answer queries for NAME without records, starting FROM after the start, lasting FOR, such as "
        "example.com@5s+30s; default: at once, to the end. May be repeated.",
    ),
]
JunitFile = Annotated[Path | None, typer.Option("--junit", help="Write the verdicts to this file as JUnit XML.")]
MarkdownFile = Annotated[Path | None, typer.Option("--markdown", help="Write the result to this file as Markdown.")]
CommandWords = Annotated[
    list[str], typer.Argument(metavar="COMMAND", help="The command and its arguments, preferably after `--`.")
]
Allowed = Annotated[
    list[str],
    typer.Option(
        metavar="HOST:PORT|/SOCKET|NAME:PORT=ADDRESS:PORT",
        help="Let the command reach this TCP port or Unix socket of the machine, or, through the proxy, by a name; may be repeated.",
    ),
]
Variables = Annotated[
    list[str], typer.Option(metavar="NAME=VALUE", help="Set a variable for the command; may be repeated.")
]
Subnet = Annotated[
    str, typer.Option(help="Private network for chaoskit's own addresses, /16 to /24, that nothing else uses.")
]
SUBNET = "172.31.253.0/24"

Control = Annotated[
    str, typer.Option(metavar="ADDR:PORT|unix:PATH", help="Address of the control API.", envvar="CHAOSKIT_CONTROL")
]
TokenFile = Annotated[Path | None, typer.Option(help="File with the token of the control API; default: no token.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CONTROL = "127.0.0.1:8530"

ConsolePage = Annotated[
    bool, typer.Option("--console", help="Serve a live page at the control API's address, and print where.")
]
Reaches = Annotated[
    list[str],
    typer.Option(
        metavar="NAME=ADDR:PORT", help="Probe for the console: ask for NAME and dial ADDR:PORT; may be repeated."
    ),
]
