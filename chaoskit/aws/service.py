"""The mock services: moto as a WSGI application, seeded in-process and without any network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from chaoskit.aws.evidence import Application
from chaoskit.errors import PlaneError

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
    "elasticloadbalancing": ("2015-12-01", "DescribeLoadBalancers"),
}


class MockServices:
    """moto in server mode. It tells services apart by the SigV4 credential scope, so any host name works."""

    def __init__(self) -> None:
        # Read when moto is imported. Without it moto builds 500 machine images that no client here asks for.
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        import moto
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.version: str = moto.__version__
        self.application: Application = DomainDispatcherApplication(create_backend_app)

    def seed(self, services: Mapping[str, Any], region: str) -> None:
        """Create what the plan wants and read it once. Raises ``PlaneError`` when moto refuses."""
        for service, wanted in services.items():
            if service == "dynamodb":
                self._seed_tables((wanted or {}).get("tables") or {}, region)
            elif service in _CHEAP_READS:
                version, action = _CHEAP_READS[service]
                form = f"Action={action}&Version={version}".encode()
                self._call(service, region, form, {"CONTENT_TYPE": "application/x-www-form-urlencoded"})
            elif service == "s3":
                self._call(service, region, b"", {}, method="GET")

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
            self._dynamodb("CreateTable", create, region)
            for item in (table or {}).get("items") or []:
                self._dynamodb("PutItem", {"TableName": name, "Item": item}, region)
        read = self._dynamodb("GetItem", {"TableName": DEFAULT_TABLE, "Key": {"id": DEFAULT_ITEM["id"]}}, region)
        if DEFAULT_TABLE not in tables and json.loads(read).get("Item") != DEFAULT_ITEM:
            raise PlaneError(f"moto does not give back the item that was put into table {DEFAULT_TABLE}: {read!r}")

    def _dynamodb(self, operation: str, arguments: Mapping[str, Any], region: str) -> bytes:
        headers = {
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{operation}",
        }
        return self._call("dynamodb", region, json.dumps(arguments).encode(), headers)

    def _call(self, service: str, region: str, body: bytes, headers: dict[str, str], method: str = "POST") -> bytes:
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        host = f"http://{service}.{region}.amazonaws.com"
        environ = EnvironBuilder("/", base_url=host, method=method, data=body).get_environ()
        environ |= {"HTTP_AUTHORIZATION": _SCOPE.format(region=region, service=service), **headers}
        chunks, status, _ = run_wsgi_app(self.application, environ, buffered=True)
        answer = b"".join(chunks)
        if not status.startswith("2"):
            raise PlaneError(
                f"moto refused to seed {service}: {status} {answer[:500]!r}; mend the experiment's services"
            )
        return answer
