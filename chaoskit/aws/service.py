"""The mock services: moto as a WSGI application, seeded in-process and without any network."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from chaoskit.aws.evidence import ARRIVED, BROKE, UNDERSCORED, Application, BrokenBody, Environ, cut_short, whole
from chaoskit.aws.faults import Request, Response
from chaoskit.aws.forms import error as error_response
from chaoskit.aws.forms import form_of
from chaoskit.aws.services import SERVICES, wire_name
from chaoskit.aws.unrouted import answer_mistake, answer_unrouted
from chaoskit.errors import PlaneError
from chaoskit.journal.events import RequestArrived

DEFAULT_TABLE = "chaoskit"
DEFAULT_ITEM = {"id": {"S": "1"}}

_SCOPE = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
)

# A read that touches nothing: it makes moto load the service, so that the first client's request is not the slow one.
_CHEAP_READS = {
    "ec2": ("2016-11-15", "DescribeRegions"),
    "sts": ("2011-06-15", "GetCallerIdentity"),
    "sqs": ("2012-11-05", "ListQueues"),
    "elbv2": ("2015-12-01", "DescribeTargetGroups"),
}
_FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
_IMAGE = "ami-00000000"  # moto knows none, and starts what it is told


_S3_HOST = re.compile(
    r"(?P<bucket>.+\.)?s3(?:-fips|-accelerate)?(?:\.dualstack)?\.(?P<rest>(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?)"
)
_UNDERSCORED_IN_MOTO = "moto.preserved_header_names"
"""Where moto looks for the names of metadata that have an underscore, by their key in the environ."""

_BY_WIRE = {facts.wire: str(name) for name, facts in SERVICES.items()}
_HOSTED_ZONES = "/2013-04-01/hostedzone"


def _instances(number: int) -> dict[str, str]:
    return {"ImageId": _IMAGE, "InstanceType": "t3.micro", "MinCount": str(number), "MaxCount": str(number)}


def _bucket_configuration(region: str) -> bytes:
    """A bucket is made in us-east-1 when nothing is said, and only there may nothing be said (S3 API Reference, CreateBucket)."""
    if region == "us-east-1":
        return b""
    place = f"<LocationConstraint>{region}</LocationConstraint>"
    xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<CreateBucketConfiguration xmlns="{xmlns}">{place}</CreateBucketConfiguration>'.encode()


def _element(name: str, xml: bytes) -> str:
    """The text of the first element of that name. Raises ``PlaneError`` when there is none."""
    found = re.search(rb"<%b>([^<]+)" % name.encode(), xml)
    if found is None:
        raise PlaneError(f"moto's answer has no {name}: {xml[:500]!r}; is this moto's version one that chaoskit knows?")
    return found[1].decode()


def _environ_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


def plain_host(host: str) -> str:
    """An S3 host name as moto reads it: of all ways to say FIPS, dual stack and acceleration, none matters to what is stored."""
    name, colon, port = host.partition(":")
    match = _S3_HOST.fullmatch(name)
    return f"{match['bucket'] or ''}s3.{match['rest']}{colon}{port}" if match else host


def _read_body(environ: Environ) -> bytes:
    """The whole body, which is put back for moto; only S3's are too large for this. Raises ``BrokenBody`` when the client broke off."""
    declared = environ.get("CONTENT_LENGTH") or "0"
    body: bytes = environ["wsgi.input"].read(*([] if environ.get("wsgi.input_terminated") else [int(declared)]))
    if len(body) < int(declared):
        raise BrokenBody(f"it ended after {len(body)} of {declared} bytes")
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _being_handled() -> tuple[Any, ...]:
    """The exception that is being handled, which allows a second beginning of a response (PEP 3333)."""
    handled = sys.exc_info()
    return (handled,) if handled[0] else ()


def _send(response: Response, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers, *_being_handled())
    return [response.body if environ["REQUEST_METHOD"] != "HEAD" else b""]


class MockServices:
    """moto in server mode. It tells services apart by the SigV4 credential scope, so any host name works."""

    def __init__(self) -> None:
        # Read when moto is imported. Without it moto builds 500 machine images that no client here asks for.
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        import moto
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.version: str = moto.__version__
        self.backend: Application = DomainDispatcherApplication(create_backend_app)

    def application(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The services. An exception in moto is an answer of 500 that says so, and no end of anything else."""
        arrived: RequestArrived | None = environ.get(ARRIVED)
        service = _BY_WIRE.get(arrived.service) if arrived else None
        if arrived and service:
            response = answer_unrouted(service, arrived.operation, arrived.request, environ)
            if response is not None:
                return _send(response, environ, start_response)
            if service == "s3":
                environ[_UNDERSCORED_IN_MOTO] = {
                    _environ_key(name): name for name in environ.get(UNDERSCORED, ()) if name.startswith("x-amz-meta-")
                }
                environ["HTTP_HOST"] = plain_host(environ.get("HTTP_HOST", ""))
        body = _read_body(environ) if arrived and service != "s3" else b""
        try:
            return [whole(self.backend(environ, start_response))]
        except BrokenBody:
            raise
        except Exception as error:  # whatever it is, it is one request's
            if arrived is None or cut_short(environ["wsgi.input"]):
                raise
            if service and (answer := answer_mistake(service, arrived.operation, arrived.request, environ, body)):
                return _send(answer, environ, start_response)
            environ[BROKE] = f"moto {self.version} broke on {arrived.service} {arrived.operation}: {error!r}"
            form = form_of(service or "", targeted="HTTP_X_AMZ_TARGET" in environ)
            request = Request(service or arrived.service, arrived.operation, arrived.request, form)
            return _send(error_response(request, 500, "InternalFailure", environ[BROKE]), environ, start_response)

    def items_of(self, table: str, region: str) -> list[dict[str, Any]]:
        """What a DynamoDB table holds now. Raises ``PlaneError`` when there is no such table."""
        items: list[dict[str, Any]] = json.loads(self.call_dynamodb("Scan", {"TableName": table}, region))["Items"]
        return items

    def seed(self, services: Mapping[str, Any], regions: Sequence[str]) -> None:
        """Create in each region what the plan wants and read it once. Raises ``PlaneError`` when moto refuses.

        moto loads a service when it is first asked for it, so no other than these costs any time. Buckets and hosted zones are no
        region's own, so they are made in the first.
        """
        for number, region in enumerate(regions):
            self._seed_region(services, region, first=number == 0)

    def _seed_region(self, services: Mapping[str, Any], region: str, *, first: bool) -> None:
        for service, given in services.items():
            wanted = given or {}
            if service == "dynamodb":
                self._seed_tables(wanted.get("tables") or {}, region)
            if wanted.get("instances"):
                self.call_query(service, region, "RunInstances", _instances(wanted["instances"]))
            for name, targets in (wanted.get("target_groups") or {}).items():
                self._seed_target_group(name, targets, region)
            for bucket in (wanted.get("buckets") or ()) if first else ():
                self.call(service, region, _bucket_configuration(region), {}, method="PUT", path=f"/{bucket}")
            for queue in wanted.get("queues") or ():
                self.call_query(service, region, "CreateQueue", {"QueueName": queue})
            for zone in (wanted.get("hosted_zones") or ()) if first else ():
                self._seed_hosted_zone(zone, region)
            if service in _CHEAP_READS:
                self.call_query(service, region, _CHEAP_READS[service][1], {})
            elif service == "s3":
                self.call(service, region, b"", {}, method="GET")
            elif service == "route53":
                self.call(service, region, b"", {}, method="GET", path=_HOSTED_ZONES)

    def _seed_target_group(self, name: str, targets: int, region: str) -> None:
        """A target group of ``targets`` addresses in the default VPC: 10.0.0.1, 10.0.0.2 …"""
        network = _element("vpcId", self.call_query("ec2", region, "DescribeVpcs", {}))
        wanted = {"Name": name, "TargetType": "ip", "Protocol": "HTTP", "Port": "80", "VpcId": network}
        arn = _element("TargetGroupArn", self.call_query("elbv2", region, "CreateTargetGroup", wanted))
        members = {f"Targets.member.{n}.Id": f"10.0.0.{n}" for n in range(1, targets + 1)}
        if members:
            self.call_query("elbv2", region, "RegisterTargets", {"TargetGroupArn": arn, **members})

    def _seed_hosted_zone(self, name: str, region: str) -> None:
        xml = (
            '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<Name>{escape(name)}</Name><CallerReference>{escape(name)}</CallerReference></CreateHostedZoneRequest>"
        )
        self.call("route53", region, xml.encode(), {"CONTENT_TYPE": "text/xml"}, path=_HOSTED_ZONES)

    def call_query(self, service: str, region: str, action: str, arguments: Mapping[str, str]) -> bytes:
        """One call in the query protocol."""
        form = urlencode({"Action": action, "Version": _CHEAP_READS[service][0], **arguments})
        return self.call(service, region, form.encode(), _FORM)

    def _seed_tables(self, tables: Mapping[str, Any], region: str) -> None:
        wanted: dict[str, Any] = {DEFAULT_TABLE: {"items": [DEFAULT_ITEM]}, **tables}
        for name, table in wanted.items():
            keys: dict[str, str] = (table or {}).get("key") or {"id": "S"}
            roles = ("HASH", "RANGE")[: len(keys)]
            create = {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": k, "AttributeType": t} for k, t in keys.items()],
                "KeySchema": [{"AttributeName": k, "KeyType": r} for k, r in zip(keys, roles, strict=True)],
            }
            self.call_dynamodb("CreateTable", create, region)
            for item in (table or {}).get("items") or []:
                self.call_dynamodb("PutItem", {"TableName": name, "Item": item}, region)
        read = self.call_dynamodb("GetItem", {"TableName": DEFAULT_TABLE, "Key": {"id": DEFAULT_ITEM["id"]}}, region)
        if DEFAULT_TABLE not in tables and json.loads(read).get("Item") != DEFAULT_ITEM:
            raise PlaneError(f"moto does not give back the item that was put into table {DEFAULT_TABLE}: {read!r}")

    def call_dynamodb(self, operation: str, arguments: Mapping[str, Any], region: str) -> bytes:
        headers = {
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{operation}",
        }
        return self.call("dynamodb", region, json.dumps(arguments).encode(), headers)

    def call(
        self,
        service: str,
        region: str,
        body: bytes,
        headers: dict[str, str],
        method: str = "POST",
        path: str = "/",
    ) -> bytes:
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        name = wire_name(service)
        host = "route53.amazonaws.com" if service == "route53" else f"{name}.{region}.amazonaws.com"
        environ = EnvironBuilder(path, base_url=f"http://{host}", method=method, data=body).get_environ()
        environ |= {"HTTP_AUTHORIZATION": _SCOPE.format(region=region, service=name), **headers}
        chunks, status, _ = run_wsgi_app(self.application, environ, buffered=True)
        answer = b"".join(chunks)
        if not status.startswith("2"):
            raise PlaneError(
                f"moto refused to seed {service}: {status} {answer[:500]!r}; mend the experiment's services"
            )
        return answer
