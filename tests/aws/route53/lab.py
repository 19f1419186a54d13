"""Route 53 behind the TLS front, asked through boto3, in a process of the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from chaoskit.aws.certificates import Authority
from chaoskit.aws.evidence import Application, Evidence
from chaoskit.aws.front import Front
from chaoskit.aws.route53.control_plane import Behaviour, ChangeInfo, ControlPlane
from chaoskit.aws.route53.front import Route53
from chaoskit.aws.service import MockServices
from chaoskit.clock import Instant
from chaoskit.journal.events import Event

UNTHROTTLED = Behaviour(account=None)
_NAMES = itertools.count(1)


class HandClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = 1_000_000_000

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, instant: Instant) -> None:
        raise AssertionError("nothing here waits")


class Lab:
    """A front with strict Route 53 (or with plain moto) and a hosted zone of a name of its own."""

    def __init__(
        self,
        folder: Path,
        behaviour: Behaviour = UNTHROTTLED,
        *,
        strict: bool = True,
        around: Callable[[Application], Application] = lambda application: application,
    ) -> None:
        self.clock = HandClock()
        self.events: list[Event] = []
        self.accepted: list[ChangeInfo] = []
        self.failures: list[str] = []
        application: Application = MockServices().application
        self.plane = ControlPlane(behaviour, self.accepted.append)
        if strict:
            application = Route53(application, self.plane, self.clock)
        authority = Authority()
        self.ca = str(authority.publish(folder))
        tls = authority.server_context(["127.0.0.1", "localhost"])
        self.front = Front(Evidence(around(application), self.events.append), tls, self.failures.append)
        self.endpoint = f"https://{self.front.address}"
        self.client = self.connect()
        self.name = f"zone{next(_NAMES)}.example.com."
        self.zone_id = self.create_zone(self.name)

    def connect(self, retries: int = 1) -> Any:
        """A client whose calls are tried ``retries`` times."""
        return boto3.client(
            "route53",
            endpoint_url=self.endpoint,
            verify=self.ca,
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": retries, "mode": "standard"}),
        )

    def create_zone(self, name: str) -> str:
        answer = self.client.create_hosted_zone(Name=name, CallerReference=name)
        return str(answer["HostedZone"]["Id"]).rpartition("/")[2]

    def change(self, *changes: dict[str, Any], zone_id: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.change_resource_record_sets(
            HostedZoneId=zone_id or self.zone_id, ChangeBatch={"Changes": list(changes)}
        )
        return answer

    def refusal(self, *changes: dict[str, Any]) -> tuple[str, str]:
        """Code and message with which a batch is refused."""
        try:
            self.change(*changes)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AssertionError("the batch was accepted")

    def sets(self) -> list[dict[str, Any]]:
        """What the zone holds, its own SOA and NS left out, without the paginator."""
        pages = self.client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.zone_id)
        listed = [record_set for page in pages for record_set in page["ResourceRecordSets"]]
        return [record_set for record_set in listed if record_set["Type"] not in ("SOA", "NS")]

    def values(self, label: str, rtype: str = "A") -> list[list[str]]:
        """The values of each set of a name."""
        named = [
            record_set
            for record_set in self.sets()
            if record_set["Name"] == self.fqdn(label) and record_set["Type"] == rtype
        ]
        return [[record["Value"] for record in record_set.get("ResourceRecords", [])] for record_set in named]

    def fqdn(self, label: str) -> str:
        return f"{label}.{self.name}" if label else self.name

    def write(
        self, action: str, label: str, *values: str, rtype: str = "A", ttl: int = 60, **more: Any
    ) -> dict[str, Any]:
        """A change of a set with values."""
        records = [{"Value": value} for value in values]
        record_set = {"Name": self.fqdn(label), "Type": rtype, "TTL": ttl, "ResourceRecords": records, **more}
        return {"Action": action, "ResourceRecordSet": record_set}

    def alias(self, action: str, label: str, target: str, rtype: str = "A", **more: Any) -> dict[str, Any]:
        """A change of an alias to a name of the same zone."""
        to = {"HostedZoneId": self.zone_id, "DNSName": self.fqdn(target), "EvaluateTargetHealth": False}
        record_set = {"Name": self.fqdn(label), "Type": rtype, "AliasTarget": to, **more}
        return {"Action": action, "ResourceRecordSet": record_set}

    def close(self) -> None:
        self.front.stop()
        assert self.failures == []


def opened(folder: Path, behaviour: Behaviour = UNTHROTTLED, *, strict: bool = True) -> Iterator[Lab]:
    """A lab that is closed after use, for fixtures."""
    lab = Lab(folder, behaviour, strict=strict)
    try:
        yield lab
    finally:
        lab.close()
