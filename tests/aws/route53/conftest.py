"""Labs that are closed after use, whatever becomes of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.aws.route53.control_plane import Behaviour
from tests.aws.route53.lab import UNTHROTTLED, Lab


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    labs: list[Lab] = []

    def open_lab(behaviour: Behaviour = UNTHROTTLED, **more: Any) -> Lab:
        labs.append(Lab(tmp_path, behaviour, **more))
        return labs[-1]

    yield open_lab
    for lab in labs:
        lab.close()
