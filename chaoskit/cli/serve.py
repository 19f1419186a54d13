"""``chaoskit serve``: from the words of the command line to a server that runs."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chaoskit import __version__
from chaoskit.cli.serve_changes import ChangeOptions, followed_endpoints, follower, update_rules
from chaoskit.dns.channel import host_and_port
from chaoskit.dns.control.address import DEFAULT, Address, Tcp, Unix, parse_control, parse_host_port
from chaoskit.dns.control.canary import probe, zones_with_canary
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.standalone import Ready, Settings, serve
from chaoskit.dns.guard import Guard, read_networks
from chaoskit.dns.listen import Listener, is_loopback
from chaoskit.dns.masterfile import open_master_file
from chaoskit.dns.names import canonical
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import Spool
from chaoskit.dns.zone import Zone, Zones
from chaoskit.dns.zone_spec import ZoneSpec, place_of, zone_plan
from chaoskit.errors import ExperimentError, HarnessError, InputError, Problem
from chaoskit.experiment.document import Document, dotted, read_document, read_text
from chaoskit.experiment.problems import problems_of
from chaoskit.timeline.injection import Timeline
from chaoskit.units import parse_duration

SHORTEST_TOKEN = 16
YAML = (".yaml", ".yml")
ASKER = "serve"
WARNINGS = 10
"""Of a signed zone's thousand names a thousand warnings help nobody."""


@dataclass(frozen=True, slots=True)
class ExposureOptions:
    """What the user said of other machines."""

    beyond_loopback: bool
    allow: list[str]
    rate: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    zones: list[str]
    listen: list[str]
    control: str
    canary: str
    token_file: Path | None
    longest: str
    upstream: str | None
    log: Path | None
    far: ExposureOptions
    changes: ChangeOptions


def serve_dns(options: Options) -> None:
    """Serve until told to stop. Raises ``InputError`` for what cannot be, before anything is bound."""
    settings = _settings(options)
    warn_of(settings.zones)
    spool = _spool(options.log) if options.log else None
    try:
        asyncio.run(serve(settings, lambda ready: _announce(settings, ready), spool))
    finally:
        if spool:
            lost = spool.close()
            sys.stdout.write(f"query log: {spool.written:,} queries in {options.log}, {lost:,} lost\n")


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


def _settings(options: Options) -> Settings:
    read = [zone for written in options.zones for zone in read_zone_option(written)]
    endpoints = followed_endpoints(options.changes)
    read += [Zone.from_plan({"apex": apex}) for apex in endpoints if apex not in {zone.apex for zone in read}]
    if not read and options.upstream is None:
        raise InputError("nothing to serve: name a zone with --zone FILE, or a resolver with --upstream")
    try:
        canary = canonical(options.canary)
        zones = Zones.of(read)
        longest = parse_duration(options.longest)
    except ValueError as error:
        raise InputError(str(error)) from error
    found = probe(Responder(zones_with_canary(zones, canary), Timeline(), 0), canary, 0)
    if not found.ok:
        raise InputError(
            f"the canary {canary} does not resolve in these zones ({found.detail}); "
            "name another of their names with --canary, or add it"
        )
    listeners = tuple(Listener(ASKER, *parse_host_port(written, "--listen", 53)) for written in options.listen)
    control = parse_control(options.control)
    token = read_token(options.token_file) if options.token_file else None
    if not control.is_loopback and token is None:
        raise InputError(f"--control {options.control} is not loopback: name a --token-file that clients must show")
    guard = _guard(options.far, [*listeners, control])
    upstream = parse_host_port(options.upstream, "--upstream", 53) if options.upstream else None
    if upstream in [(listener.host, listener.port) for listener in listeners]:
        raise InputError(f"--upstream {options.upstream} is this server itself; name another resolver")
    if longest <= 0:
        raise InputError("--longest must be longer than 0")
    return Settings(
        listeners=listeners,
        zones=zones,
        control=control,
        rules=LeaseRules(longest_ns=longest),
        canary=canary,
        token=token,
        guard=guard,
        upstream=upstream,
        updates=update_rules(options.changes, read, loopback=guard is None),
        followed=tuple(endpoints),
        follow=follower(endpoints),
    )


def _guard(far: ExposureOptions, places: Sequence[Listener | Address]) -> Guard | None:
    """Whom to answer beyond loopback; None when nothing is heard there. Raises ``InputError`` unless it is meant and bounded."""
    outside = [str(place.host) for place in places if not isinstance(place, Unix) and not is_loopback(place.host)]
    if not outside:
        if far.beyond_loopback or far.allow:
            raise InputError("--beyond-loopback and --allow need a --listen address that is not loopback")
        return None
    if not far.beyond_loopback:
        raise InputError(
            f"{outside[0]} is not loopback: other machines could ask; say --beyond-loopback if that is meant"
        )
    if not far.allow:
        raise InputError(f"{outside[0]} is not loopback: say who may ask, for example --allow 192.168.0.0/16")
    if not 1 <= far.rate <= 1_000_000:
        raise InputError(f"--rate {far.rate}: between 1 and 1000000 answers a second")
    return Guard(read_networks(far.allow), far.rate)


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
    """Where it listens, and how to use it; whole at once, for whoever reads it through a pipe."""
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
    if settings.guard:
        allowed = ", ".join(map(str, settings.guard.allow))
        lines.insert(1, f"clients:  this machine, and {allowed}; nobody else gets an answer")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _outside(settings: Settings) -> str:
    if settings.upstream is None:
        return "names outside them are REFUSED"
    return f"names outside them are asked of {host_and_port(*settings.upstream)}"
