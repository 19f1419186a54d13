"""RCODEs: names and numbers as IANA has them ("DNS RCODEs", RFC 6895 §2.3). No third party, no wire format."""

from __future__ import annotations

NUMBERS = {
    "NOERROR": 0,
    "FORMERR": 1,
    "SERVFAIL": 2,
    "NXDOMAIN": 3,
    "NOTIMP": 4,
    "REFUSED": 5,
    "YXDOMAIN": 6,
    "YXRRSET": 7,
    "NXRRSET": 8,
    "NOTAUTH": 9,
    "NOTZONE": 10,
    "DSOTYPENI": 11,
    "BADVERS": 16,
    "BADKEY": 17,
    "BADTIME": 18,
    "BADMODE": 19,
    "BADNAME": 20,
    "BADALG": 21,
    "BADTRUNC": 22,
    "BADCOOKIE": 23,
}
LARGEST = 0xFFF
"""Twelve bits: four in the header, eight in the OPT record (RFC 6891 §6.1.3)."""

WITHOUT_EDNS = 0xF


def number(rcode: str) -> int:
    """The number of ``SERVFAIL``, or of ``RCODE3841`` for one without a name. Raises ``ValueError`` for what is none."""
    found = NUMBERS.get(rcode)
    digits = rcode.removeprefix("RCODE")
    if found is None and digits != rcode and digits.isdecimal() and int(digits) <= LARGEST:
        found = int(digits)
    if found is None:
        raise ValueError(f"{rcode!r} is no RCODE; write {', '.join(NUMBERS)}, or RCODE and a number up to {LARGEST}")
    return found


def mnemonic(code: int) -> str:
    """The name of an RCODE, or ``RCODE3841``."""
    return next((name for name, found in NUMBERS.items() if found == code), f"RCODE{code}")
