"""Replace a record by Route 53's API: write one's own, then look, and clean up what is not one's own.

Alone it is right. Two of these race: the one cleans up what the other has just written.

Usage: check_then_act.py ADDRESS
"""

import sys

import boto3

NAME = "api.example.com."
address = sys.argv[1]
route53 = boto3.client("route53")
zone = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"][0]["Id"]


def change(*changes: dict) -> None:
    """One batch, all or nothing."""
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": list(changes)})


mine = {"Name": NAME, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
change({"Action": "UPSERT", "ResourceRecordSet": mine})

# Clean up: look again, and take away whatever is not mine.
record_sets = route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=NAME, StartRecordType="A")
for entry in record_sets["ResourceRecordSets"]:
    if entry["Name"] == NAME and entry["Type"] == "A" and entry["ResourceRecords"] != mine["ResourceRecords"]:
        change({"Action": "DELETE", "ResourceRecordSet": entry})
