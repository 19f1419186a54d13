"""The fixed sibling of check_then_act.py: one batch deletes exactly what was read and puts one's own in its place, or does nothing.

Usage: compare_and_swap.py ADDRESS
"""

import sys

import boto3

NAME = "api.example.com."
address = sys.argv[1]
route53 = boto3.client("route53")
zone = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"][0]["Id"]
mine = {"Name": NAME, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}

while True:
    record_sets = route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=NAME, StartRecordType="A")
    current = [entry for entry in record_sets["ResourceRecordSets"] if entry["Name"] == NAME and entry["Type"] == "A"]
    if current and current[0]["ResourceRecords"] == mine["ResourceRecords"]:
        break
    swap = [{"Action": "DELETE", "ResourceRecordSet": entry} for entry in current]
    swap.append({"Action": "CREATE", "ResourceRecordSet": mine})
    try:
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": swap})
        break
    except route53.exceptions.InvalidChangeBatch:
        continue  # somebody was quicker: read again
