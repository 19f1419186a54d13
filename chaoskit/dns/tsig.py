"""Transaction signatures (TSIG, RFC 8945) with HMAC: checking a request's, and signing the answer. No third party, no clock.

A signed message ends in a TSIG record: its owner is the key's name, its data algorithm, time, fudge, MAC, original ID, error and other
data (§4.2). The MAC covers the message without that record, with the original ID, and the record's own fields (§4.3).
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.dns import names
from chaoskit.dns.upstream_codec import MessageReader

FUDGE_S = 300
"""How far two clocks may be apart (§10 recommends 300 seconds)."""

TSIG, ANY_CLASS = 250, 255
BADSIG, BADKEY, BADTIME = 16, 17, 18
MIN_MAC = 10
"""Bytes below which no truncated MAC is taken (§5.2.2.1)."""

Algorithm: TypeAlias = Literal["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
DIGESTS: Mapping[str, str] = {
    "hmac-sha1": "sha1",
    "hmac-sha224": "sha224",
    "hmac-sha256": "sha256",
    "hmac-sha384": "sha384",
    "hmac-sha512": "sha512",
}
"""§6, without MD5 (which no one should use) and without the truncated names."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A shared secret. ``name`` is in its one canonical text."""

    name: str
    algorithm: Algorithm
    secret: bytes

    def mac(self, *parts: bytes) -> bytes:
        """The whole MAC of these bytes."""
        return hmac.digest(self.secret, b"".join(parts), DIGESTS[self.algorithm])


@dataclass(frozen=True, slots=True)
class Signature:
    """A TSIG record as it was read. ``time`` is in seconds since 1970; names are canonical texts."""

    key: str
    algorithm: str
    time: int
    fudge: int
    mac: bytes
    original_id: int


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """A request's signature after a look. ``error`` is the TSIG error, 0 for a good one; ``key`` is None if there is none to sign with.

    ``rcode`` is what the answer says: NOERROR, NOTAUTH, or FORMERR, whose answer has no TSIG record.
    """

    signature: Signature
    key: Key | None
    error: int = 0
    rcode: str = "NOERROR"


def check_signature(data: bytes, at: int, keys: Mapping[str, Key], now: int) -> SignatureCheck:
    """Check the TSIG record that begins ``at`` and ends the message; ``now`` in seconds since 1970.

    The order is §5.2's: key, MAC, time. Raises ``ValueError``, ``IndexError`` or ``struct.error`` for a record that cannot be read.
    """
    signature, size, variables = _read(data, at)
    key = keys.get(signature.key)
    if key is None or signature.algorithm != key.algorithm:
        return SignatureCheck(signature, None, BADKEY, "NOTAUTH")
    counts = struct.unpack_from("!4H", data, 4)
    head = struct.pack("!H", signature.original_id) + data[2:10] + struct.pack("!H", counts[3] - 1)
    whole = key.mac(head, data[12:at], variables)
    if size > len(whole) or size < max(MIN_MAC, len(whole) // 2):
        return SignatureCheck(signature, key, 0, "FORMERR")  # §5.2.2.1
    if not hmac.compare_digest(whole[:size], signature.mac):
        return SignatureCheck(signature, None, BADSIG, "NOTAUTH")
    if abs(now - signature.time) > signature.fudge:
        return SignatureCheck(signature, key, BADTIME, "NOTAUTH")
    return SignatureCheck(signature, key)


def sign_answer(answer: bytes, checked: SignatureCheck, now: int) -> bytes:
    """``answer`` (whose additional section is empty) with the TSIG record that the request asks for (§5.3).

    A request whose key or MAC was wrong gets one without a MAC; one whose time was wrong gets our time in the other data.
    """
    signature, key = checked.signature, checked.key
    time, other = now, b""
    if checked.error == BADTIME:
        time, other = signature.time, now.to_bytes(6, "big")
    algorithm = names.wire(names.labels(signature.algorithm))
    owner = names.wire(names.labels(signature.key))
    times = time.to_bytes(6, "big") + struct.pack("!H", FUDGE_S)
    tail = struct.pack("!HH", checked.error, len(other)) + other
    mac = b""
    if key is not None:
        variables = owner + struct.pack("!HI", ANY_CLASS, 0) + algorithm + times + tail
        mac = key.mac(struct.pack("!H", len(signature.mac)), signature.mac, answer, variables)
    rdata = algorithm + times + struct.pack("!H", len(mac)) + mac + answer[:2] + tail
    record = owner + struct.pack("!HHIH", TSIG, ANY_CLASS, 0, len(rdata)) + rdata
    return answer[:10] + struct.pack("!H", 1) + answer[12:] + record


def _read(data: bytes, at: int) -> tuple[Signature, int, bytes]:
    """The record, the size of its MAC, and the fields of it that the MAC covers (§4.3.3)."""
    reader = MessageReader(data, at)
    owner, place = reader.read_name(at)
    rtype, rclass, ttl, rdlength = struct.unpack_from("!HHIH", data, place)
    if rtype != TSIG or rclass != ANY_CLASS or ttl:
        raise ValueError("a TSIG record of another class than ANY, or with a TTL (RFC 8945 §4.2)")
    if place + 10 + rdlength != len(data):
        raise ValueError("a TSIG record whose length is not that of its data (RFC 1035 §3.2.1)")
    algorithm, place = reader.read_name(place + 10)
    high, low, fudge, size = struct.unpack_from("!HIHH", data, place)
    mac = data[place + 10 : place + 10 + size]
    number, error, length = struct.unpack_from("!HHH", data, place + 10 + size)
    other = data[place + 16 + size : place + 16 + size + length]
    if len(mac) != size or len(other) != length or place + 16 + size + length != len(data):
        raise ValueError("a TSIG record that is cut short, or not the last")
    key, name = names.text(owner), names.text(algorithm)
    variables = names.wire(names.labels(key)) + struct.pack("!HI", ANY_CLASS, 0) + names.wire(names.labels(name))
    variables += data[place : place + 8] + struct.pack("!HH", error, length) + other
    return Signature(key, name, high << 32 | low, fudge, mac, number), size, variables
