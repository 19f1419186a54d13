"""Paths into an experiment as it was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import ExperimentError, InputError
from chaoskit.experiment.document import Document, read_document
from chaoskit.experiment.loader import resolve
from chaoskit.search.fields import check_varied, find, value_at, with_values, written_fields
from chaoskit.search.quantity import Kind, quantity, write_duration
from chaoskit.units import parse_duration

TEXT = """\
title: a blank
services: [dynamodb]
clients: {app: {use: boto3, every: 250ms}}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 2s}}
  - {dns: {delay: {by: 1s}}, where: dynamodb.us-east-1.amazonaws.com, when: {from: 4s, for: 2s}}
expect:
  - recovers_within: {client: app, within: 2s}
"""


@pytest.fixture
def document() -> Document:
    return read_document("x.yaml", TEXT)


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("timeline.0.when.for", ("timeline", 0, "when", "for"), "2s"),
        ("timeline[0].when.for", ("timeline", 0, "when", "for"), "2s"),
        ("timeline.blank.when.for", ("timeline", 0, "when", "for"), "2s"),
        ("clients.app.every", ("clients", "app", "every"), "250ms"),
        ("clients.app.retry_mode", ("clients", "app", "retry_mode"), None),
        ("services.dynamodb.ttl", ("services", "dynamodb", "ttl"), None),
        ("timeline.1.dns.delay.by", ("timeline", 1, "dns", "delay", "by"), "1s"),
        ("expect.0.recovers_within.within", ("expect", 0, "recovers_within", "within"), "2s"),
        ("limits.grace", ("limits", "grace"), None),
        ("timeline.0.dns.empty.soa", ("timeline", 0, "dns", "empty", "soa"), None),
    ],
)
def test_a_path_leads_to_its_field(document: Document, path: str, field: tuple[str | int, ...], value: Any) -> None:
    assert find(document, path) == field
    assert value_at(document, field) == value
    changed = with_values(document, {path: "7s"})
    assert value_at(changed, field) == "7s"
    assert document == read_document("x.yaml", TEXT), "the original is as it was"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("timeline.blink.when.for", "timeline has no 'blink'. Near: timeline.blank.when.for"),
        ("timeline.7.when.for", "timeline has 2 entries, counted from 0"),
        ("clients.ap.every", "clients has no 'ap'. Near: clients.app.every"),
        ("title.length", "title is 'a blank', which has no fields"),
        ("timeline.blank.dns.delay.by", "timeline[0].dns is 'empty', which has no fields"),
        ("", "it names no field. Fields: title"),
    ],
)
def test_a_path_that_leads_nowhere_names_what_is_near(document: Document, path: str, said: str) -> None:
    with pytest.raises(InputError, match="no field") as caught:
        find(document, path)
    assert said in str(caught.value)


def test_the_loader_judges_what_was_set(document: Document) -> None:
    assert (
        resolve(with_values(document, {"clients.app.retry_mode": "legacy"}), 1.0).spec.clients["app"].retry_mode
        == "legacy"
    )
    assert (
        resolve(with_values(document, {"services.dynamodb.ttl": "9s"}), 1.0).spec.services["dynamodb"].ttl == 9 * 10**9
    )
    with pytest.raises(ExperimentError) as caught:
        resolve(with_values(document, {"timeline.blank.when.fro": "1s"}), 1.0)
    assert "x.yaml:5: timeline[0].when.fro: there is no such field. Did you mean 'from'?" in str(caught.value)
    with pytest.raises(ExperimentError, match=r"x\.yaml:3: clients\.app\.every"):
        resolve(with_values(document, {"clients.app.every": "often"}), 1.0)


def test_every_written_field_is_found_again(document: Document) -> None:
    for path in written_fields(document):
        assert value_at(document, find(document, path)) is not None


@given(st.integers(0, 10**13))
def test_a_written_duration_is_read_as_the_same(ns: int) -> None:
    assert parse_duration(write_duration(ns)) == ns


@pytest.mark.parametrize(
    ("text", "kind", "written"),
    [
        ("7", Kind.WHOLE, 7),
        ("0.25", Kind.DECIMAL, 0.25),
        ("250ms", Kind.DURATION, "250ms"),
        ("1m", Kind.DURATION, "60s"),
    ],
)
def test_quantities(text: str, kind: Kind, written: Any) -> None:
    assert (quantity(text).kind, quantity(text).written) == (kind, written)


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "5 lightyears"])
def test_no_quantity(text: str) -> None:
    with pytest.raises(InputError, match=r"--from: .* is no number and no duration"):
        quantity(text, "--from")


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["seed"], "field 'seed': a search gives each of its runs a seed"),
        (["clients.app.every", "clients.app.every"], "set one field twice"),
        (["timeline.blank.when.for", "timeline.0.when.for"], "timeline.blank.when.for and timeline.0.when.for set one"),
        (["timeline[0].when.for", "timeline.blank.when"], "twice (timeline[0].when)"),
        (["clients", "clients.app.every"], "set one field twice"),
    ],
)
def test_fields_that_a_search_cannot_vary(document: Document, paths: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_varied(document, paths)
    assert said in str(caught.value)


def test_fields_that_lie_beside_one_another_are_varied_together(document: Document) -> None:
    check_varied(document, ["timeline.0.when.for", "timeline.1.when.for", "timeline.0.when.from", "clients.app.every"])
