"""Standard master files (RFC 1035 §5, $TTL of RFC 2308 §4) as zones. Every error names file and line.

Understood: ``$ORIGIN``, ``$TTL``, ``$INCLUDE``, ``$GENERATE`` (``generate``), ``@``, relative names, an omitted owner, TTL or class,
parentheses, comments, quotes and escapes, TTLs with units (``1h30m``, as BIND writes them), unknown types (RFC 3597). ``$INCLUDE`` is
refused for a zone that comes over the network, which must not name files of this machine.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from chaoskit.dns import names, rrtypes
from chaoskit.dns.generate import generated
from chaoskit.dns.presentation import EMPTY
from chaoskit.dns.zone import WrongRecord, Zone
from chaoskit.errors import InputError

MAX_BYTES = 16_000_000
MAX_RECORDS = 500_000
"""Of one zone, those of ``$GENERATE`` and ``$INCLUDE`` with it: text of a few bytes can ask for any number."""

MAX_DEPTH = 10
"""Files that include one another: what NSD allows."""

Include: TypeAlias = Callable[[str], tuple[str, str]]
"""Text and path of the file that ``$INCLUDE`` names. Raises ``ValueError`` saying why there is none."""

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|[()]|;[^\n]*|\n|[ \t\r\f]+|(?:[^\s"();\\]|\\[^\n])+(?:(?<==)"(?:[^"\\\n]|\\.)*")?', re.DOTALL
)
_TTL = re.compile(r"(?:\d+[smhdw])+|\d+", re.IGNORECASE)
_TTL_PART = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CLASSES = ("IN", "CH", "HS", "CS", "CLASS1")
_SERVED = ("IN", "CLASS1")

_NAMES_IN = {
    "CNAME": (0,), "NS": (0,), "PTR": (0,), "DNAME": (0,), "MD": (0,), "MF": (0,), "MB": (0,), "MG": (0,), "MR": (0,), "NXT": (0,),
    "NSAP-PTR": (0,), "MX": (1,), "AFSDB": (1,), "KX": (1,), "RT": (1,), "LP": (1,), "SRV": (3,), "DSYNC": (3,), "SOA": (0, 1),
    "RP": (0, 1), "MINFO": (0, 1), "TALINK": (0, 1), "PX": (1, 2), "NAPTR": (5,), "SVCB": (1,), "HTTPS": (1,), "NSEC": (0,),
    "SIG": (7,), "RRSIG": (7,), "HIP": range(3, 64),
}  # fmt: skip
"""Which fields of a type's data are names, and so may be relative to the origin."""

_GATEWAYS = {"IPSECKEY": (1, 3), "AMTRELAY": (2, 3)}
"""Types that say in a field (the first number) what another (the second) is: 3 means a name (RFC 4025 §2.3, RFC 8777 §4.2.3)."""

_NAME = "3"
_SOA_TIMES = ("refresh", "retry", "expire", "minimum")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a file: ``line`` is where it begins; ``owner`` is false when the line began with a blank."""

    line: int
    owner: bool
    fields: list[str]


Place: TypeAlias = tuple[str, int]
"""File and line."""


@dataclass(slots=True)
class _Zone:
    """What has been read so far."""

    apex: str | None
    origin: str | None
    most: int
    ttl: int | None = None
    last_ttl: int | None = None
    owner: str | None = None
    soa: dict[str, Any] | None = None
    records: list[tuple[Place, str, str, int | None, str]] = field(default_factory=list)
    at: Place = ("", 1)


def read_master_file(
    text: str, path: str, apex: str | None = None, include: Include | None = None, most: int = MAX_RECORDS
) -> Zone:
    """The zone of a master file.

    ``apex`` is the zone's name and first origin; None: the owner of the SOA is the zone's name, and the file must say ``$ORIGIN``
    before its first relative name. ``include`` reads the files of ``$INCLUDE``; without it there are none. ``most`` records are read.
    Raises ``InputError`` naming ``path`` and line.
    """
    zone = _Zone(None, None, most)
    try:
        if apex is not None:
            zone.apex = zone.origin = names.canonical(apex)
        _read_file(zone, text, path, include, 1)
        return Zone.from_plan(_plan(zone))
    except WrongRecord as error:
        raise InputError(f"{_shown(zone.records[error.index][0])}: {error}") from error
    except _At as error:
        raise InputError(f"{_shown(error.place)}: {error}") from error
    except ValueError as error:
        raise InputError(f"{_shown(zone.at if zone.at[0] else (path, 1))}: {error}") from error


def open_master_file(path: Path, apex: str | None = None) -> Zone:
    """The zone of the master file at ``path``; ``$INCLUDE`` names files from its folder. Raises ``InputError``."""

    def include(name: str) -> tuple[str, str]:
        included = path.parent / name
        try:
            return _text(included), str(included)
        except OSError as error:
            raise ValueError(f"$INCLUDE {name}: cannot read {included}: {error.strerror}") from error

    try:
        text = _text(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if not text.strip():
        raise InputError(f"{path}: the file is empty; write a zone")
    return read_master_file(text, str(path), apex, include)


def _text(path: Path) -> str:
    """The file's text. Octets beyond ASCII are themselves in names and strings (RFC 1035 §5.1 knows no encoding): they become escapes."""
    if path.exists() and not path.is_file():  # a device or pipe may never end
        raise OSError(errno.EINVAL, "it is no ordinary file; is it a zone?")
    if path.stat().st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES:,} bytes; is it a zone?")
    written = path.read_bytes()
    if written.isascii():
        return written.decode()
    return "".join(chr(byte) if byte < 128 else f"\\{byte:03d}" for byte in written)


def _read_file(zone: _Zone, text: str, path: str, include: Include | None, depth: int) -> None:
    if len(text) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES:,} characters; is it a zone?")
    zone.at = path, 1
    for entry in _entries(text, path):
        zone.at = path, entry.line
        if not entry.owner or not entry.fields[0].startswith("$"):
            _read_record(zone, entry.fields, entry.owner)
        elif entry.fields[0].upper() == "$INCLUDE":
            _include(zone, entry.fields[1:], include, depth)
        else:
            _obey(zone, entry.fields)


def _include(zone: _Zone, fields: list[str], include: Include | None, depth: int) -> None:
    """Read another file; origin and owner are afterwards as before (RFC 1035 §5.1)."""
    if include is None:
        raise ValueError("$INCLUDE is refused: put the other file's records here")
    if not 1 <= len(fields) <= 2:
        raise ValueError("$INCLUDE takes a file, and perhaps an origin")
    if depth >= MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} files include one another")
    origin, owner = zone.origin, zone.owner
    text, path = include(names.string(fields[0]).decode())
    if len(fields) == 2:
        zone.origin = _absolute(zone, fields[1])
    _read_file(zone, text, path, include, depth + 1)
    zone.origin, zone.owner = origin, owner


def _shown(place: Place) -> str:
    return f"{place[0]}:{place[1]}"


def parse_ttl(text: str) -> int:
    """Seconds of ``300``, ``5m`` or ``1h30m``. Raises ``ValueError``."""
    if not _TTL.fullmatch(text):
        raise ValueError(f"{text!r} is no TTL; write seconds, or for example 5m or 1h30m")
    return sum(int(number) * _UNITS[unit.lower()] for number, unit in _TTL_PART.findall(text))


class _At(ValueError):
    """Something wrong at a place that is not that of the entry being read."""

    def __init__(self, place: Place, message: str) -> None:
        self.place = place
        super().__init__(message)


def _tokens(text: str, path: str) -> Iterator[tuple[int, bool, str]]:
    """Each token that is no comment, with its line, and whether it begins that line; blanks count only there."""
    line, at = 1, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _At((path, line), "a quote that is not closed on its line, or a lone backslash")
        first = at == 0 or text[at - 1] == "\n"
        written = token.group()
        if not written.startswith(";") and (first or written == "\n" or not written.isspace()):
            yield line, first, written
        line += written == "\n"
        at = token.end()


def _entries(text: str, path: str) -> Iterator[_Entry]:
    """The file, each entry of several lines made one."""
    began, opened = 1, 0
    owner = True
    found: list[str] = []
    for line, first, written in _tokens(text, path):
        if first and not opened:
            began, owner = line, not written.isspace()
        if written == "(":
            if opened:
                raise _At((path, line), "a parenthesis inside parentheses")
            opened = line
        elif written == ")":
            if not opened:
                raise _At((path, line), "a closing parenthesis that nothing opened")
            opened = 0
        elif not written.isspace():
            found.append(written)
        elif written == "\n" and found and not opened:
            yield _Entry(began, owner, found)
            found = []
    if opened:
        raise _At((path, opened), "this parenthesis is never closed")
    if found:
        yield _Entry(began, owner, found)


def _read_record(zone: _Zone, fields: list[str], owner: bool) -> None:
    if owner:
        zone.owner = _absolute(zone, fields[0])
        fields = fields[1:]
    if zone.owner is None:
        raise ValueError("the first record has no owner; begin its line with a name or @")
    ttl = _ttl_and_class(fields)
    if not fields:
        raise ValueError("a record without a type")
    rtype = rrtypes.canonical(fields.pop(0))
    if not fields and rtype not in EMPTY:
        raise ValueError(f"a record of type {rtype} without data")
    if ttl is not None:
        zone.last_ttl = ttl
    if rtype == "SOA":
        _read_soa(zone, ttl, fields)
        return
    if fields[:1] != ["\\#"]:
        for place in _names_in(rtype, fields):
            fields[place] = names.as_field(_absolute(zone, fields[place]))
    data = " ".join(fields)
    # RFC 2308 §4: $TTL; without it, as in RFC 1035 §5.1, the last one stated.
    stated = next((known for known in (ttl, zone.ttl, zone.last_ttl) if known is not None), None)
    if len(zone.records) >= zone.most:
        raise ValueError(f"more than {zone.most:,} records; serve the zone with a server that is made for that")
    zone.records.append((zone.at, zone.owner, rtype, stated, data))


def _names_in(rtype: str, fields: list[str]) -> Iterator[int]:
    """The places of the fields that are names."""
    if rtype in _GATEWAYS:
        kind, gateway = _GATEWAYS[rtype]
        return (place for place in (gateway,) if place < len(fields) and fields[kind] == _NAME)
    return (place for place in _NAMES_IN.get(rtype, ()) if place < len(fields))


def _obey(zone: _Zone, fields: list[str]) -> None:
    match [fields[0].upper(), *fields[1:]]:
        case ["$ORIGIN", name]:
            zone.origin = _absolute(zone, name)
        case ["$TTL", ttl]:
            zone.ttl = parse_ttl(ttl)
        case ["$GENERATE", *template]:
            for record in generated(template):
                _read_record(zone, record, owner=True)
        case [("$ORIGIN" | "$TTL") as control, *_]:
            raise ValueError(f"{control} takes one value")
        case [control, *_]:
            raise ValueError(f"{control} is not understood; known: $ORIGIN, $TTL, $INCLUDE, $GENERATE")


def _ttl_and_class(fields: list[str]) -> int | None:
    """Take TTL and class, in either order, off the front (RFC 1035 §5.1)."""
    ttl: int | None = None
    classes = 0
    while fields:
        if fields[0].upper() in _CLASSES and not classes:
            classes += 1
            if fields.pop(0).upper() not in _SERVED:
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
    """``name`` seen from the origin, in its one canonical text. In quotes it may hold blanks."""
    if name.startswith('"'):
        name = name[1:-1]
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
    for place, name, rtype, stated, data in zone.records:
        if name != apex and apex not in names.parents(name):
            raise _At(place, f"{name} lies outside the zone {apex or '.'}")
        ttl = stated if stated is not None else (zone.soa or {}).get("minimum")
        if ttl is None:
            raise _At(place, f"no TTL is stated for {name}; write $TTL at the top")
        plan["records"].append({"name": name, "rtype": rtype, "ttl": ttl, "data": data})
    return plan
