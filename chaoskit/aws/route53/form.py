"""What Route 53 refuses of a change as InvalidInput, before it looks at the zone (API reference, ResourceRecordSet). Pure."""

from __future__ import annotations

from itertools import groupby

from chaoskit.aws.route53.record_set import RecordSet
from chaoskit.aws.route53.values import MAX_VALUE

TYPES = (
    "SOA",
    "A",
    "TXT",
    "NS",
    "CNAME",
    "MX",
    "NAPTR",
    "PTR",
    "SRV",
    "SPF",
    "AAAA",
    "CAA",
    "DS",
    "TLSA",
    "SSHFP",
    "SVCB",
    "HTTPS",
)
MAX_TTL_S = 2**31 - 1
MAX_IDENTIFIER = 128
FAILOVERS = ("PRIMARY", "SECONDARY")


def form_fault(action: str, record_set: RecordSet) -> str:
    """What is wrong with a change, whatever the zone holds; empty for nothing. Where nothing else is said the words are not verified."""
    identifier = record_set.identifier or "null"
    where = (
        f"Change with [Action={action}, Name={record_set.name}, Type={record_set.rtype}, SetIdentifier={identifier}]"
    )
    if record_set.rtype not in TYPES:
        facets = f"is not facet-valid with respect to enumeration '[{', '.join(TYPES)}]'"
        return f"Invalid XML ; cvc-enumeration-valid: Value '{record_set.rtype}' {facets}. It must be a value from the enumeration."
    ways = (record_set.alias is not None) + (record_set.ttl is not None or bool(record_set.values))
    if ways != 1 or (record_set.alias is None and (record_set.ttl is None or not record_set.values)):
        number = "more than one" if ways > 1 else "none"
        expected = (
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
        )
        return f"Invalid request: {expected}, but found {number} in {where}"  # seen in public threads
    fault = _routing_fault(record_set) or _content_fault(record_set)
    return f"Invalid request: {fault} in {where}" if fault else ""


def _routing_fault(record_set: RecordSet) -> str:
    policies = [policy for policy, _ in groupby(path.partition("/")[0] for path, _ in record_set.routing)]
    if len(policies) > 1:
        return f"Expected at most one of [{', '.join(policies)}]"
    if policies and not record_set.identifier:
        return "Missing field 'SetIdentifier'"
    if record_set.identifier and not policies:
        return "SetIdentifier without a routing policy"
    if len(record_set.identifier) > MAX_IDENTIFIER:
        return f"SetIdentifier has more than {MAX_IDENTIFIER} characters"
    if policies and record_set.rtype in ("NS", "SOA"):
        return f"Sets of type {record_set.rtype} have no routing policy"
    if record_set.weight is not None and not 0 <= record_set.weight <= 255:
        return f"Weight {record_set.weight} is not between 0 and 255"
    if record_set.policy == "Failover" and record_set.routing[0][1] not in FAILOVERS:
        return f"Failover '{record_set.routing[0][1]}' is none of [{', '.join(FAILOVERS)}]"
    if record_set.policy == "Region" and len(record_set.values) > 1:
        return "A latency set has one value"
    if record_set.policy == "MultiValueAnswer" and (record_set.alias is not None or record_set.rtype == "CNAME"):
        return "A multivalue answer set is no alias, and no CNAME"
    return ""


def _content_fault(record_set: RecordSet) -> str:
    if record_set.ttl is not None and record_set.ttl > MAX_TTL_S:
        return f"TTL {record_set.ttl} is not between 0 and {MAX_TTL_S}"
    if any(len(value) > MAX_VALUE for value in record_set.values):
        return f"A value has more than {MAX_VALUE} characters"
    if record_set.alias is not None and record_set.rtype in ("NS", "SOA"):
        return f"Sets of type {record_set.rtype} are no aliases"
    if record_set.rtype == "NS" and record_set.name.startswith("\\052."):
        return "Sets of type NS have no wildcard as their name"
    return ""
