"""Every example of docs/experiments.md is valid, and what its tables name is all that there is."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from chaoskit.aws.faults import FAULTS as SERVICE_FAULTS
from chaoskit.expect import EXPECTATIONS
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.experiment.when import WhenSpec
from chaoskit.network.toxics import TOXICS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "experiments.md").read_text()
BLOCKS = re.findall(r"```yaml ?(\w*)\n(.*?)```", PAGE, re.DOTALL)
ALONE = {
    "clients": "clients: {app: {use: boto3}}\n",
    "timeline": "timeline: []\n",
    "services": "services: {dynamodb: {}}\n",
}


def whole(part: str, text: str) -> Experiment:
    if not part:
        head = "" if "title:" in text else "title: t\nclients: {app: {use: boto3}}\n"
        return resolve(read_document("x.yaml", head + text), 1.0)
    others = "".join(
        written
        for key, written in ALONE.items()
        if key != part
        and not (key == "services" and part == "clients")
        and not (key == "clients" and part == "services")
    )
    return resolve(
        read_document("x.yaml", f"title: t\nduration: 10m\n{others}{part}:\n{textwrap.indent(text, '  ')}"), 1.0
    )


@pytest.mark.parametrize(("part", "text"), BLOCKS)
def test_an_example_is_valid(part: str, text: str) -> None:
    assert whole(part, text)


def test_every_way_of_a_window_is_shown() -> None:
    shown: set[str] = set()
    for part, text in BLOCKS:
        if part == "timeline":
            shown |= {way for entry in yaml.safe_load(text) for way in entry["when"]}
    assert shown >= {info.alias or name for name, info in WhenSpec.model_fields.items()} | {"cron"}


@pytest.mark.parametrize("kind", [*TOXICS.kinds, *SERVICE_FAULTS.kinds, *EXPECTATIONS.kinds])
def test_every_kind_is_named(kind: str) -> None:
    assert f"`{kind}" in PAGE or kind in ("harness", "canary_resolves")
