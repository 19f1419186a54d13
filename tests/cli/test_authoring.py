from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chaoskit.cli import authoring
from chaoskit.errors import InputError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.json_schema import json_schema
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import index


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made = json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return made


def test_the_starter_is_a_valid_experiment(tmp_path: Path, schema: dict[str, Any]) -> None:
    path = tmp_path / "starter.yaml"
    authoring.init(path)
    jsonschema.Draft202012Validator(schema).validate(read_document(str(path), path.read_text()).data)
    assert load(path).expectations


def test_the_starter_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        authoring.init(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("shipped", index(), ids=lambda shipped: shipped.name)
def test_every_shipped_experiment_satisfies_the_schema(shipped: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(read_document(shipped.name, shipped.path.read_text()).data)


@pytest.mark.parametrize(
    "wrong",
    [
        {"titel": "x"},
        {"title": "x", "timeline": [{"dns": "emtpy", "where": "x", "when": {"from": "1s", "for": "1s"}}]},
        {"title": "x", "timeline": [{"dns": "empty", "where": "x", "when": {"from": 1, "for": "1s"}}]},
        {"title": "x", "expect": ["recovers"]},
        {"title": "x", "clients": {"a": {"use": "boto4"}}},
    ],
    ids=json.dumps,
)
def test_the_schema_refuses_what_the_loader_refuses(wrong: dict[str, Any], schema: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(wrong)
