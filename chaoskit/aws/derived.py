"""What is derived from the botocore that is installed, kept in the user's cache folder under the files that it came from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def derived(name: str, sources: Sequence[Path], derive: Callable[[], Any]) -> Any:
    """What ``derive`` returns, as plain JSON: from the cache when it was derived from these ``sources`` before.

    A cache that cannot be read or written is done without.
    """
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return json.loads(_place(name, sources).read_bytes())
    plain = derive()
    with contextlib.suppress(OSError, RuntimeError):
        path = _place(name, sources)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as part:
            json.dump(plain, part)
        Path(part.name).replace(path)
    return plain


def _place(name: str, sources: Sequence[Path]) -> Path:
    """Named by place, size and time of each source (folder: XDG Base Directory Specification).

    Raises ``RuntimeError`` for a user who has no home, ``OSError`` for a source that is not there.
    """
    states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    digest = hashlib.sha256(repr(states).encode()).hexdigest()
    root = os.environ.get("XDG_CACHE_HOME") or ""
    base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
    return base / "chaoskit" / "botocore" / f"{name}-{digest[:16]}.json"
