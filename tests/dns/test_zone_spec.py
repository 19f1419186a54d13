"""Zones as people write them in YAML: what is wrong is told with the form that is right."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chaoskit.dns.zone import Zone
from chaoskit.dns.zone_spec import ZoneSpec, zone_plan


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("@ 5 IN A 127.0.0.1", r"a zone is written \{records: \{NAME: \{A: 127\.0\.0\.1\}\}\}; master files are for"),
        (["a.test"], "a zone is written"),
        ({"records": {"a.test": "127.0.0.1"}}, r"the records of a name are written by type, for example \{A: 127"),
        ({"records": {"a.test": ["127.0.0.1"]}}, "the records of a name are written by type"),
    ],
)
def test_the_message_shows_the_form(written: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ZoneSpec.model_validate(written)


def test_the_form_that_the_message_shows_is_right() -> None:
    zone = ZoneSpec.model_validate({"records": {"NAME": {"A": "127.0.0.1"}}})
    assert Zone.from_plan(zone_plan("name", zone)).nodes["name"]["A"][0].data == "127.0.0.1"
