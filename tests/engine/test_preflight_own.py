"""What a sandbox of containers cannot do with services of one's own is told with its line, and what it can is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.engine.preflight_own import check_own
from chaoskit.errors import ExperimentError
from chaoskit.experiment.loader import Experiment, load

TEXT = """\
title: t
services: {{web: {{host: web.example.internal, port: 80, {service}}}}}
clients: {{app: {{use: {use}, url: "http://web.example.internal/"}}}}
timeline: []
"""


def experiment(folder: Path, service: str, use: str = "http") -> Experiment:
    (folder / "x.yaml").write_text(TEXT.format(service=service, use=use))
    return load(folder / "x.yaml")


@pytest.mark.parametrize(
    "service", ["backend: static", "backend: echo", 'backend: static, addresses: ["::1", 127.0.5.1]']
)
def test_what_chaoskit_answers_itself_works_in_containers(tmp_path: Path, service: str) -> None:
    check_own(experiment(tmp_path, service), "docker")


@pytest.mark.parametrize(
    ("service", "use", "sandbox", "message"),
    [
        (
            "backend: instance-metadata, addresses: [169.254.169.254]",
            "http",
            "docker",
            r"2: services\.web\.addresses: 169",
        ),
        (
            'backend: static, addresses: ["::1"]',
            "http",
            "docker",
            r"2: services\.web\.addresses: .* IPv4 addresses alone",
        ),
        (
            "backend: static",
            "httpx",
            "docker",
            r"3: clients\.app\.use: chaoskit's image does not have the package httpx",
        ),
        ("backend: static", "http", "compose", r"2: services\.web: the game day .* serves mocks of AWS alone"),
    ],
)
def test_what_containers_cannot_do_is_told_first(
    tmp_path: Path, service: str, use: str, sandbox: str, message: str
) -> None:
    with pytest.raises(ExperimentError, match=rf"x\.yaml:{message}"):
        check_own(experiment(tmp_path, service, use), sandbox)
