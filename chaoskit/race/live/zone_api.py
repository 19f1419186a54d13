"""The Route 53 API through boto3, in the words of ``aws.route53``: record sets and changes in, record sets and refusals out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from chaoskit.aws.route53.batch import Change, Refusal
from chaoskit.aws.route53.record_set import AliasTarget, RecordSet, canonical

WAIT_AND_REPEAT = ("PriorRequestNotComplete", "Throttling", "ThrottlingException")
"""Refusals that say nothing of the batch: it was not looked at, and may be sent again."""


class ZoneApi(Protocol):
    """One hosted zone."""

    def sets_from(self, name: str, rtype: str, most: int) -> list[RecordSet]:
        """At most so many sets, from the first at or after a name and type."""

    def all_sets(self) -> Iterator[RecordSet]:
        """Every set of the zone."""

    def change(self, changes: Sequence[Change]) -> str:
        """Send a batch; the id of the change. Raises ``Refusal``."""


class Boto3Zone:
    """The hosted zone ``zone_id`` by a boto3 client of Route 53."""

    def __init__(self, sdk: Any, zone_id: str) -> None:
        self._sdk = sdk
        self._zone_id = zone_id

    def sets_from(self, name: str, rtype: str, most: int) -> list[RecordSet]:
        page = self._sdk.list_resource_record_sets(
            HostedZoneId=self._zone_id, StartRecordName=name, StartRecordType=rtype, MaxItems=str(most)
        )
        return [_read(entry) for entry in page["ResourceRecordSets"]]

    def all_sets(self) -> Iterator[RecordSet]:
        pages = self._sdk.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self._zone_id)
        return (_read(entry) for page in pages for entry in page["ResourceRecordSets"])

    def change(self, changes: Sequence[Change]) -> str:
        batch = {
            "Changes": [
                {"Action": change.action, "ResourceRecordSet": _written(change.record_set)} for change in changes
            ]
        }
        try:
            answer = self._sdk.change_resource_record_sets(HostedZoneId=self._zone_id, ChangeBatch=batch)
        except self._sdk.exceptions.ClientError as error:
            details = error.response["Error"]
            raise Refusal(details["Code"], details.get("Message", "")) from error
        return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]


def find_zone(sdk: Any, apex: str) -> str | None:
    """The id of the hosted zone of a name; None if there is none."""
    pages = sdk.get_paginator("list_hosted_zones").paginate()
    zones = (zone for page in pages for zone in page["HostedZones"])
    return next((str(zone["Id"]).rpartition("/")[2] for zone in zones if canonical(zone["Name"]) == apex), None)


def _read(entry: dict[str, Any]) -> RecordSet:
    target = entry.get("AliasTarget")
    alias = target and AliasTarget(
        target["HostedZoneId"], canonical(target["DNSName"]), bool(target["EvaluateTargetHealth"])
    )
    return RecordSet(
        name=canonical(entry["Name"]),
        rtype=entry["Type"],
        identifier=entry.get("SetIdentifier", ""),
        ttl=entry.get("TTL"),
        values=tuple(record["Value"] for record in entry.get("ResourceRecords", ())),
        alias=alias or None,
        routing=(("Weight", str(entry["Weight"])),) if "Weight" in entry else (),
    )


def _written(record_set: RecordSet) -> dict[str, Any]:
    entry: dict[str, Any] = {"Name": record_set.name, "Type": record_set.rtype}
    if record_set.identifier:
        entry["SetIdentifier"] = record_set.identifier
    if record_set.weight is not None:
        entry["Weight"] = record_set.weight
    if record_set.ttl is not None:
        entry |= {"TTL": record_set.ttl, "ResourceRecords": [{"Value": value} for value in record_set.values]}
    if record_set.alias is not None:
        entry["AliasTarget"] = {
            "HostedZoneId": record_set.alias.zone,
            "DNSName": record_set.alias.name,
            "EvaluateTargetHealth": record_set.alias.evaluate_health,
        }
    return entry
