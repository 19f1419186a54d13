"""The commands of the DNS server alone: serve, and what is asked of a server that runs. Only typer is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Control = Annotated[
    str, typer.Option(metavar="ADDR:PORT|unix:PATH", help="Where the control API is.", envvar="CHAOSKIT_CONTROL")
]
TokenFile = Annotated[Path | None, typer.Option(help="A file that holds the control API's token.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
DEFAULT_CONTROL = "127.0.0.1:8530"


def serve(
    zone: Annotated[
        list[str],
        typer.Option(
            metavar="FILE|NAME=FILE", help="A master file, or YAML as an experiment's zones; may be repeated."
        ),
    ] = [],  # noqa: B006
    listen: Annotated[list[str], typer.Option(metavar="ADDR:PORT", help="Where to answer DNS; may be repeated.")] = [  # noqa: B006
        "127.0.0.1:5300"
    ],
    control: Control = DEFAULT_CONTROL,
    canary: Annotated[str, typer.Option(help="A name that must keep resolving.")] = "canary.chaoskit.test",
    token_file: TokenFile = None,
    longest: Annotated[str, typer.Option(help="The longest that an injection may live.")] = "10m",
    upstream: Annotated[
        str | None, typer.Option(metavar="ADDR[:PORT]", help="A resolver that answers for names outside the zones.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="A new file for the query log; read it with: chaoskit queries FILE.")
    ] = None,
    beyond_loopback: Annotated[
        bool, typer.Option("--beyond-loopback", help="Let other machines ask, those of --allow.")
    ] = False,
    allow: Annotated[
        list[str], typer.Option(metavar="CIDR", help="Who may ask from beyond loopback; may be repeated.")
    ] = [],  # noqa: B006
    rate: Annotated[int, typer.Option(help="Answers to each such client and second over UDP.")] = 1000,
    allow_update: Annotated[
        list[str], typer.Option(metavar="ZONE", help="Take dynamic updates (RFC 2136) of this zone; may be repeated.")
    ] = [],  # noqa: B006
    tsig_key: Annotated[
        Path | None,
        typer.Option(
            help="A file of tsig-keygen: updates must be signed with a key in it, as beyond loopback they must."
        ),
    ] = None,
    follow: Annotated[
        list[str],
        typer.Option(
            metavar="ZONE=URL", help="Serve this hosted zone of a Route 53 at http://ADDR:PORT; may be repeated."
        ),
    ] = [],  # noqa: B006
) -> None:
    """Answer DNS for zones of your own, with faults injected while it runs. Ctrl-C ends it."""
    from chaoskit.cli.serve import ExposureOptions, Options, serve_dns
    from chaoskit.cli.serve_changes import ChangeOptions

    far = ExposureOptions(beyond_loopback, allow, rate)
    changes = ChangeOptions(tuple(allow_update), tsig_key, tuple(follow))
    serve_dns(Options(zone, listen, control, canary, token_file, longest, upstream, log, far, changes))


def queries(
    log: Annotated[Path, typer.Argument(help="The file of `chaoskit serve --log`.")],
    as_json: AsJson = False,
    count: Annotated[bool, typer.Option("--count", help="One line for all queries that were answered alike.")] = False,
) -> None:
    """Print a query log: a line each. Ends with 4 where queries are missing in it, and says how many."""
    from chaoskit.cli.queries import print_queries

    raise typer.Exit(print_queries(log, as_json=as_json, count=count))


def inject(
    fault: Annotated[str, typer.Argument(help="The kind of fault: empty, nxdomain, delay …")],
    name: Annotated[str, typer.Argument(help="The name it bites.")],
    length: Annotated[str | None, typer.Option("--for", help="How long, for example 30s; default 60s.")] = None,
    rtype: Annotated[list[str], typer.Option("--type", help="Only this record type; may be repeated.")] = [],  # noqa: B006
    match: Annotated[str, typer.Option(help="How NAME is meant: name, under, glob or regex.")] = "name",
    client: Annotated[list[str], typer.Option(help="Only askers of this address or prefix; may be repeated.")] = [],  # noqa: B006
    except_: Annotated[
        list[str], typer.Option("--except", metavar="NAME", help="Spare this name, or glob; may be repeated.")
    ] = [],  # noqa: B006
    share: Annotated[
        float | None, typer.Option(help="The part of the clients that is meant, above 0 and at most 1; default: all.")
    ] = None,
    follow_cnames: Annotated[
        bool,
        typer.Option("--follow-cnames/--no-follow-cnames", help="Meet questions for CNAMEs that lead to NAME, too."),
    ] = True,
    chance: Annotated[float, typer.Option(help="Of each query, above 0 and at most 1.")] = 1.0,
    param: Annotated[list[str], typer.Option(metavar="KEY=VALUE", help="The fault's own; may be repeated.")] = [],  # noqa: B006
    heartbeat: Annotated[
        str | None, typer.Option(help="Stay and send heartbeats; the injection ends this long after the last.")
    ] = None,
    pulse: Annotated[
        str | None, typer.Option(metavar="EVERY/FOR", help="On and off evenly, for example 5s/1s.")
    ] = None,
    flap: Annotated[str | None, typer.Option(metavar="ON/OFF", help="On and off for random times about these.")] = None,
    ramp: Annotated[str | None, typer.Option(metavar="OVER", help="The chance grows from 0 to all of it.")] = None,
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Inject a fault into a running `chaoskit serve`. It ends by itself."""
    from chaoskit.cli.control import ControlTarget, InjectArgs
    from chaoskit.cli.control import inject as begin

    begin(
        InjectArgs(
            fault,
            name,
            match,
            rtype,
            client,
            param,
            chance,
            length,
            heartbeat,
            pulse,
            flap,
            ramp,
            except_,
            share,
            follow_cnames,
        ),
        ControlTarget(control, token_file, as_json),
    )


def list_(control: Control = DEFAULT_CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List the injections of a running `chaoskit serve`."""
    from chaoskit.cli.control import ControlTarget, list_injections

    list_injections(ControlTarget(control, token_file, as_json))


def halt(control: Control = DEFAULT_CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """End all injections of a running `chaoskit serve`, and begin none until `chaoskit resume`."""
    from chaoskit.cli.control import ControlTarget
    from chaoskit.cli.control import halt as end_all

    end_all(ControlTarget(control, token_file, as_json))


def resume(control: Control = DEFAULT_CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """After `chaoskit halt`: let injections begin again."""
    from chaoskit.cli.control import ControlTarget
    from chaoskit.cli.control import resume as let_begin

    let_begin(ControlTarget(control, token_file, as_json))
