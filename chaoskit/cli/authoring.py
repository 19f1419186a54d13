"""``chaoskit schema``, ``init`` and ``experiments``: help for those who write experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.errors import InputError

STARTER = """\
# yaml-language-server: $schema=./chaoskit.schema.json      (make it with: chaoskit schema > chaoskit.schema.json)
#
# What happens to my application when an endpoint's DNS record goes empty?
# Run it with: chaoskit run {name}

title: My application and ten seconds without an address
question: Does it ride out 10 s of an empty record, and is it back within 2 s?
seed: 1                     # every dice of the run derives from it

# Clients are real programs, each in a process of its own. They start when 'from' counts 0 s.
clients:
  app:
    use: boto3              # unmodified boto3 against the real host name
    service: dynamodb       # mocked behind TLS; nothing here can reach the real one
    connection: cold        # cold: a new connection per call; warm: one pooled; burst: bursts of concurrent calls too
    every: 250ms
    # retry_mode: legacy    # AWS_RETRY_MODE; without it the SDK's own default is tested

timeline:
  - dns: empty              # NOERROR without records, as on 20 October 2025. Others: nxdomain, servfail, drop, delay
    where: dynamodb.us-east-1.amazonaws.com
    when: {{from: 5s, for: 10s}}
  # - network: {{latency: {{latency: 200ms}}}}
  #   where: dynamodb
  #   when: {{from: 20s, for: 5s}}

# What must hold for the run to pass. That the fault met a lookup, and that the canary name kept resolving, is always checked.
expect:
  - success_rate: {{client: app, phase: baseline, at_least: 1.0}}
  - recovers_within: {{client: app, within: 2s}}
  - longest_call: {{client: app, at_most: 3s}}
"""


def init(
    path: Annotated[Path, typer.Argument(help="File to write; it must not exist.")] = Path("experiment.yaml"),
) -> None:
    """Write a commented starter experiment."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER.format(name=path))
    except FileExistsError as error:
        raise InputError(f"{path} exists already; choose another name") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    typer.echo(f"Wrote {path}. Run it with: chaoskit run {path}")


def schema() -> None:
    """Print the JSON Schema of experiment files, for editors."""
    from chaoskit.experiment.json_schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


def experiments() -> None:
    """List the shipped experiments.

    Prints the question and the expected outcome of each.
    """
    from chaoskit.experiment.shipped import index_text
    from chaoskit.fold import folded

    typer.echo(folded(index_text()))
