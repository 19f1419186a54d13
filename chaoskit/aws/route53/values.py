"""What Route 53 takes as a value of a record type (Developer Guide, "Supported DNS record types"). Pure.

Of types that are not named here (DS, HTTPS, NAPTR, SSHFP, SVCB and TLSA) no value is looked at.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from itertools import pairwise

from chaoskit.aws.route53.names import name_fault
from chaoskit.aws.route53.record_set import RecordSet

MAX_VALUE = 4000
"""Characters of a value (API reference, ResourceRecord)."""

_LONGEST_STRING = 255
_STRINGS = re.compile(r'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[0-7]{3}|.)", re.DOTALL)
_SINGLE = ("CNAME", "SOA")
"""Types of which a set has one value (API reference, ResourceRecord)."""


def value_faults(record_set: RecordSet) -> list[str]:
    """What is wrong with the values of a set as data of its type, in Route 53's words."""
    faults = []
    judge = _JUDGES.get(record_set.rtype)
    for value in record_set.values:
        if fault := judge(value) if judge else "":
            faults.append(f"Invalid Resource Record: 'FATAL problem: {fault} encountered with '{value}''")
    faults += [
        f"Duplicate Resource Record: '{value}'"
        for value, after in pairwise(sorted(record_set.values))
        if value == after
    ]
    if record_set.rtype in _SINGLE and len(record_set.values) > 1:  # wording not verified
        faults.append(f"RRSet of type {record_set.rtype} with DNS name {record_set.name} must have exactly one value.")
    return faults


def _ipv4(value: str) -> str:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
    return ""


def _ipv6(value: str) -> str:
    """A zone index (``fe80::1%eth0``) is no part of an address in DNS."""
    try:
        scoped = ipaddress.IPv6Address(value).scope_id is not None
    except ValueError:
        scoped = True
    return "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)" if scoped else ""


def _strings(value: str) -> str:
    """One quoted string or more, of at most 255 characters each."""
    end = 0
    while match := _STRINGS.match(value, end):
        if len(_ESCAPE.sub("x", match[1])) > _LONGEST_STRING:  # seen in boto/boto3 1462
            return "CharacterStringTooLong (Value is too long)"
        end = match.end()
    if not end or value[end:].strip():
        return "InvalidCharacterString (Value should be enclosed in quotation marks)"
    return ""


def _fields(*judges: Callable[[str], bool]) -> Callable[[str], str]:
    """A judge of so many fields between blanks. The words are not verified."""

    def judge(value: str) -> str:
        fields = value.split(maxsplit=len(judges) - 1)
        if len(fields) != len(judges):
            return f"RRDATAFieldCount (Value should have {len(judges)} fields)"
        number = next(
            (n for n, (known, field) in enumerate(zip(judges, fields, strict=True), 1) if not known(field)), 0
        )
        return f"RRDATAIllegalField (Field {number} of the value is not valid)" if number else ""

    return judge


def _number(most: int) -> Callable[[str], bool]:
    return lambda field: field.isascii() and field.isdigit() and int(field) <= most


def _is_name(field: str) -> bool:
    return field == "." or not (re.search(r"\s", field) or name_fault(field))


def _domain(value: str) -> str:
    """A single domain name. The words are not verified."""
    if re.search(r"\s", value):
        return "RRDATANotSingleField (Value contains spaces)"
    return "" if value and _is_name(value) else "DomainNameIllegal (Value is not a valid domain name)"


def _is_string(field: str) -> bool:
    return not _strings(field)


_U8, _U16, _U32 = _number(2**8 - 1), _number(2**16 - 1), _number(2**32 - 1)
_JUDGES: dict[str, Callable[[str], str]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _fields(_U8, str.isalnum, _is_string),
    "CNAME": _domain,
    "MX": _fields(_U16, _is_name),
    "NS": _domain,
    "PTR": _domain,
    "SOA": _fields(_is_name, _is_name, _U32, _U32, _U32, _U32, _U32),
    "SPF": _strings,
    "SRV": _fields(_U16, _U16, _U16, _is_name),
    "TXT": _strings,
}
