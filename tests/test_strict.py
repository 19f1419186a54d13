"""What people write is read strictly, wherever it stands in a file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import ValidationError

from chaoskit.errors import InputError
from chaoskit.expect import EXPECTATIONS
from chaoskit.experiment.loader import load
from chaoskit.experiment.planes import PLANES
from chaoskit.strict import validate

PARAMETERS = [
    registry.get(kind) for registry in [*(plane.faults for plane in PLANES), EXPECTATIONS] for kind in registry.kinds
]

GOOD = """title: t
clients: {app: {use: boto3, connection: cold}}
timeline:
  - {dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 2s, for: 3s}}
"""


def problem_of(text: str, folder: Path) -> str:
    path = folder / "experiment.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load(path)
    return str(caught.value).partition("experiment.yaml:")[2]


@pytest.mark.parametrize("kind", PARAMETERS, ids=lambda kind: kind.__name__)
def test_no_parameter_that_is_a_number_takes_true(kind: Any) -> None:
    hints = get_type_hints(kind)
    for name in [
        field.name
        for field in fields(kind)
        if field.init and hints[field.name] in (int, float, int | None, float | None)
    ]:
        with pytest.raises(ValidationError) as caught:
            validate(kind, {name: True})
        assert any(finding["loc"] == (name,) for finding in caught.value.errors()), name


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("abort_when: [{client: app, failed_in_a_row: true}]", "5: abort_when[0].failed_in_a_row: true is no number; write one."),
        ("abort_when: []", "5: abort_when: has no condition; write one"),
        ("resolver: {ndots: true}", "5: resolver.ndots: true is no number; write one."),
        ("resolver: {ndots: }", "5: resolver.ndots: is empty; write a value, or leave the field out."),
        ("repeat:", "5: repeat: is empty; write a value, or leave the field out."),
        ("limits: {longest_hold: 0s}", "5: limits.longest_hold: must be longer than 0."),
        ("duration: true", "5: duration: a duration needs a unit"),
        ("expect: [{success_rate: {at_least: true}}]", "5: expect[0].success_rate.at_least: true is no number; write one."),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_where_it_stands(tmp_path: Path, added: str, problem: str) -> None:
    assert problem_of(f"{GOOD}{added}\n", tmp_path).startswith(problem)


@pytest.mark.parametrize("fault", ["down", "full_backlog"])
def test_what_acts_on_no_stream_is_given_none(tmp_path: Path, fault: str) -> None:
    text = GOOD.replace(
        "dns: empty, where: dynamodb.us-east-1.amazonaws.com",
        f"network: {fault}, where: {{service: dynamodb, stream: upstream}}",
    )
    assert problem_of(text, tmp_path).startswith("4: timeline[0].where.stream: it acts on the listening socket")
