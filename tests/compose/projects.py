"""Compose projects for the tests, as plain data."""

from __future__ import annotations

from typing import Any

from chaoskit.compose.project import Project, from_plain


def project(**services: Any) -> Project:
    """A project of these services, each as a compose file would have it."""
    return from_plain({"services": {name: written or {} for name, written in services.items()}}, "theirs.yaml")
