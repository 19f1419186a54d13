"""How NSD and BIND read a master file, and how chaoskit reads it: as records on the wire, which can be compared."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import TypeAlias

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass

from chaoskit.dns import names, rrtypes
from chaoskit.dns.codec import HEADER, Request, read_request, write_answer
from chaoskit.dns.masterfile import open_master_file
from chaoskit.dns.message import Answer
from chaoskit.dns.zone import Zone

PATIENCE_S = 30.0
QUESTION = 5
"""Octets of the root as a name, a type and a class."""

FIXED = 10
"""Octets of a record between its owner and its data."""

COMPRESSED = (2, 5, 6, 12, 15, 33)
"""NS, CNAME, SOA, PTR, MX and SRV, whose names may be pointers into the message."""

WireRecord: TypeAlias = tuple[bytes, int, int, bytes]
"""Owner in lower case, type, TTL, and data in lower case, as they are on the wire, uncompressed."""

UNCHECKED = (
    "-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-M", "ignore", "-S", "ignore", "-r", "ignore", "-F", "text",
)  # fmt: skip
"""How ``named-compilezone`` says nothing of what records mean together, and prints."""

_PATHS = "/usr/sbin:/usr/bin:/sbin:/bin"
_SPACES = re.compile(rb"\s+")
_NAMES_ALONE = ("MB", "MD", "MF", "MG", "MR", "MINFO")
"""Types that NSD prints and dnspython does not know."""


def missing() -> list[str]:
    """Which of the peers' programs this machine lacks."""
    return [program for program in ("nsd-checkzone", "named-compilezone") if shutil.which(program, path=_PATHS) is None]


def nsd_records(path: Path, apex: str) -> set[WireRecord] | None:
    """What ``nsd-checkzone`` reads of the zone ``apex`` in the file; None if it refuses it."""
    done = _run(["nsd-checkzone", "-p", apex or ".", path.name], path.parent)
    return None if done.returncode else set(_printed(done.stdout.decode("latin-1")))


def bind_records(path: Path, apex: str) -> set[WireRecord] | None:
    """The same of ``named-compilezone``, without its checks of what records mean together."""
    done = _run(["named-compilezone", *UNCHECKED, "-q", "-o", "-", apex or ".", path.name], path.parent)
    if done.returncode:
        return None
    found = set()
    lines = [line for line in done.stdout.decode("latin-1").splitlines() if not line.startswith(";")]
    for line in lines:
        owner, ttl, _, rtype, *data = line.split(maxsplit=4)
        number = rrtypes.number(rtype)
        wire = _data(rtype, number, data[0] if data else "")
        found.add((_wire(dns.name.from_text(owner)), number, int(ttl), wire.lower()))
    return found


def our_records(path: Path, apex: str) -> set[WireRecord]:
    """What chaoskit reads of it. Raises ``InputError`` if it refuses it."""
    return wire_records(open_master_file(path, apex))


def wire_records(zone: Zone) -> set[WireRecord]:
    """All records of a zone, out of the messages in which they would be sent. Raises ``ValueError`` for one that no message can hold."""
    query = dns.message.make_query(".", "A").to_wire()
    request = read_request(query, "tcp", "", "", 1)
    assert isinstance(request, Request)
    return {_sent(write_answer(request, Answer(records=(record,)).with_wire(whole=True))) for record in zone.records()}


def _sent(message: bytes) -> WireRecord:
    """The one record of a message with a question for the root. Its owner has no other name to point to."""
    owner, used = dns.name.from_wire(message, HEADER + QUESTION)
    start = HEADER + QUESTION + used
    rtype, _, ttl, size = struct.unpack_from("!HHIH", message, start)
    start += FIXED
    if rtype not in COMPRESSED:
        return _wire(owner), rtype, ttl, message[start : start + size].lower()
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, rtype, message, start, size)
    return _wire(owner), rtype, ttl, (rdata.to_wire() or b"").lower()


def _wire(owner: dns.name.Name) -> bytes:
    return (owner.to_wire() or b"").lower()


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which(command[0], path=_PATHS)
    assert program is not None
    return subprocess.run([program, *command[1:]], capture_output=True, timeout=PATIENCE_S, check=False, cwd=folder)


def _printed(text: str) -> list[WireRecord]:
    """The records that NSD prints: each line an owner (or none, for the one before), TTL, class, type and data, separated by tabs."""
    origin, owner = dns.name.root, dns.name.root
    found = []
    for line in re.sub(r"\(\s*\n([^)]*)\)", lambda match: " ".join(match[1].split()), text).splitlines():
        if line.startswith("$ORIGIN "):
            origin = dns.name.from_text(line.split()[1])
        elif line and not line.startswith(";"):
            written, ttl, _, rest = re.split(r"\t", line, maxsplit=3)
            rtype, _, data = re.sub(r"\t| ", " ", rest, count=1).partition(" ")
            owner = dns.name.from_text(written, origin) if written else owner
            number = rrtypes.number(rtype)
            found.append((_wire(owner), number, int(ttl), _data(rtype, number, data).lower()))
    return found


def _data(rtype: str, number: int, data: str) -> bytes:
    if rtype in _NAMES_ALONE and not data.startswith("\\#"):
        return b"".join(names.wire(names.labels(name)) for name in data.split())
    if rtype in ("NID", "L64"):  # dnspython wants all four digits of each group
        preference, groups = data.split()
        return struct.pack("!5H", int(preference), *(int(group, 16) for group in groups.split(":")))
    if rtype == "ZONEMD":  # dnspython refuses digests that it cannot check
        serial, scheme, algorithm, *digest = data.split()
        return struct.pack("!IBB", int(serial), int(scheme), int(algorithm)) + bytes.fromhex("".join(digest))
    return (
        dns.rdata.from_text(
            dns.rdataclass.IN, rrtypes.mnemonic(number), data, origin=dns.name.root, relativize=False
        ).to_wire()
        or b""
    )
