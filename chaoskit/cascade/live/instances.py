"""The running instances as EC2 tells them, and where each is reached."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.cascade.live.aws_calls import AwsCalls

PORT = 7000
"""Where every instance serves."""

CHECK_PORT = 7001
"""Where every instance is checked."""


def existing_addresses(number: int) -> list[str]:
    """The addresses of the instances that run from the start."""
    return [f"127.0.60.{k}" for k in range(1, number + 1)]


async def launched_addresses(calls: AwsCalls) -> Sequence[str] | None:
    """The addresses of the running instances that were launched in the run, in order; None where EC2 does not answer."""
    running = [{"Name": "instance-state-name", "Values": ["running"]}, {"Name": "tag-key", "Values": ["address"]}]
    try:
        answer = await calls.ask("describe_instances", Filters=running)
    except (BotoCoreError, ClientError):
        return None
    instances = [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]
    return sorted(tag["Value"] for instance in instances for tag in instance["Tags"] if tag["Key"] == "address")
