"""Dynamic updates of a running server (RFC 2136): who may send one, and its way from bytes to the answer and the journal.

Off unless a zone is named. All happens on the server's own thread, and a zone is replaced as a whole, so a message counts whole or not
at all and no question ever sees half of it.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from chaoskit.clock import Clock, Instant
from chaoskit.dns.channel import Channel, host_and_port
from chaoskit.dns.listen import is_loopback
from chaoskit.dns.tsig import Key, SignatureCheck, check_signature, sign_answer
from chaoskit.dns.update import apply_update, changes_between
from chaoskit.dns.update_message import UpdateMessage, UpdateRefusal, answer_update, read_update
from chaoskit.dns.zone import Zone, Zones
from chaoskit.journal.events import UpdateAnswered, ZoneChanged

Emit: TypeAlias = Callable[[UpdateAnswered | ZoneChanged], object]


@dataclass(frozen=True, slots=True)
class UpdateRules:
    """Who may update which zones, by apex: the holders of the zone's keys; where it has none, whoever asks from loopback."""

    zones: Mapping[str, frozenset[str]] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)

    def permit(self, apex: str, key: str, client: str) -> None:
        """Raises ``UpdateRefusal`` (REFUSED) unless ``key`` (empty: none) from the address ``client`` may update the zone."""
        allowed = self.zones.get(apex)
        if allowed is None:
            raise UpdateRefusal("REFUSED", f"updates of {apex} are not allowed")
        if allowed and key not in allowed:
            raise UpdateRefusal("REFUSED", f"updates of {apex} need one of its keys: {', '.join(sorted(allowed))}")
        if not allowed and not is_loopback(client):
            raise UpdateRefusal("REFUSED", f"updates of {apex} from {client} need a key: it is not loopback")


class Updater:
    """Answers updates. ``zones`` gives what is served now; ``swap`` serves a changed zone from then on.

    ``swap`` raises ``ValueError`` for a zone that must not be served, which refuses the update.
    """

    def __init__(
        self,
        rules: UpdateRules,
        clock: Clock,
        zones: Callable[[], Zones],
        swap: Callable[[Zone], object],
        emit: Emit,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.rules = rules
        self._clock = clock
        self._zones = zones
        self.swap = swap
        self._emit = emit
        self._wall = wall

    def answer(self, data: bytes, channel: Channel, at: Instant) -> None:
        """Carry out an update that came ``at``, tell the journal, and send the answer."""
        message: UpdateMessage | None = None
        checked: SignatureCheck | None = None
        rcode, because = "NOERROR", ""
        changed: ZoneChanged | None = None
        try:
            message = read_update(data)
            checked = self._check(data, message)
            if checked is not None and checked.rcode != "NOERROR":
                raise UpdateRefusal(checked.rcode, _SIGNATURE_FAULTS[checked.error])
            changed = self._carry_out(message, checked.signature.key if checked else "", channel)
        except UpdateRefusal as refused:
            rcode, because = refused.rcode, refused.because
        answer = answer_update(data, rcode, message.zone_section if message else b"")
        if checked is not None and checked.rcode != "FORMERR":
            answer = sign_answer(answer, checked, int(self._wall()))
        if changed is not None:
            self._emit(changed)
        channel.send(answer)
        self._emit(self._account(message, checked, rcode, because, channel, at))

    def _check(self, data: bytes, message: UpdateMessage) -> SignatureCheck | None:
        if message.signed_at is None:
            return None
        try:
            return check_signature(data, message.signed_at, self.rules.keys, int(self._wall()))
        except (ValueError, IndexError, struct.error) as error:
            raise UpdateRefusal("FORMERR", f"the TSIG record cannot be read ({error})") from error

    def _carry_out(self, message: UpdateMessage, key: str, channel: Channel) -> ZoneChanged | None:
        """The change, now in force; None if there is none. Raises ``UpdateRefusal``."""
        if message.zone_class != "IN":  # BIND, which has no view of another class
            raise UpdateRefusal("NOTIMP", "only class IN is served")
        zone = self._zones().zones.get(message.zone)
        if zone is None:
            raise UpdateRefusal("NOTAUTH", f"{message.zone} is no zone of this server")
        self.rules.permit(zone.apex, key, channel.peer[0])
        after = apply_update(zone, message)
        if after is zone:
            return None
        try:
            self.swap(after)
        except ValueError as error:
            raise UpdateRefusal("REFUSED", str(error)) from error
        author = key or host_and_port(*channel.peer)
        changes = changes_between(zone, after)
        return ZoneChanged(
            at=self._clock.now(), zone=after.apex, serial=after.serial, source="update", author=author, changes=changes
        )

    def _account(
        self,
        message: UpdateMessage | None,
        checked: SignatureCheck | None,
        rcode: str,
        because: str,
        channel: Channel,
        at: Instant,
    ) -> UpdateAnswered:
        verified = checked is not None and checked.rcode == "NOERROR"
        return UpdateAnswered(
            at=at,
            answered_at=self._clock.now(),
            asker=channel.label,
            peer=host_and_port(*channel.peer),
            transport=channel.transport,
            zone=message.zone if message else "",
            key=checked.signature.key if checked and verified else "",
            prerequisites=len(message.prerequisites) if message else 0,
            updates=len(message.updates) if message else 0,
            rcode=rcode,
            because=because,
        )


_SIGNATURE_FAULTS = {
    0: "its MAC is longer or shorter than may be",
    16: "its MAC is not right for this key (BADSIG)",
    17: "its key is not known here (BADKEY)",
    18: "its time is too far from this server's (BADTIME)",
}
