"""Where the style sheets of charts and colours are."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
"""Holds ``theme.css``, the colours of every page in light and dark, and ``charts.css``."""
