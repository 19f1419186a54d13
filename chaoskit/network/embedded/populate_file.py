"""Toxiproxy's configuration file: the JSON list of proxies that its ``-config`` takes, read as it is.

https://github.com/Shopify/toxiproxy#2-populating-toxiproxy. Toxiproxy logs what is wrong with it and starts; here nothing starts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import ExperimentError, Problem
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.body import PROXY, BadBody, typed

_EXAMPLE = 'for example [{"name": "redis", "listen": "127.0.0.1:26379", "upstream": "127.0.0.1:6379"}]'
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class ProxyEntry:
    """A proxy of the file; ``line`` is where it begins."""

    line: int
    name: str
    listen: str
    upstream: str
    enabled: bool
    ignored: tuple[str, ...] = ()


def read_populate_file(path: str, text: str, reach: Reach) -> list[ProxyEntry]:
    """The proxies of ``text``. Raises ``ExperimentError`` with all that is wrong: line, field, and what would be right."""
    problems: list[Problem] = []
    entries: list[ProxyEntry] = []
    for number, (line, value) in enumerate(_elements(path, text), start=1):
        try:
            given = typed(value, PROXY)
        except BadBody as error:
            problems.append(Problem(line, f"proxy {number}", f"{error}.", f"Write {_EXAMPLE}."))
            continue
        field = f"proxy {number}" + (f" ({given['name']!r})" if given.get("name") else "")
        missing = [name for name in ("name", "upstream") if not given.get(name)]
        problems += [Problem(line, f"{field}.{name}", "is missing.", f"Write {_EXAMPLE}.") for name in missing]
        if missing:
            continue
        entry = ProxyEntry(
            line,
            given["name"],
            given.get("listen") or "127.0.0.1:0",
            given["upstream"],
            given.get("enabled", True),
            tuple(sorted(key for key in value if key.lower() not in PROXY)),
        )
        problems += _address_problems(field, entry, reach)
        if entry.name in (earlier.name for earlier in entries):
            problems.append(Problem(line, f"{field}.name", "is the name of another proxy too.", "Give each its own."))
        entries.append(entry)
    if problems:
        raise ExperimentError(path, problems)
    return entries


def _address_problems(field: str, entry: ProxyEntry, reach: Reach) -> list[Problem]:
    problems = []
    for name, parse, text in (("listen", reach.listen, entry.listen), ("upstream", reach.upstream, entry.upstream)):
        try:
            parse(text)
        except ValueError as error:
            problems.append(Problem(entry.line, f"{field}.{name}", f"{error}."))
    return problems


def _elements(path: str, text: str) -> list[tuple[int, Any]]:
    """The elements of the list, each with the line that it begins on."""
    decoder = json.JSONDecoder()
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise ExperimentError(
            path, [Problem(error.lineno, "", f"no JSON: {error.msg}.", f"Write {_EXAMPLE}.")]
        ) from None
    except (ValueError, RecursionError) as error:
        raise ExperimentError(path, [Problem(0, "", f"no JSON that can be read: {error}.")]) from None
    if not isinstance(whole, list):
        raise ExperimentError(path, [Problem(1, "", "a list of proxies is wanted.", f"Write {_EXAMPLE}.")])
    elements = []
    at = text.index("[") + 1
    for _ in whole:
        while text[at] in _BLANK + ",":
            at += 1
        value, end = decoder.raw_decode(text, at)
        elements.append((text.count("\n", 0, at) + 1, value))
        at = end
    return elements
