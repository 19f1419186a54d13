"""TSIG keys as people write them: in a file as ``tsig-keygen`` and ``nsupdate -k`` have it, and in YAML."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from chaoskit.dns.names import canonical
from chaoskit.dns.tsig import DIGESTS, Algorithm, Key
from chaoskit.errors import InputError
from chaoskit.input_file import refuse_pipe

_CLAUSE = re.compile(r'key\s+"?([^\s"{]+)"?\s*\{([^}]*)\}\s*;')
_FIELD = re.compile(r'(algorithm|secret)\s+"?([^\s";]+)"?\s*;')
_COMMENT = re.compile(r"/\*.*?\*/|(?://|#)[^\n]*", re.DOTALL)


def make_key(name: str, algorithm: str, secret: str) -> Key:
    """A key of these words; ``secret`` in base 64. Raises ``ValueError`` saying what is wrong."""
    return Key(canonical(name), *read_secret(name, algorithm, secret))


def read_secret(whose: str, algorithm: str, secret: str) -> tuple[Algorithm, bytes]:
    """The algorithm and the secret's bytes; ``whose`` it is, messages say. Raises ``ValueError`` saying what is wrong."""
    lower = algorithm.lower().rstrip(".")
    if lower not in DIGESTS:
        raise ValueError(f"{algorithm!r} is no algorithm known here; write one of {', '.join(DIGESTS)}")
    try:
        decoded = base64.b64decode(secret, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the secret of {whose} is not base 64 ({error}); make one with tsig-keygen") from error
    if not decoded:
        raise ValueError(f"the secret of {whose} is empty; make one with tsig-keygen")
    return cast(Algorithm, lower), decoded


def read_key_file(path: Path) -> Mapping[str, Key]:
    """The keys in a file that nobody else may read. Raises ``InputError``."""
    make = f"make one with: (umask 077; tsig-keygen updater > {shlex.quote(str(path))})"
    refuse_pipe(path, "one")
    try:
        mode = path.stat().st_mode
        text = _COMMENT.sub(" ", path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--tsig-key {path}: {getattr(error, 'strerror', None) or 'not ASCII text'}; {make}"
        ) from error
    if mode & 0o077:
        raise InputError(f"--tsig-key {path}: others may read it; run: chmod 600 {shlex.quote(str(path))}")
    keys: dict[str, Key] = {}
    for name, body in _CLAUSE.findall(text):
        fields: dict[str, str] = dict(_FIELD.findall(body))
        try:
            key = make_key(name, fields.get("algorithm", ""), fields.get("secret", ""))
        except ValueError as error:
            raise InputError(f"--tsig-key {path}: {error}") from error
        keys[key.name] = key
    if not keys or _CLAUSE.sub("", text).strip():
        raise InputError(
            f'--tsig-key {path}: it is no list of key "NAME" {{ algorithm …; secret "…"; }}; clauses; {make}'
        )
    return keys
