"""The operations of AWS's services, by botocore's service models: which there are, how a request names them, what they need."""

from __future__ import annotations

import difflib
import gzip
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from chaoskit.aws.derived import derived
from chaoskit.aws.rule_sets import data_folder
from chaoskit.aws.services import SERVICES

_BY_PATH = ("rest-xml", "rest-json")
"""Protocols whose requests do not name their operation: method and path tell it (Smithy, "AWS restXml protocol")."""

METHOD_AND_PATH = re.compile(r"[A-Z*?[\]]+ /|\*")
"""How a request is named, or a glob of its names begins, that does not name its operation."""


@lru_cache(maxsize=16)
def operations(service: str) -> Mapping[str, Mapping[str, Any]]:
    """By name: ``http``, method and path; ``needs``, the names of its required parameters; ``by_path``, whether only these name it.

    ``service`` is one of ``SERVICES``. Raises ``HarnessError`` without botocore's data.
    """
    models = [_model(sdk) for sdk in {str(name): facts for name, facts in SERVICES.items()}[service].sdk]
    operations: Mapping[str, Mapping[str, Any]] = derived(
        f"operations-{service}", [Path(__file__), *models], lambda: dict(_read(models))
    )
    return operations


def unknown_operation(service: str, pattern: str) -> tuple[str, str] | None:
    """What is wrong with the name, or the pattern, of an operation that requests of ``service`` are compared with, and the way out."""
    known = operations(service)
    by_path = any(facts["by_path"] for facts in known.values())
    if METHOD_AND_PATH.match(pattern) or any(fnmatchcase(name, pattern) for name in known if not by_path):
        return None
    if not by_path:
        return f"{service} has no operation {pattern!r}", nearest(service, pattern)
    match = next((name for name in known if name.lower() == pattern.replace("_", "").lower()), None)
    example = f"{match} is {known[match]['http']!r}" if match else f"like {next(iter(known.values()))['http']!r}"
    return (
        f"requests of {service} do not name their operation, so {pattern!r} could never fit one",
        f"Write method and path: {example}",
    )


def wrong_call(service: str, operation: str) -> tuple[str, str] | None:
    """What keeps a client from calling ``operation`` without parameters, and the way out."""
    known = operations(service)
    if operation not in known:
        return f"{service} has no operation {operation!r}", nearest(service, operation)
    if needs := known[operation]["needs"]:
        free = [name for name, facts in known.items() if not facts["needs"]]
        return (
            f"{operation} needs {', '.join(needs)}, and a client calls it without parameters",
            f"Such can be called: {_some(free)}",
        )
    return None


def nearest(service: str, written: str) -> str:
    """The operations whose names are most like ``written``, for people."""
    known = operations(service)
    plain = {name.lower(): name for name in known}
    close = difflib.get_close_matches(written.replace("_", "").lower(), plain, n=3, cutoff=0.5)
    names = [plain[name] for name in close]
    return f"Did you mean {' or '.join(names)}? Names are as in the API" if names else f"There are {_some(list(known))}"


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _model(sdk: str) -> Path:
    return sorted((data_folder() / sdk).glob("*/service-2.json*"))[-1]


def _read(models: list[Path]) -> Mapping[str, Mapping[str, Any]]:
    operations = {}
    for path in models:
        raw = path.read_bytes()
        model = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        by_path = model["metadata"]["protocol"] in _BY_PATH
        for name, operation in model["operations"].items():
            shape = model["shapes"].get((operation.get("input") or {}).get("shape"), {})
            http = f"{operation['http'].get('method', 'POST')} {operation['http']['requestUri']}"
            operations[name] = {"http": http, "needs": shape.get("required", []), "by_path": by_path}
    return operations
