"""Errors as AWS's protocols write them, and which protocol a service speaks.

Sources: Smithy's "AWS JSON 1.0 protocol", "AWS query protocol", "AWS EC2 query protocol" and "AWS restXml protocol", each under
"Operation error serialization"; Amazon S3 API Reference, "REST error responses"; botocore's service models (``protocols``).
"""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from chaoskit.aws.faults import Form, Request, Response

_NAMESPACES = {"dynamodb": "com.amazonaws.dynamodb.v20120810", "sqs": "com.amazonaws.sqs"}
_FORMS: dict[str, Form] = {"dynamodb": "json", "ec2": "ec2", "s3": "s3", "route53": "rest_xml"}
_XMLNS = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "elbv2": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
    "sqs": "http://queue.amazonaws.com/doc/2012-11-05/",
}


def form_of(service: str, *, targeted: bool) -> Form:
    """The protocol of a request; ``targeted``: it has ``X-Amz-Target``, which tells SQS's JSON from its older query protocol."""
    return "json" if targeted else _FORMS.get(service, "query")


def error(request: Request, status: int, code: str, message: str) -> Response:
    """An error response of the service that ``request`` asks."""
    if request.form == "plain":
        return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{code}: {message}\n".encode())
    identity = f"00000000-0000-4000-8000-{request.number:012x}"
    if request.form == "json":
        return _json_error(request, status, code, message, identity)
    side = "Sender" if status < 500 else "Receiver"
    head = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.form == "ec2":
        body = f"<Response><Errors><Error>{head}</Error></Errors><RequestID>{identity}</RequestID></Response>"
        names = ["x-amzn-requestid"]
    elif request.form == "s3":
        body = f"<Error>{head}<RequestId>{identity}</RequestId><HostId>chaoskit</HostId></Error>"
        names = ["x-amz-request-id", "x-amz-id-2"]
    else:
        xmlns = _XMLNS.get(request.service, "")
        inner = f"<Error><Type>{side}</Type>{head}</Error><RequestId>{identity}</RequestId>"
        body = f'<ErrorResponse xmlns="{xmlns}">{inner}</ErrorResponse>'
        names = ["x-amzn-RequestId"]
    content_type = "application/xml" if request.form == "s3" else "text/xml"
    headers = (("Content-Type", content_type), *((name, identity) for name in names))
    return Response(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())


def _json_error(request: Request, status: int, code: str, message: str, identity: str) -> Response:
    namespace = _NAMESPACES.get(request.service, "com.amazon.coral.service")
    body = json.dumps({"__type": f"{namespace}#{code}", "message": message}).encode()
    headers = [("Content-Type", request.content_type or "application/x-amz-json-1.0"), ("x-amzn-RequestId", identity)]
    if request.service == "sqs":  # "awsQueryCompatible": clients written for the old protocol read the old code here
        headers.append(("x-amzn-query-error", f"{code};{'Sender' if status < 500 else 'Receiver'}"))
    return Response(status, tuple(headers), body)
