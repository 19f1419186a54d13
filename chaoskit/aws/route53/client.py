"""A small Route 53 client for any compatible endpoint: this project's own front, LocalStack, moto, a team's stub. Never AWS's own.

It signs with made-up credentials, in the form by which compatible endpoints tell services apart.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from chaoskit.aws.route53 import wire
from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.record_set import HostedZone
from chaoskit.errors import InputError, PlaneError

TIMEOUT_S = 10.0
_SCOPE = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0"
)
_PATH = "/2013-04-01/hostedzone"


class Endpoint:
    """A Route 53 API at ``url`` (``http://`` or ``https://``); ``ca`` is the file of the authority that an https one is trusted by.

    Raises ``InputError`` for a URL that is none, or that is AWS's own.
    """

    def __init__(self, url: str, ca: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url} is no endpoint; write http://HOST:PORT or https://HOST:PORT")
        if parts.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) and ca is None:
            raise InputError(
                f"{url} is AWS's own; name a compatible endpoint of your own, such as http://127.0.0.1:5000"
            )
        self.url = url
        self._parts = parts
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None

    def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of one request. Raises ``PlaneError`` if nobody answers."""
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)
        try:
            with closing(connection):
                headers = {"Authorization": _SCOPE, "Content-Type": "text/xml"}
                connection.request(method, path, body or None, headers)
                response = connection.getresponse()
                return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise PlaneError(f"Route 53 at {self.url} does not answer ({error!r}); is it running?") from error

    def create_zone(self, name: str, reference: str) -> str:
        """Make a hosted zone; returns its id."""
        inner = f"<Name>{escape(name)}</Name><CallerReference>{escape(reference)}</CallerReference>"
        body = f'<CreateHostedZoneRequest xmlns="{wire.NAMESPACE}">{inner}</CreateHostedZoneRequest>'
        return next(iter(wire.parse_zone_names(self._expect("POST", _PATH, body.encode()))))

    def delete_zone(self, zone_id: str) -> None:
        """Delete a hosted zone that has only its SOA and NS."""
        self._expect("DELETE", f"{_PATH}/{zone_id}")

    def find_zone(self, name: str) -> str | None:
        """The id of the first hosted zone of this name (with the final dot); None if there is none."""
        query: dict[str, str] = {}
        while True:
            page = self._expect("GET", f"{_PATH}?{urlencode(query)}")
            zone_id = next((zone_id for zone_id, known in wire.parse_zone_names(page).items() if known == name), None)
            marker = wire.next_marker(page)
            if zone_id is not None or not marker:
                return zone_id
            query = {"marker": marker}

    def read_zone(self, zone_id: str, name: str) -> HostedZone:
        """All that a hosted zone holds; several requests where it has many sets."""
        sets = []
        query: dict[str, str] | None = {}
        while query is not None:
            page = self._expect("GET", f"{_PATH}/{zone_id}/rrset?{urlencode(query)}")
            sets += wire.parse_record_sets(page)
            query = wire.next_page(page) or None
        return HostedZone(zone_id, name, {record_set.key: record_set for record_set in sets})

    def change(self, zone_id: str, changes: Sequence[Change]) -> tuple[bool, str]:
        """Send a batch; whether it was accepted, and the answer's text."""
        status, answer = self.call("POST", f"{_PATH}/{zone_id}/rrset/", wire.render_batch(changes))
        return status == 200, f"{status} {answer.decode(errors='replace')}"

    def _expect(self, method: str, path: str, body: bytes = b"") -> bytes:
        status, answer = self.call(method, path, body)
        if not 200 <= status < 300:
            raise PlaneError(f"Route 53 at {self.url} refused {method} {path}: {status} {answer[:300]!r}")
        return answer
