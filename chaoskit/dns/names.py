"""Domain names as text and as labels, and the fields of a record's data (RFC 1035 §5.1). No third party, no wire format.

The text of a name is lower-case, without the final dot, and unambiguous: a byte of a label that could be read as something else (a dot, a
backslash, a space, anything that is not printable ASCII) is written ``\\DDD``. So two names are equal exactly when their texts are, and the
text can be split at its dots.
"""

from __future__ import annotations

import re

DEFAULT_CANARY = "canary.chaoskit.test"
"""The name that must keep resolving, unless another is chosen (``test`` is reserved, RFC 6761 §6.2)."""

MAX_LABEL = 63
MAX_NAME = 255
"""Bytes on the wire, length bytes and the root included (RFC 1035 §2.3.4)."""

_ESCAPE = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)
_LABEL = re.compile(rb"(?:[^.\\]|\\.)+", re.DOTALL)
_FIELD = re.compile(r'"(?:[^"\\]|\\.)*"|(?:[^\s"\\]|\\.)+', re.DOTALL)


def labels(name: str) -> tuple[bytes, ...]:
    """The labels of a name in presentation form, case kept; the root has none. Raises ``ValueError`` saying what is wrong."""
    if not name.isascii():
        raise ValueError(f"{name!r} is not ASCII; write an internationalised name in its xn-- form")
    if blank := re.search(r"(?<!\\)[\x00-\x20\x7f]", name):
        raise ValueError(f"{name!r} has {blank[0]!r} in it; where that is meant, write \\{ord(blank[0]):03d}")
    text = name.encode()
    if text in (b"", b"."):
        return ()
    written = _LABEL.findall(text)
    if b".".join(written) not in (text, text.removesuffix(b".")):
        raise ValueError(f"{name!r} has an empty label or ends in a lone backslash")
    found = tuple(map(_unescaped, written))
    if longest := next((label for label in found if len(label) > MAX_LABEL), None):
        raise ValueError(f"the label {longest.decode('latin-1')!r} has {len(longest)} bytes; {MAX_LABEL} are allowed")
    if wire_length(found) > MAX_NAME:
        raise ValueError(f"{name!r} is longer than the {MAX_NAME} bytes that a name may have")
    return found


def wire_length(of: tuple[bytes, ...]) -> int:
    """Bytes of an uncompressed name."""
    return sum(len(label) + 1 for label in of) + 1


def wire(of: tuple[bytes, ...]) -> bytes:
    """A name as it is in messages, uncompressed (RFC 1035 §3.1)."""
    return b"".join(bytes([len(label)]) + label for label in of) + b"\0"


def text(of: tuple[bytes, ...]) -> str:
    """The one text of a name: see above."""
    return ".".join("".join(map(_escaped, label.lower())) for label in of)


def canonical(name: str) -> str:
    """The one text of a name that a person wrote. Raises ``ValueError`` saying what is wrong."""
    return text(labels(name))


def as_field(name: str) -> str:
    """A canonical name as a field of a record's data: the root is a dot, and a quote in a name opens no string."""
    return name.replace('"', '\\"') or "."


def parents(name: str) -> list[str]:
    """The names above ``name`` (a canonical one), nearest first, the root last."""
    parts = name.split(".") if name else []
    return [".".join(parts[depth:]) for depth in range(1, len(parts) + 1)]


def fields(data: str) -> list[str]:
    """The fields of a record's data as written; quotes keep spaces and stay, escapes stay. Raises ``ValueError``."""
    if "".join(_FIELD.split(data)).strip():
        raise ValueError(f"{data!r} has a quote that is not closed, or ends in a lone backslash")
    return _FIELD.findall(data)


def string(field: str) -> bytes:
    """The bytes of a field that is a character string, without quotes and escapes (RFC 1035 §5.1)."""
    quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return _unescaped((field[1:-1] if quoted else field).encode())


def _unescaped(written: bytes) -> bytes:
    return _ESCAPE.sub(_byte, written)


def _byte(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    if not code.isdigit():
        return code
    if len(code) != 3 or int(code) > 255:
        raise ValueError(f"\\{code.decode()} is no escape; write a backslash and three digits up to 255")
    return bytes([int(code)])


def _escaped(code: int) -> str:
    return chr(code) if 33 <= code <= 126 and code not in b".\\" else f"\\{code:03d}"
