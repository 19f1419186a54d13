"""Route 53's XML: requests into values, values into responses (API version 2013-04-01)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from chaoskit.aws.route53.batch import ACTIONS, Change, Refusal
from chaoskit.aws.route53.record_set import ROUTING, AliasTarget, HostedZone, RecordSet, canonical, decoded, sort_key

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
MAX_ITEMS = 300
"""Record sets of one answer of ListResourceRecordSets, at most."""

MAX_DIGITS = 19
"""Of a whole number: those of a Long."""

MAX_COMMENT = 256
"""Characters of a batch's comment (API reference, ChangeBatch)."""

_MOTO_VALUE = re.compile(r"^\{'Value': '(.*)'\}$")
_COUNT = re.compile(rb"(<ResourceRecordSetCount>)\d+(</ResourceRecordSetCount>)")
_ZONE_ID = re.compile(rb"<Id>/?(?:hostedzone/)?([^<]+)</Id>")


def parse_batch(body: bytes) -> list[Change]:
    """The changes of a ChangeResourceRecordSetsRequest. Raises ``Refusal`` (InvalidInput) for what is none."""
    root = _parse(body)
    elements = root.findall("ChangeBatch/Changes/Change")
    if root.tag != "ChangeResourceRecordSetsRequest" or not elements:
        raise Refusal("InvalidInput", "Invalid XML ; a ChangeBatch with at least one Change is expected.")
    if len(_text(root, "ChangeBatch/Comment")) > MAX_COMMENT:  # wording not verified
        raise Refusal("InvalidInput", f"Invalid request: Comment has more than {MAX_COMMENT} characters")
    return [_change(element) for element in elements]


def parse_record_sets(body: bytes) -> list[RecordSet]:
    """The record sets of a ListResourceRecordSetsResponse."""
    return [_record_set(element) for element in _parse(body).findall("ResourceRecordSets/ResourceRecordSet")]


def as_moto_means(record_set: RecordSet) -> RecordSet:
    """A set of a new zone of moto's, whose SOA it lists with a Python dictionary for a value: ``{'Value': 'ns-2048…'}``."""
    values = tuple(_MOTO_VALUE.sub(r"\1", value) for value in record_set.values)
    return replace(record_set, values=values)


def next_page(body: bytes) -> dict[str, str]:
    """The query for the page after this one of a ListResourceRecordSetsResponse; empty after the last."""
    root = _parse(body)
    if root.findtext("IsTruncated") != "true":
        return {}
    marks = {"name": "NextRecordName", "type": "NextRecordType", "identifier": "NextRecordIdentifier"}
    return {key: text for key, tag in marks.items() if (text := root.findtext(tag))}


def next_marker(body: bytes) -> str:
    """The marker of the page after this one of a ListHostedZonesResponse; empty after the last."""
    root = _parse(body)
    return _text(root, "NextMarker") if _text(root, "IsTruncated") == "true" else ""


def render_batch(changes: Sequence[Change]) -> bytes:
    """A ChangeResourceRecordSetsRequest."""
    parts = (f"<Change><Action>{change.action}</Action>{_render_set(change.record_set)}</Change>" for change in changes)
    batch = f"<ChangeBatch><Changes>{''.join(parts)}</Changes></ChangeBatch>"
    return _document("ChangeResourceRecordSetsRequest", batch)


def parse_zone_names(body: bytes) -> dict[str, str]:
    """Ids of the hosted zones in any answer that lists or shows some, with their names."""
    root = _parse(body)
    zones = [element for element in root.iter("HostedZone") if element.find("Id") is not None]
    return {_text(zone, "Id").rpartition("/")[2]: canonical(_text(zone, "Name")) for zone in zones}


def _parse(body: bytes) -> ET.Element:
    """The element tree without namespaces. A document type, which no AWS request has, is refused and with it every entity bomb."""
    try:
        if b"<!" in body:
            raise ET.ParseError("a document type declaration or comment")
        root = ET.fromstring(body)  # noqa: S314 - entities need a document type
    except ET.ParseError as error:
        raise Refusal("InvalidInput", f"Invalid XML ; {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _change(element: ET.Element) -> Change:
    written = _text(element, "Action")
    action = next((known for known in ACTIONS if known == written), None)
    set_element = element.find("ResourceRecordSet")
    if action is None:
        facets = f"is not facet-valid with respect to enumeration '[{', '.join(ACTIONS)}]'"
        message = (
            f"Invalid XML ; cvc-enumeration-valid: Value '{written}' {facets}. It must be a value from the enumeration."
        )
        raise Refusal("InvalidInput", message)
    if set_element is None:
        raise Refusal("InvalidInput", "Invalid XML ; the content of element 'Change' is not complete.")
    return Change(action, _record_set(set_element))


def _record_set(element: ET.Element) -> RecordSet:
    name = _text(element, "Name")
    if any(ord(letter) > 0xFF for letter in decoded(name)):  # wording not verified
        raise Refusal(
            "InvalidInput",
            f"FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{name}'",
        )
    target = element.find("AliasTarget")
    alias = None
    if target is not None:
        zone, target_name = _text(target, "HostedZoneId"), canonical(_text(target, "DNSName"))
        alias = AliasTarget(zone.rpartition("/")[2], target_name, _text(target, "EvaluateTargetHealth") == "true")
    weight = _number(element, "Weight")
    routing = [pair for tag in ROUTING for child in element.findall(tag) for pair in _paths(child, tag)]
    if weight is not None:
        routing = [(path, str(weight) if path == "Weight" else text) for path, text in routing]
    return RecordSet(
        name=canonical(name),
        rtype=_text(element, "Type"),
        identifier=_text(element, "SetIdentifier"),
        ttl=_number(element, "TTL"),
        values=tuple(_text(record, "Value") for record in element.findall("ResourceRecords/ResourceRecord")),
        alias=alias,
        routing=tuple(routing),
        health_check=_text(element, "HealthCheckId"),
    )


def _number(element: ET.Element, tag: str) -> int | None:
    """A child's whole number; None where there is no such child. Raises ``Refusal`` for what is none."""
    written = element.findtext(tag)
    if written is None:
        return None
    digits = written.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < MAX_DIGITS):
        raise Refusal(
            "InvalidInput", f"Invalid XML ; cvc-datatype-valid: '{written}' is not a valid value for '{tag}'."
        )
    return int(digits)


def _paths(element: ET.Element, path: str) -> Iterable[tuple[str, str]]:
    children = list(element)
    if not children:
        yield path, (element.text or "").strip()
    for child in children:
        yield from _paths(child, f"{path}/{child.tag}")


def render_change(change_id: str, status: str, submitted: datetime, root: str) -> bytes:
    """A ChangeResourceRecordSetsResponse or a GetChangeResponse."""
    info = f"<Id>/change/{change_id}</Id><Status>{status}</Status><SubmittedAt>{_stamp(submitted)}</SubmittedAt>"
    return _document(root, f"<ChangeInfo>{info}</ChangeInfo>")


def render_sets(zone: HostedZone, start: tuple[str, str, str], max_items: int) -> bytes:
    """A ListResourceRecordSetsResponse from the set at or after ``start`` (name, type, identifier; empty: from the first)."""
    begin = sort_key((canonical(start[0]), *start[1:])) if start[0] else ("", "", "")
    ordered = [record_set for record_set in zone.ordered() if sort_key(record_set.key) >= begin]
    page, after = ordered[:max_items], ordered[max_items : max_items + 1]
    body = f"<ResourceRecordSets>{''.join(map(_render_set, page))}</ResourceRecordSets>"
    body += f"<IsTruncated>{str(bool(after)).lower()}</IsTruncated><MaxItems>{max_items}</MaxItems>"
    for record_set in after:
        body += f"<NextRecordName>{escape(record_set.name)}</NextRecordName><NextRecordType>{record_set.rtype}</NextRecordType>"
        if record_set.identifier:
            body += f"<NextRecordIdentifier>{escape(record_set.identifier)}</NextRecordIdentifier>"
    return _document("ListResourceRecordSetsResponse", body)


def render_error(refused: Refusal, request_id: str) -> bytes:
    """What a refusal looks like. The complaints about a batch stand in brackets, as in the answers that people show in public threads."""
    text = f"[{', '.join(refused.messages)}]" if refused.code == "InvalidChangeBatch" else refused.messages[0]
    kind = "Sender" if refused.status < 500 else "Receiver"
    error = f"<Error><Type>{kind}</Type><Code>{refused.code}</Code><Message>{escape(text)}</Message></Error>"
    return _document("ErrorResponse", f"{error}<RequestId>{request_id}</RequestId>")


def with_counts(body: bytes, counts: dict[str, int]) -> bytes:
    """moto's answer with the numbers of record sets that the zones really hold; ``counts`` is by zone id."""
    parts = re.split(rb"(?=<HostedZone>)", body)
    return b"".join(_with_count(part, counts) for part in parts)


def with_list_end(body: bytes) -> bytes:
    """moto's list of health checks with what the API reference requires of it and moto leaves out: that there are no more."""
    end = b"</ListHealthChecksResponse>"
    if b"<IsTruncated>" in body or end not in body:
        return body
    return body.replace(end, b"<IsTruncated>false</IsTruncated><MaxItems>%d</MaxItems>%b" % (MAX_ITEMS, end))


def _with_count(part: bytes, counts: dict[str, int]) -> bytes:
    match = _ZONE_ID.search(part)
    count = counts.get(match[1].decode()) if match else None
    return part if count is None else _COUNT.sub(rb"\g<1>%d\g<2>" % count, part)


def _document(root: str, body: str) -> bytes:
    return f'<?xml version="1.0"?>\n<{root} xmlns="{NAMESPACE}">{body}</{root}>'.encode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _render_set(record_set: RecordSet) -> str:
    body = f"<Name>{escape(record_set.name)}</Name><Type>{record_set.rtype}</Type>"
    if record_set.identifier:
        body += f"<SetIdentifier>{escape(record_set.identifier)}</SetIdentifier>"
    body += _render_routing(record_set.routing)
    if record_set.ttl is not None:
        records = "".join(
            f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in record_set.values
        )
        body += f"<TTL>{record_set.ttl}</TTL><ResourceRecords>{records}</ResourceRecords>"
    if record_set.alias is not None:
        health = str(record_set.alias.evaluate_health).lower()
        target = (
            f"<HostedZoneId>{record_set.alias.zone}</HostedZoneId><DNSName>{escape(record_set.alias.name)}</DNSName>"
        )
        body += f"<AliasTarget>{target}<EvaluateTargetHealth>{health}</EvaluateTargetHealth></AliasTarget>"
    if record_set.health_check:
        body += f"<HealthCheckId>{escape(record_set.health_check)}</HealthCheckId>"
    return f"<ResourceRecordSet>{body}</ResourceRecordSet>"


def _render_routing(routing: Sequence[tuple[str, str]]) -> str:
    """The elements of a routing policy, nested as their paths say."""
    body = ""
    tags = list(dict.fromkeys(path.partition("/")[0] for path, _ in routing))
    for tag in tags:
        inner = [(path.partition("/")[2], text) for path, text in routing if path.partition("/")[0] == tag]
        whole = escape(inner[0][1]) if not inner[0][0] else _render_routing(inner)
        body += f"<{tag}>{whole}</{tag}>"
    return body
