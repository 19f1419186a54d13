"""Record data in presentation form, as octets: the types that are not read in ``codec``. The only file that imports dnspython.

dnspython is loaded when the first record that needs it is met, so that a server of ordinary records does not pay for it. It refuses data
that can be written and sent but make no sense (a digest that is too short for its algorithm). NSD and BIND load such zones, and somebody
may want to serve just that, so numbers followed by octets are read here.
"""

from __future__ import annotations

import base64
import re
import struct
from datetime import UTC, datetime

from chaoskit.dns import names, rrtypes

NAMES_ALONE = {"MD": 1, "MF": 1, "MB": 1, "MG": 1, "MR": 1, "MINFO": 2, "TALINK": 2}
"""How many names the data of these types are, and nothing else (RFC 1035 §3.3; draft-ietf-dnsop-dnssec-trust-history)."""

NUMBERS_AND_HEX = {
    "DS": "HBB", "CDS": "HBB", "DLV": "HBB", "TA": "HBB", "ZONEMD": "IBB", "TLSA": "BBB", "SMIMEA": "BBB", "SSHFP": "BB",
}  # fmt: skip
"""Types whose data are numbers of these sizes (``struct``), and then octets in hexadecimal."""

ALGORITHM_AT = {"DS": 1, "CDS": 1, "DLV": 1, "TA": 1}
"""Which of those numbers is a DNSSEC algorithm, and may be a mnemonic (RFC 4034 §5.3)."""

EMPTY = frozenset({"APL"})
"""Types whose data may be nothing at all (RFC 3123 §4)."""

_GROUP = re.compile(r"\b[0-9A-Fa-f]{1,4}\b")
ECH = 5  # RFC 9848

_ECH = re.compile(r'(?<=\s)ech="?([A-Za-z0-9+/]+=*)"?(?=\s|$)')
_OLD_ECH = re.compile(r"(?<=\s)echconfig=")  # its name in drafts of RFC 9460
_TIME = re.compile(r"[0-9]{14}")


def octets(rtype: str, data: str) -> bytes:
    """The data of a record on the wire, names uncompressed. A name without a final dot is absolute, as everywhere but in a file.

    Raises ``ValueError`` for a type that has no presentation form here, and for data that are not of the type.
    """
    written = names.fields(data)
    if rtype in NAMES_ALONE:
        _check_count(written, NAMES_ALONE[rtype])
        return b"".join(names.wire(names.labels(name)) for name in written)
    if rtype in NUMBERS_AND_HEX:
        return _numbers_and_hex(rtype, written)
    if rtype == "NXT":
        return _nxt(written)
    match rtype:
        case "NID" | "L64":  # groups may be written without their leading zeros, as in an address
            data = " ".join(
                [*written[:1], *(_GROUP.sub(lambda group: group[0].zfill(4), part) for part in written[1:])]
            )
        case "RRSIG" | "SIG":
            data = " ".join(_seconds(part) if place in (4, 5) else part for place, part in enumerate(written))
        case "SVCB" | "HTTPS":
            return _service(rtype, _OLD_ECH.sub("ech=", data))
    return _by_dnspython(rtype, data)


def _service(rtype: str, data: str) -> bytes:
    """A service binding. What is in its ``ech`` is nobody's business here, and dnspython refuses configurations that it cannot read."""
    try:
        return _by_dnspython(rtype, data)
    except ValueError:
        ech = _ECH.search(data)
        if ech is None:
            raise
        wire = _by_dnspython(rtype, data[: ech.start()] + data[ech.end() :])
    value = base64.b64decode(ech[1])
    at = (
        2 + wire[2:].index(0) + 1 if wire[2] else 3
    )  # behind the priority and the target, whose labels hold no zero byte
    while at < len(wire) and int.from_bytes(wire[at : at + 2], "big") < ECH:  # parameters are sorted (RFC 9460 §2.2)
        at += 4 + int.from_bytes(wire[at + 2 : at + 4], "big")
    return wire[:at] + struct.pack("!HH", ECH, len(value)) + value + wire[at:]


def _by_dnspython(rtype: str, data: str) -> bytes:
    import dns.exception
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    number = rrtypes.number(rtype)
    if dns.rdata.get_rdata_class(dns.rdataclass.IN, number) is dns.rdata.GenericRdata:  # type: ignore[no-untyped-call]
        raise ValueError("write the data of this type as \\# LENGTH HEX (RFC 3597 §5)")
    try:
        # The root as origin: names of a zone's data are absolute here (see ``masterfile``).
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN, dns.rdatatype.RdataType.make(number), data, origin=dns.name.root, relativize=False
        )
        return bytes(rdata.to_wire(origin=dns.name.root) or b"")
    except (dns.exception.DNSException, ValueError, IndexError, KeyError, struct.error, OverflowError) as error:
        raise ValueError(f"{error}" or type(error).__name__) from error


def _numbers_and_hex(rtype: str, written: list[str]) -> bytes:
    shape = NUMBERS_AND_HEX[rtype]
    if len(written) < len(shape):
        raise ValueError(f"{len(written)} fields are too few")
    head, rest = written[: len(shape)], "".join(written[len(shape) :])
    numbers = [_number(part, place == ALGORITHM_AT.get(rtype)) for place, part in enumerate(head)]
    try:
        return struct.pack(f"!{shape}", *numbers) + bytes.fromhex("" if rest == "0" else rest)
    except struct.error as error:
        raise ValueError(f"a number is too large: {error}") from error


def _number(written: str, is_algorithm: bool) -> int:
    if not is_algorithm or written.isdigit():
        return int(written)
    import dns.dnssectypes

    try:
        return int(dns.dnssectypes.Algorithm.from_text(written))
    except Exception as error:
        raise ValueError(f"{written!r} is no DNSSEC algorithm") from error


def _nxt(written: list[str]) -> bytes:
    """The next name, and a bit for each type from 0 on (RFC 2535 §5.2)."""
    next_name, *types = written
    numbers = [rrtypes.number(rtype.upper()) for rtype in types]
    if not numbers or max(numbers) > 127:
        raise ValueError("an NXT record lists types up to number 127")
    bits = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        bits[number // 8] |= 0x80 >> number % 8
    return names.wire(names.labels(next_name)) + bytes(bits)


def _seconds(written: str) -> str:
    """A time as seconds since 1970 in 32 bits, which go round in 2106 (RFC 4034 §3.1.5 and §3.2)."""
    if not _TIME.fullmatch(written):
        return written
    return str(int(datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()) % (1 << 32))


def _check_count(written: list[str], count: int) -> None:
    if len(written) != count:
        raise ValueError(f"{len(written)} fields are too many or too few")
