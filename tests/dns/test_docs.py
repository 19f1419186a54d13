"""docs/faults.md is current, and what the guides say about faults holds."""

from __future__ import annotations

import importlib
import random
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoskit.dns.faults import FAULTS
from chaoskit.dns.message import Answer, Drop, Query, Record
from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.units import SECOND
from docs.generate import COMMANDS, page

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "creating-a-fault.md").read_text()
COMPARISON = (DOCS / "comparison.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def read(text: str) -> Experiment:
    return resolve(read_document("guide.yaml", text), 1.0)


def test_the_page_of_faults_is_current() -> None:
    assert (DOCS / "faults.md").read_text() == page(), "run: python -m docs.generate"


def test_every_fault_has_an_example_that_loads() -> None:
    zone = "clients: {app: {use: noop}}\nzones: {api.example: {records: {api.example: {A: 127.0.0.1}}}}"
    for kind in set(FAULTS.kinds) - set(COMMANDS):
        written = FAULTS.get(kind).EXAMPLE or kind
        timeline = f"timeline: [{{dns: {written}, where: api.example, when: {{from: 5s, for: 20s}}}}]"
        (injection,) = read(f"title: t\n{zone}\n{timeline}\n").planes["dns"]
        assert type(injection.fault) is FAULTS.get(kind)


def test_the_windows_of_the_page_load() -> None:
    rows = re.findall(r"^\| `(\{.*?\})` \|", page(), re.MULTILINE)
    assert len(rows) == 6
    zone = "clients: {app: {use: noop}}\nzones: {api.example: {records: {api.example: {A: 127.0.0.1}}}}"
    for when in rows:
        text = f"title: t\nduration: 30m\n{zone}\ntimeline: [{{dns: empty, where: api.example, when: {when}}}]\n"
        assert read(text).planes["dns"], when


@pytest.fixture
def guide_s_faults(monkeypatch: pytest.MonkeyPatch) -> dict[str, types.ModuleType]:
    """The files that the guide shows, as if they lay beside the others."""
    found = {}
    for code in blocks(GUIDE, "python"):
        kind = re.match('"""``([a-z_]+)``: ', code)
        assert kind, "a fault's docstring begins with its kind"
        name = f"{FAULTS.package}.{kind[1]}"
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(code, f"{kind[1]}.py", "exec"), module.__dict__)
        found[kind[1]] = module
    monkeypatch.setitem(
        FAULTS.__dict__, "modules", FAULTS.modules | {kind: f"{FAULTS.package}.{kind}" for kind in found}
    )
    monkeypatch.setitem(FAULTS.__dict__, "kinds", tuple(sorted([*FAULTS.kinds, *found])))
    return found


def test_the_guide_s_faults_work(guide_s_faults: dict[str, types.ModuleType]) -> None:
    assert list(guide_s_faults) == ["silence", "short_lived"]
    query = Query("api.example", "A", "udp", "app", "127.0.0.1", None, 1)
    honest = Answer(records=(Record("api.example", "A", 5, "127.0.0.1"),))

    silence, short_lived = (read(text).planes["dns"][0].fault for text in blocks(GUIDE, "yaml"))
    assert silence.apply(query, honest, 0, random.Random(1)) == Drop()
    drawn = [short_lived.apply(query, honest, 0, random.Random(seed)) for seed in range(50)]
    ttls = {reply.records[0].ttl for reply in drawn if isinstance(reply, Answer)}
    assert ttls == {1, 2, 3}
    assert short_lived.apply(query, Drop(), 0, random.Random(1)) == Drop()
    with pytest.raises(ExperimentError, match="'at_most' must be 1s or more"):
        read(blocks(GUIDE, "yaml")[1].replace("3s", "3ms"))
    assert importlib.import_module(f"{FAULTS.package}.short_lived").ShortLived().at_most == 10 * SECOND


def tables(text: str) -> list[list[list[str]]]:
    """Each table's rows of cells, its head first."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [[rows[0], *rows[2:]] for rows in found if rows]


def test_the_comparison_leaves_no_cell_of_ours_empty() -> None:
    faults, side_by_side = tables(COMPARISON)
    for rows in (faults, side_by_side):
        assert {len(row) for row in rows} == {len(rows[0])}, "as many cells as the head"
        assert all(row[-1] not in ("", "–", "-", "no", "none") for row in rows), "no empty cell in the last column"
    assert side_by_side[0][-1] == "chaoskit"


def test_every_fault_that_the_comparison_names_exists() -> None:
    faults, _ = tables(COMPARISON)
    named = [word for row in faults[1:] for word in re.findall(r"`([^`]+)`", row[-1])]
    settings: list[Any] = [yaml.safe_load(word.replace("…", "127.0.0.1")) for word in named]
    words = {"types", "negative_ttl", "Raw"}  # of targets, parameters and code
    for word, written in zip(named, settings, strict=True):
        if word in words:
            continue
        kind, parameters = next(iter(written.items())) if isinstance(written, dict) else (written, {})
        assert kind in FAULTS.kinds, word
        if parameters:
            FAULTS.get(kind)(**parameters)
