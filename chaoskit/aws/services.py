"""The mock AWS services: the one table of what sets one apart from another. A further service is a further line.

The order is that of their default addresses. What a service answers for on the network comes from ``aws/endpoints.py``, which reads
botocore's rule sets of the services named by ``sdk``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Service: TypeAlias = Literal["dynamodb", "ec2", "sts", "s3", "sqs", "elbv2", "route53"]
"""A service's name in experiment files, which is boto3's name for it."""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of one service.

    ``number`` is its place in its addresses: 127.0.1.n, with availability zones 127.(10 + n).zone.k. ``sdk`` are botocore's names of the
    services whose endpoints it answers, its own first. ``wire`` is its name in signatures (SigV4, "credential scope").
    ``states`` are the fields of an experiment's ``services`` that say what it holds at the start.
    """

    number: int
    sdk: tuple[str, ...]
    wire: str
    states: tuple[str, ...] = ()


SERVICES: dict[Service, ServiceFacts] = {
    "dynamodb": ServiceFacts(1, ("dynamodb", "dynamodbstreams"), "dynamodb", ("tables",)),
    "ec2": ServiceFacts(2, ("ec2",), "ec2", ("instances", "placement")),
    "sts": ServiceFacts(3, ("sts",), "sts"),
    "s3": ServiceFacts(4, ("s3",), "s3", ("buckets",)),
    "sqs": ServiceFacts(5, ("sqs",), "sqs", ("queues",)),
    "elbv2": ServiceFacts(6, ("elbv2",), "elasticloadbalancing", ("target_groups",)),
    "route53": ServiceFacts(7, ("route53",), "route53", ("hosted_zones", "control_plane")),
}


def wire_name(service: str) -> str:
    """The service's name in signatures, which is not always the SDK's name for it."""
    facts = {str(name): facts for name, facts in SERVICES.items()}.get(service)
    return facts.wire if facts else service
