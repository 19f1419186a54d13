"""How hard property tests try: a little in `make test`, fully where CHAOSKIT_THOROUGH is set (`.ci/run`)."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("CHAOSKIT_THOROUGH"))


def examples(thorough: int) -> int:
    """How many examples a test takes that deserves ``thorough`` of them."""
    return thorough if THOROUGH else max(10, thorough // 10)
