"""``chaoskit serve``: zones that change by dynamic updates, or because they follow a hosted zone of a compatible Route 53."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.poller import HostedZonePoller
from chaoskit.dns.control.standalone import Follow
from chaoskit.dns.followed_zones import HostedChange
from chaoskit.dns.names import canonical
from chaoskit.dns.tsig_key import read_key_file
from chaoskit.dns.updater import UpdateRules
from chaoskit.errors import InputError
from chaoskit.journal.events import HostedZoneChanged

Updatable = Annotated[
    list[str], typer.Option(metavar="ZONE", help="Accept dynamic updates (RFC 2136) of this zone; may be repeated.")
]
TsigKey = Annotated[
    Path | None,
    typer.Option(
        help="File from tsig-keygen whose keys must sign updates; default: none, which loopback alone allows."
    ),
]
Followed = Annotated[
    list[str],
    typer.Option(
        metavar="ZONE=URL", help="Follow this hosted zone of a Route 53 at http://ADDR:PORT; may be repeated."
    ),
]


def update_rules(
    allow_update: Sequence[str], tsig_key: Path | None, served: Sequence[str], *, loopback: bool
) -> UpdateRules:
    """Who may update what. Raises ``InputError`` for a zone that is not served, or that strangers could update."""
    if tsig_key is not None and not allow_update:
        raise InputError("--tsig-key: say which zones may be updated with it: --allow-update ZONE")
    if allow_update and tsig_key is None and not loopback:
        raise InputError(
            "--allow-update beyond loopback: name the keys that updates must be signed with: --tsig-key FILE"
        )
    keys = read_key_file(tsig_key) if tsig_key else {}
    allowed: dict[str, frozenset[str]] = {}
    for written in allow_update:
        apex = _name(written, "--allow-update")
        if apex not in served:
            raise InputError(f"--allow-update {written}: no such zone is served; served: {', '.join(served) or 'none'}")
        allowed[apex] = frozenset(keys)
    return UpdateRules(allowed, keys)


def followed_endpoints(follow: Sequence[str], allow_update: Sequence[str]) -> Mapping[str, Endpoint]:
    """The endpoints of ``--follow``, by the zone that follows. Raises ``InputError``."""
    endpoints: dict[str, Endpoint] = {}
    for written in follow:
        name, separator, url = written.partition("=")
        if not separator:
            raise InputError(f"--follow {written}: write ZONE=URL, such as example.com=http://127.0.0.1:5000")
        endpoints[_name(name, "--follow")] = Endpoint(url)
    if both := set(endpoints) & {_name(zone, "--allow-update") for zone in allow_update}:
        raise InputError(
            f"--follow {min(both)}: a zone that follows a hosted zone is changed there, not by --allow-update"
        )
    return endpoints


def _name(written: str, option: str) -> str:
    try:
        return canonical(written)
    except ValueError as error:
        raise InputError(f"{option} {written}: {error}") from error


def follower(endpoints: Mapping[str, Endpoint]) -> Follow | None:
    """What follows these hosted zones; None without any. A reading that fails is told on standard error, and tried again."""
    if not endpoints:
        return None

    def begin(tell: Callable[[HostedChange], None]) -> Callable[[], None]:
        def pass_on(event: HostedZoneChanged) -> None:
            tell(HostedChange(event.zone, event.change, event.effective_at, event.names))

        def complain(message: str) -> None:
            sys.stderr.write(f"chaoskit: {message}\n")

        pollers = [HostedZonePoller(endpoint, name, pass_on, complain) for name, endpoint in endpoints.items()]
        for poller in pollers:
            poller.start()

        def end() -> None:
            for poller in pollers:
                poller.stop()

        return end

    return begin
