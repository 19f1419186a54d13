"""``chaoskit serve``: check the input and run the DNS server alone."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from chaoskit import __version__
from chaoskit.cli.options import CONTROL, ConsolePage, Control, Reaches, TokenFile
from chaoskit.cli.serve_changes import Followed, TsigKey, Updatable, followed_endpoints, follower, update_rules
from chaoskit.cli.serve_invariants import Invariants, invariant_watch
from chaoskit.dns.channel import host_and_port
from chaoskit.dns.control.address import DEFAULT, Address, Tcp, Unix, parse_control, parse_host_port
from chaoskit.dns.control.canary import probe, zones_with_canary
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.standalone import Console, Ready, Settings
from chaoskit.dns.control.standalone import serve as serve_alone
from chaoskit.dns.guard import Guard, read_networks
from chaoskit.dns.listen import Listener, is_loopback
from chaoskit.dns.masterfile import open_master_file
from chaoskit.dns.names import DEFAULT_CANARY, canonical
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import Spool
from chaoskit.dns.zone import Zone, Zones
from chaoskit.dns.zone_spec import ZoneSpec, place_of, zone_plan
from chaoskit.errors import ExperimentError, HarnessError, InputError, Problem, dotted
from chaoskit.experiment.document import Document, read_document, read_text
from chaoskit.experiment.problems import problems_of
from chaoskit.input_file import refuse_pipe
from chaoskit.timeline.injection import Timeline
from chaoskit.units import field_duration

SHORTEST_TOKEN = 16
YAML = (".yaml", ".yml")
ASKER = "serve"
WARNINGS = 10
"""Of a signed zone's thousand names a thousand warnings help nobody."""

UpstreamOption = Annotated[
    str | None,
    typer.Option(metavar="ADDR[:PORT]", help="Resolver to ask for names outside the zones; default: they are REFUSED."),
]


QueryLog = Annotated[
    Path | None, typer.Option(help="New file for the query log, read with `chaoskit queries`; default: no log.")
]


def serve(
    zone: Annotated[
        list[str],
        typer.Option(
            metavar="FILE|NAME=FILE",
            help="Zone to serve: a master file, or YAML in the form of an experiment's `zones`; may be repeated.",
        ),
    ] = [],  # noqa: B006
    listen: Annotated[
        list[str], typer.Option(metavar="ADDR:PORT", help="Address that answers DNS; may be repeated.")
    ] = ["127.0.0.1:5300"],  # noqa: B006
    control: Control = CONTROL,
    canary: Annotated[str, typer.Option(help="Name that must keep resolving.")] = DEFAULT_CANARY,
    token_file: TokenFile = None,
    longest: Annotated[str, typer.Option(help="Maximum lifetime of an injection.")] = "10m",
    upstream: UpstreamOption = None,
    log: QueryLog = None,
    beyond_loopback: Annotated[
        bool, typer.Option("--beyond-loopback", help="Answer other machines too, those that --allow names.")
    ] = False,
    allow: Annotated[
        list[str], typer.Option(metavar="CIDR", help="Network that may ask from beyond loopback; may be repeated.")
    ] = [],  # noqa: B006
    rate: Annotated[int, typer.Option(help="Maximum answers per second over UDP to each client of --allow.")] = 1000,
    allow_update: Updatable = [],  # noqa: B006
    tsig_key: TsigKey = None,
    follow: Followed = [],  # noqa: B006
    console: ConsolePage = False,
    reach: Reaches = [],  # noqa: B006
    invariant: Invariants = [],  # noqa: B006
) -> None:
    """Answer DNS for your own zones, with faults injected at run time.

    Ctrl-C ends it. Exit code: 0, or 1 if an --invariant was broken.
    """
    listeners = tuple(Listener(ASKER, *parse_host_port(written, "--listen", 53)) for written in listen)
    endpoints = followed_endpoints(follow, allow_update)
    zones = _zones(zone, endpoints, upstream)
    address, token = _access(control, token_file)
    guard = _guard([*listeners, address], allow, rate, beyond_loopback=beyond_loopback)
    settings = Settings(
        zones=zones,
        canary=_canary(canary, zones),
        rules=LeaseRules(longest_ns=_longest(longest)),
        listeners=listeners,
        control=address,
        token=token,
        guard=guard,
        upstream=_upstream(upstream, listeners),
        updates=update_rules(allow_update, tsig_key, list(zones.zones), loopback=guard is None),
        followed=tuple(endpoints),
        follow=follower(endpoints),
        console=_console(address, list(zones.zones), reach, shown=console),
        invariants=invariant_watch(invariant, zones),
    )
    warn_of(zones)
    _serve(settings, log)


def _console(control: Address, apexes: Sequence[str], reach: Sequence[str], *, shown: bool) -> Console | None:
    """The live page, if it is ``shown``. Raises ``InputError`` where no browser could come, or for a probe's place that is none."""
    if not shown:
        if reach:
            raise InputError("--reach is what the console probes: add --console")
        return None
    from chaoskit.console.web.of_server import ServerConsole
    from chaoskit.console.web.vantage import read_reach

    if isinstance(control, Unix):
        raise InputError("--console needs a --control address that a browser can open, such as 127.0.0.1:8530")
    title = f"serving {', '.join(apex or '.' for apex in apexes) or 'an upstream'}"
    return ServerConsole(title, [read_reach(written) for written in reach])


def _serve(settings: Settings, log: Path | None) -> None:
    """Serve until told to stop, then print what the query log holds. Raises ``typer.Exit`` if an invariant was broken."""
    spool = _spool(log) if log else None
    try:
        asyncio.run(serve_alone(settings, lambda ready: _announce(settings, ready), spool))
    finally:
        if spool:
            lost = spool.close()
            sys.stdout.write(f"query log: {spool.written:,} queries in {log}, {lost:,} lost\n")
    if settings.invariants is not None and settings.invariants.broken:
        raise typer.Exit(1)


def warn_of(zones: Zones) -> None:
    """Say what is served as it was written, though it should not have been."""
    warnings = [warning for zone in zones.zones.values() for warning in zone.warnings()]
    shown = [*warnings[:WARNINGS], *[f"and {len(warnings) - WARNINGS} more such"] * (len(warnings) > WARNINGS)]
    sys.stderr.write("".join(f"chaoskit: warning: {warning}\n" for warning in shown))


def _spool(path: Path) -> Spool:
    try:
        return Spool(path)
    except HarnessError as error:
        raise InputError(f"--log: {error}") from error


def _zones(options: Sequence[str], followed: Iterable[str], upstream: str | None) -> Zones:
    read = [zone for written in options for zone in read_zone_option(written)]
    read += [Zone.from_plan({"apex": apex}) for apex in followed if apex not in {zone.apex for zone in read}]
    if not read and upstream is None:
        raise InputError("nothing to serve: name a zone with --zone FILE, or a resolver with --upstream")
    try:
        return Zones.of(read)
    except ValueError as error:
        raise InputError(str(error)) from error


def _canary(written: str, zones: Zones) -> str:
    try:
        canary = canonical(written)
    except ValueError as error:
        raise InputError(str(error)) from error
    look = probe(Responder(zones_with_canary(zones, canary), Timeline(), 0), canary, 0)
    if not look.ok:
        raise InputError(
            f"the canary {canary} does not resolve in these zones ({look.detail}); "
            "name another of their names with --canary, or add it"
        )
    return canary


def _longest(written: str) -> int:
    try:
        longest = field_duration(written)
    except ValueError as error:
        raise InputError(f"--longest {error}") from error
    if longest <= 0:
        raise InputError("--longest must be longer than 0")
    return longest


def _access(written: str, token_file: Path | None) -> tuple[Address, str | None]:
    """The control API's address and its token, which is needed beyond loopback."""
    control = parse_control(written)
    token = read_token(token_file) if token_file else None
    if not control.is_loopback and token is None:
        raise InputError(f"--control {written} is not loopback: name a --token-file that clients must show")
    return control, token


def _upstream(written: str | None, listeners: Sequence[Listener]) -> tuple[str, int] | None:
    upstream = parse_host_port(written, "--upstream", 53) if written else None
    if upstream in [(listener.host, listener.port) for listener in listeners]:
        raise InputError(f"--upstream {written} is this server itself; name another resolver")
    return upstream


def _guard(
    places: Sequence[Listener | Address], allow: Sequence[str], rate: int, *, beyond_loopback: bool
) -> Guard | None:
    """Return whom to answer beyond loopback, or None if nothing listens there.

    Raises ``InputError`` unless ``--beyond-loopback`` and ``--allow`` say that it is meant, and for whom.
    """
    if not 1 <= rate <= 1_000_000:
        raise InputError(f"--rate {rate}: between 1 and 1000000 answers a second")
    outside = [str(place.host) for place in places if not isinstance(place, Unix) and not is_loopback(place.host)]
    if not outside:
        if beyond_loopback or allow:
            raise InputError("--beyond-loopback and --allow need a --listen address that is not loopback")
        return None
    if not beyond_loopback:
        raise InputError(
            f"{outside[0]} is not loopback: other machines could ask; say --beyond-loopback if that is meant"
        )
    if not allow:
        raise InputError(f"{outside[0]} is not loopback: say who may ask, for example --allow 192.168.0.0/16")
    return Guard(read_networks(allow), rate)


def read_zone_option(written: str) -> list[Zone]:
    """The zones of ``FILE`` or ``NAME=FILE``: a master file, or YAML in the form of an experiment's ``zones``. Raises ``InputError``."""
    apex, _, name = written.rpartition("=")
    path = Path(name)
    if path.suffix not in YAML:
        return [open_master_file(path, apex or None)]
    text = read_text(path, "a zone file")
    if not text.strip():
        raise InputError(f"{path}: the file is empty; write zones as in an experiment")
    document = read_document(str(path), text)
    return _yaml_zones(document, apex)


def _yaml_zones(document: Document, apex: str) -> list[Zone]:
    written: Any = document.data
    field: tuple[str, ...] = ()
    if apex:
        written = {apex: written}
    elif isinstance(written, dict) and set(written) == {"zones"}:
        written, field = written["zones"], ("zones",)
    try:
        zones = TypeAdapter(dict[str, ZoneSpec]).validate_python(written)
    except ValidationError as error:
        raise ExperimentError(document.path, problems_of(error, document, field)) from error
    if not zones:
        raise ExperimentError(document.path, [Problem(1, "", "no zones.", "Write zones by apex, as in an experiment.")])
    return [_zone(document, field, name, zone) for name, zone in zones.items()]


def _zone(document: Document, field: tuple[str, ...], apex: str, zone: ZoneSpec) -> Zone:
    try:
        return Zone.from_plan(zone_plan(apex, zone))
    except ValueError as error:
        where = (*field, apex, *place_of(error, zone))
        raise ExperimentError(document.path, [Problem(document.line(where), dotted(where), f"{error}.")]) from error


def read_token(path: Path) -> str:
    """The token in a file that nobody else may read. Raises ``InputError``."""
    program = "import secrets; print(secrets.token_urlsafe())"
    make = f"make one with: (umask 077; python3 -c '{program}' > {shlex.quote(str(path))})"
    refuse_pipe(path, "one")
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--token-file {path}: {getattr(error, 'strerror', None) or 'not ASCII text'}; {make}"
        ) from error
    if mode & 0o077:
        raise InputError(f"--token-file {path}: others may read it; run: chmod 600 {shlex.quote(str(path))}")
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise InputError(f"--token-file {path}: a token has at least {SHORTEST_TOKEN} characters and no blanks")
    return token


def _announce(settings: Settings, ready: Ready) -> None:
    """Print where the server listens and how to use it, in one write for readers of a pipe."""
    host, _, port = ready.dns[0].rpartition(":")
    records = (record for zone in settings.zones.zones.values() for record in zone.records())
    names = (record.name for record in records if record.rtype in ("A", "AAAA"))
    name = next((name for name in names if not name.startswith("*")), settings.canary)
    default = isinstance(ready.control, Tcp) and str(ready.control) == f"http://{DEFAULT}"
    where = "" if default else f" --control {shlex.quote(str(ready.control))}"
    lines = [
        f"chaoskit {__version__} answers DNS on {', '.join(ready.dns)} (UDP and TCP)",
        f"zones:    {', '.join(apex or '.' for apex in settings.zones.zones) or 'none'}; {_outside(settings)}",
        f"try it:   dig @{host.strip('[]')} -p {port} {name}",
        f"control:  {ready.control}{' with a token' if settings.token else ''}",
        f"inject:   chaoskit inject empty {name} --for 30s{where}",
        f"canary:   {settings.canary} must keep resolving, or every injection is withdrawn",
        "Ctrl-C ends it.",
    ]
    for apex, keys in settings.updates.zones.items():
        signed = f"signed with {', '.join(sorted(keys))}" if keys else "from loopback"
        lines.insert(-1, f"updates:  of {apex or '.'} {signed}: nsupdate, server {host.strip('[]')} {port}")
    if settings.followed:
        lines.insert(-1, f"follows:  the hosted zones {', '.join(settings.followed)}")
    if settings.console:
        lines.insert(-1, f"console:  {ready.control}/")
    if settings.guard:
        allowed = ", ".join(map(str, settings.guard.allow))
        lines.insert(1, f"clients:  this machine, and {allowed}; nobody else gets an answer")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _outside(settings: Settings) -> str:
    if settings.upstream is None:
        return "names outside them are REFUSED"
    return f"names outside them are asked of {host_and_port(*settings.upstream)}"
