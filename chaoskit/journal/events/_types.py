"""Words that events of several domains share."""

from __future__ import annotations

from typing import Literal, TypeAlias

Result: TypeAlias = Literal["ok", "failed", "unknown"]
"""How something ended; *unknown* means that nobody saw its end."""
