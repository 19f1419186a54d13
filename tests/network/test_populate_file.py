"""Toxiproxy's configuration file, read as it is, and what is said of one that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import ExperimentError
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.populate_file import ProxyEntry, read_populate_file

ALONE = Reach(dial_anywhere=True)
EVERYWHERE = Reach(dial_anywhere=True, listen_anywhere=True)


def test_toxiproxys_own_example() -> None:
    """As its README has it."""
    text = """[
      {
        "name": "web_dev_frontend_1",
        "listen": "[::]:18080",
        "upstream": "webapp.domain:8080",
        "enabled": true
      },
      {
        "name": "web_dev_mysql_1",
        "listen": "[::]:13306",
        "upstream": "database.domain:3306",
        "enabled": true
      }
    ]"""
    assert read_populate_file("toxiproxy.json", text, EVERYWHERE) == [
        ProxyEntry(2, "web_dev_frontend_1", "[::]:18080", "webapp.domain:8080", True),
        ProxyEntry(8, "web_dev_mysql_1", "[::]:13306", "database.domain:3306", True),
    ]
    with pytest.raises(ExperimentError) as refusal:
        read_populate_file("toxiproxy.json", text, ALONE)
    assert [(problem.line, problem.field) for problem in refusal.value.problems] == [
        (2, "proxy 1 ('web_dev_frontend_1').listen"),
        (8, "proxy 2 ('web_dev_mysql_1').listen"),
    ]


def test_what_is_left_out_and_what_nobody_reads() -> None:
    text = '[{"Name": "a", "upstream": "b:1", "enabled": null, "toxics": [], "listen": null}]'
    assert read_populate_file("f", text, ALONE) == [ProxyEntry(1, "a", "127.0.0.1:0", "b:1", True, ("toxics",))]
    assert read_populate_file("f", "[]", ALONE) == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no JSON: Expecting value"),
        ("[\n{]", 2, "no JSON"),
        ("{}", 1, "a list of proxies is wanted"),
        ("[5]", 1, "an object is wanted"),
        ('[\n\n{"name": 5}]', 3, "name must be a text, not 5"),
        ('[{"upstream": "a:1"}]', 1, "proxy 1.name: is missing"),
        ('[{"name": "a", "upstream": "a"}]', 1, "'a' is not host:port"),
        ('[{"name": "a", "upstream": "a b:1"}]', 1, "'a b:1' is no host name or address"),
        (
            '[{"name": "a", "upstream": "a:1"},\n{"name": "a", "upstream": "b:1"}]',
            2,
            "is the name of another proxy too",
        ),
        ("[" * 100_000, 0, "no JSON that can be read"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(ExperimentError) as refusal:
        read_populate_file("f", text, ALONE)
    assert [problem.line for problem in refusal.value.problems] == [line]
    assert says in str(refusal.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "listen", "upstream", "enabled", "x"]), inner, max_size=5)
    ),
)


@given(values, st.sampled_from([None, 1, "\t"]))
def test_any_json_is_read_or_refused(value: Any, indent: int | str | None) -> None:
    try:
        entries = read_populate_file("f", json.dumps(value, indent=indent), ALONE)
    except ExperimentError as refusal:
        assert refusal.problems
    else:
        assert len(entries) == len(value)
