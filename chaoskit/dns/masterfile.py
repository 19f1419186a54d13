"""Standard master files (RFC 1035 §5, $TTL of RFC 2308 §4) as zones. Every error names file and line.

Understood: ``$ORIGIN``, ``$TTL``, ``@``, relative names, an omitted owner, TTL or class, parentheses, comments, quotes and escapes,
TTLs with units (``1h30m``, as BIND writes them), unknown types (RFC 3597). ``$INCLUDE`` is refused, because a zone that comes over
the network must not name files of this machine; so is ``$GENERATE``, which is BIND's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chaoskit.dns import names
from chaoskit.dns.codec import canonical_type
from chaoskit.dns.zone import WrongRecord, Zone
from chaoskit.errors import InputError

MAX_BYTES = 16_000_000

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[()]|;[^\n]*|\n|[ \t\r]+|(?:[^\s"();\\]|\\[^\n])+', re.DOTALL)
_TTL = re.compile(r"(?:\d+[smhdw])+|\d+", re.IGNORECASE)
_TTL_PART = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CLASSES = ("IN", "CH", "HS", "CS")

_NAMES_IN = {
    "CNAME": (0,), "NS": (0,), "PTR": (0,), "DNAME": (0,), "MX": (1,), "AFSDB": (1,), "KX": (1,), "RT": (1,), "SRV": (3,),
    "SOA": (0, 1), "RP": (0, 1), "NAPTR": (5,), "SVCB": (1,), "HTTPS": (1,), "NSEC": (0,), "RRSIG": (7,),
}  # fmt: skip
"""Which fields of a type's data are names, and so may be relative to the origin."""

_SOA_TIMES = ("refresh", "retry", "expire", "minimum")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the file: ``line`` is where it begins; ``owner`` is false when the line began with a blank."""

    line: int
    owner: bool
    fields: list[str]


@dataclass(slots=True)
class _Zone:
    """What has been read so far."""

    apex: str | None
    origin: str | None
    ttl: int | None = None
    last_ttl: int | None = None
    owner: str | None = None
    soa: dict[str, Any] | None = None
    records: list[tuple[int, str, str, int | None, str]] = field(default_factory=list)


def read_master_file(text: str, path: str, apex: str | None = None) -> Zone:
    """The zone of a master file.

    ``apex`` is the zone's name and first origin; None: the owner of the SOA is the zone's name, and the file must say ``$ORIGIN``
    before its first relative name. Raises ``InputError`` naming ``path`` and line.
    """
    if len(text) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES:,} characters; is it a zone?")
    line = 1
    zone = _Zone(apex, apex)
    try:
        for entry in _entries(text):
            line = entry.line
            _read_entry(zone, entry)
        return Zone.from_plan(_plan(zone))
    except WrongRecord as error:
        raise InputError(f"{path}:{zone.records[error.index][0]}: {error}") from error
    except _At as error:
        raise InputError(f"{path}:{error.line}: {error}") from error
    except ValueError as error:
        raise InputError(f"{path}:{line}: {error}") from error


def parse_ttl(text: str) -> int:
    """Seconds of ``300``, ``5m`` or ``1h30m``. Raises ``ValueError``."""
    if not _TTL.fullmatch(text):
        raise ValueError(f"{text!r} is no TTL; write seconds, or for example 5m or 1h30m")
    return sum(int(number) * _UNITS[unit.lower()] for number, unit in _TTL_PART.findall(text))


class _At(ValueError):
    """Something wrong at a line that is not that of the entry being read."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def _tokens(text: str) -> Iterator[tuple[int, bool, str]]:
    """Each token that is no comment, with its line, and whether it begins that line; blanks count only there."""
    line, at = 1, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _At(line, "a quote that is not closed on its line, or a lone backslash")
        first = at == 0 or text[at - 1] == "\n"
        written = token.group()
        if not written.startswith(";") and (first or written == "\n" or not written.isspace()):
            yield line, first, written
        line += written == "\n"
        at = token.end()


def _entries(text: str) -> Iterator[_Entry]:
    """The file, each entry of several lines made one."""
    began, opened = 1, 0
    owner = True
    found: list[str] = []
    for line, first, written in _tokens(text):
        if first and not opened:
            began, owner = line, not written.isspace()
        if written == "(":
            if opened:
                raise _At(line, "a parenthesis inside parentheses")
            opened = line
        elif written == ")":
            if not opened:
                raise _At(line, "a closing parenthesis that nothing opened")
            opened = 0
        elif not written.isspace():
            found.append(written)
        elif written == "\n" and found and not opened:
            yield _Entry(began, owner, found)
            found = []
    if opened:
        raise _At(opened, "this parenthesis is never closed")
    if found:
        yield _Entry(began, owner, found)


def _read_entry(zone: _Zone, entry: _Entry) -> None:
    fields = list(entry.fields)
    if entry.owner and fields[0].startswith("$"):
        _obey(zone, fields)
        return
    if entry.owner:
        zone.owner = _absolute(zone, fields.pop(0))
    if zone.owner is None:
        raise ValueError("the first record has no owner; begin its line with a name or @")
    ttl = _ttl_and_class(fields)
    if not fields:
        raise ValueError("a record without a type")
    rtype = canonical_type(fields.pop(0))
    if not fields:
        raise ValueError(f"a record of type {rtype} without data")
    if ttl is not None:
        zone.last_ttl = ttl
    if rtype == "SOA":
        _read_soa(zone, ttl, fields)
        return
    if fields[0] != "\\#":
        for place in _NAMES_IN.get(rtype, ()):
            if place < len(fields):
                fields[place] = names.as_field(_absolute(zone, fields[place]))
    data = " ".join(fields)
    # RFC 2308 §4: $TTL; without it, as in RFC 1035 §5.1, the last one stated.
    stated = next((known for known in (ttl, zone.ttl, zone.last_ttl) if known is not None), None)
    zone.records.append((entry.line, zone.owner, rtype, stated, data))


def _obey(zone: _Zone, fields: list[str]) -> None:
    match [fields[0].upper(), *fields[1:]]:
        case ["$ORIGIN", name]:
            zone.origin = _absolute(zone, name)
        case ["$TTL", ttl]:
            zone.ttl = parse_ttl(ttl)
        case ["$INCLUDE", *_]:
            raise ValueError("$INCLUDE is refused: put the other file's records here")
        case ["$GENERATE", *_]:
            raise ValueError("$GENERATE is BIND's own and not understood: write the records out")
        case [("$ORIGIN" | "$TTL") as control, *_]:
            raise ValueError(f"{control} takes one value")
        case [control, *_]:
            raise ValueError(f"{control} is not understood; known: $ORIGIN, $TTL")


def _ttl_and_class(fields: list[str]) -> int | None:
    """Take TTL and class, in either order, off the front (RFC 1035 §5.1)."""
    ttl: int | None = None
    classes = 0
    while fields:
        if fields[0].upper() in _CLASSES and not classes:
            classes += 1
            if fields.pop(0).upper() != "IN":
                raise ValueError("only class IN is served")
        elif ttl is None and _TTL.fullmatch(fields[0]):
            ttl = parse_ttl(fields.pop(0))
        else:
            break
    return ttl


def _read_soa(zone: _Zone, ttl: int | None, fields: list[str]) -> None:
    assert zone.owner is not None
    if zone.soa is not None:
        raise ValueError("a second SOA; a file is one zone")
    if len(fields) != 7:
        raise ValueError(f"an SOA has seven fields, not {len(fields)}; is a parenthesis missing?")
    if zone.apex is None:
        zone.apex = zone.owner
    if zone.owner != names.canonical(zone.apex):
        raise ValueError(f"the SOA is that of {zone.owner}, but the zone is {zone.apex}; name the file's own zone")
    if not fields[2].isdigit():
        raise ValueError(f"{fields[2]!r} is no serial number")
    mname, rname = (names.as_field(_absolute(zone, written)) for written in fields[:2])
    zone.soa = {"mname": mname, "rname": rname, "serial": int(fields[2])}
    zone.soa |= {name: parse_ttl(written) for name, written in zip(_SOA_TIMES, fields[3:], strict=True)}
    stated = next((known for known in (ttl, zone.ttl) if known is not None), zone.soa["minimum"])
    zone.soa["ttl"] = stated


def _absolute(zone: _Zone, name: str) -> str:
    """``name`` seen from the origin, in its one canonical text."""
    if name != "@" and name.endswith(".") and not re.search(r"(?<!\\)(\\\\)*\\\.$", name):
        return names.canonical(name)
    if zone.origin is None:
        raise ValueError(f"{name!r} is relative, but to what? Write $ORIGIN first, or name the zone: --zone NAME=FILE")
    if name == "@":
        return names.canonical(zone.origin)
    return names.canonical(f"{name}.{zone.origin}" if zone.origin else name)


def _plan(zone: _Zone) -> dict[str, Any]:
    if zone.apex is None:
        raise ValueError("no SOA says which zone this is; add one, or name the zone: --zone NAME=FILE")
    apex = names.canonical(zone.apex)
    plan: dict[str, Any] = {"apex": apex, "records": []}
    if zone.soa is not None:
        plan["soa"] = zone.soa
    for line, name, rtype, stated, data in zone.records:
        if name != apex and apex not in names.parents(name):
            raise _At(line, f"{name} lies outside the zone {apex or '.'}")
        ttl = stated if stated is not None else (zone.soa or {}).get("minimum")
        if ttl is None:
            raise _At(line, f"no TTL is stated for {name}; write $TTL at the top")
        plan["records"].append({"name": name, "rtype": rtype, "ttl": ttl, "data": data})
    return plan
