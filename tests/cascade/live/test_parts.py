"""Parts as a file writes them: every one is read with its defaults, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaoskit.cascade.live import PARTS, read_part
from chaoskit.clients.participant import Participant
from chaoskit.clients.start import argv_of
from chaoskit.errors import InputError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve

NEEDED: dict[str, dict[str, Any]] = {"herd": {"name": "door.test"}}
PAGE = (Path(__file__).parents[3] / "docs" / "cascade.md").read_text()


@pytest.mark.parametrize("part", PARTS.kinds)
def test_every_part_is_read_and_documented(part: str) -> None:
    assert read_part(part, NEEDED.get(part, {})) is not None
    assert f"| `{part}`" in PAGE


@pytest.mark.parametrize(
    ("part", "settings", "says"),
    [
        ("dropplets", {}, "did you mean 'droplets'"),
        ("droplets", {"lease": 5}, "droplets: lease: "),
        ("droplets", {"leese": "5s"}, "droplets: leese: "),
        ("droplets", {"check": "9s"}, "'check' is shorter than 'lease'"),
        ("herd", {}, "herd: name: "),
        ("herd", {"name": "x", "clients": 0}, "'clients' is from 1 to 2000"),
        ("herd", {"name": "x", "budget_capacity": -1}, "'budget_capacity' is at least 0"),
        ("balancer", {"checker": {"spare": 0.5}}, "spare 0.5 must be at least 1"),
        ("door", {"backlog": 0}, "'backlog' at least 1"),
        ("balancer", {"existing": 2}, "'existing' at least 3"),
        ("network", {"able_per_s": 0}, "the rates are above 0"),
        ("launches", {"most": 0}, "'most' from 1 to 150"),
        ("streaming", {"through": "nowhere"}, "is no host:port"),
        ("home_security", {"every": "0s"}, "longer than 0"),
    ],
)
def test_what_is_wrong_with_a_part_is_named(part: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_part(part, settings)


@pytest.mark.parametrize(
    ("client", "says"),
    [
        ("{use: participant}", "'use: participant' needs 'part'"),
        ("{part: droplets}", "are for 'use: participant' only"),
        ("{use: participant, part: droplets, settings: {work: 0s}}", "clients.app: droplets: .*longer than 0"),
    ],
)
def test_a_file_with_a_wrong_participant_is_refused(client: str, says: str) -> None:
    text = f"title: t\nclients:\n  app: {client}\ntimeline:\n  - {{dns: empty, where: x.test, when: {{from: 1s, for: 1s}}}}\n"
    with pytest.raises(InputError, match=says):
        resolve(read_document("x.yaml", text), 1.0)


def test_placement_needs_the_table_of_the_leases() -> None:
    text = "title: t\nduration: 9s\nservices: {dynamodb: {}, ec2: {placement: {leases: leases}}}\n"
    with pytest.raises(InputError, match="there is no DynamoDB table 'leases' here"):
        resolve(read_document("x.yaml", text), 1.0)


def test_a_participant_is_a_process_of_its_own() -> None:
    plan = {"client": "app", "region": "us-east-1", "part": "droplets", "settings": {}, "seed": 7, "every_ns": 1}
    assert Participant.from_json(plan).seed == 7
    assert argv_of("participant", plan)[1:] == ["-m", "chaoskit.clients.participant"]
