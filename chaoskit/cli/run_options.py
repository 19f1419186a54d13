"""The options of ``chaoskit run`` that no other command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TimeScale = Annotated[
    float, typer.Option(help="Multiply the experiment's times by this factor, where the file allows it.")
]
ToxiproxyPlace = Annotated[
    str | None,
    typer.Option(
        metavar="PROGRAM|URL|docker[:IMAGE]",
        help="Use this Toxiproxy; default: the embedded proxy.",
        envvar="CHAOSKIT_TOXIPROXY",
    ),
]
AllowedNames = Annotated[
    list[str],
    typer.Option(
        metavar="NAME:PORT=ADDRESS:PORT",
        help="Serve this name in the sandbox by a program of this machine, through the proxy; may be repeated.",
    ),
]
Plain = Annotated[bool, typer.Option("--plain", help="Print plain lines instead of the live view.")]
LiveConsole = Annotated[
    bool, typer.Option("--console", help="Serve a live page of the run on 127.0.0.1, and print where.")
]
ConsoleAt = Annotated[
    str | None,
    typer.Option(metavar="ADDR:PORT", help="Serve the live page there; off loopback its links carry tokens."),
]
HoldBeforeFaults = Annotated[
    bool | None,
    typer.Option(
        "--hold/--no-hold",
        envvar="CHAOSKIT_HOLD",
        help="Wait for a go before every fault, or before none; default: where the file says hold: true.",
    ),
]
WebhookUrls = Annotated[
    list[str],
    typer.Option(
        metavar="URL",
        envvar="CHAOSKIT_WEBHOOK",
        help="POST each hold, begin and end of a fault, and the outcome to this URL as JSON, or as annotations where its path "
        "is Grafana's /api/annotations; a bearer token is read from CHAOSKIT_WEBHOOK_TOKEN. May be repeated.",
    ),
]
WebhookRemote = Annotated[
    bool,
    typer.Option(
        "--webhook-remote", envvar="CHAOSKIT_WEBHOOK_REMOTE", help="Let a --webhook lie off this machine's loopback."
    ),
]
Baseline = Annotated[
    Path | None, typer.Option(help="Exit with 1 if a client recovers later than in this summary.json of a run.")
]
WorseBy = Annotated[str, typer.Option(help="How much later is no failure, such as 500ms or 20%.")]
ForGithub = Annotated[
    bool | None,
    typer.Option(help="Write annotations and a step summary for GitHub; default: where GITHUB_ACTIONS is true."),
]
