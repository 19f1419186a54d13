"""Who may use the control API: checked before a request is looked at any further.

On loopback and on a Unix socket no token is needed, but a browser on this machine may have been sent here by any web page: by a form,
a script, or a host name that suddenly resolves to 127.0.0.1 (DNS rebinding). So there the ``Host`` must be a loopback address or
``localhost``, requests that a browser says come from a page are refused (``Origin``, and ``Sec-Fetch-Site`` of W3C Fetch Metadata), and
what changes something must be sent as ``application/json``, which a page cannot send elsewhere without asking first (Fetch standard,
CORS).

A console (``serve --console``) is a page of our own. Its requests may say that they come from a page, if that page is of this very origin.
What changes something must also show the secret that only our page holds, in ``X-Chaoskit-Console``, so that no other page can steer it.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Denial:
    """An HTTP status and what is wrong."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class PageAccess:
    """What our own page may do: ``secret`` is in the page alone, and ``public`` paths need no token, for a browser cannot show one yet."""

    secret: str
    public: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gate:
    """``token``: who does not show it is turned away; None where none is needed. ``local``: loopback or a Unix socket.

    ``watch_token``: who shows this one instead may look, and change nothing. ``admits`` says of a client's address whether it may come
    here at all. ``page`` None: there is no page of ours, so none may ask.
    """

    token: str | None
    local: bool
    admits: Callable[[str], bool] = lambda _: True
    page: PageAccess | None = None
    watch_token: str | None = None

    def check(
        self, method: str, headers: Mapping[str, str], client: str | None = None, path: str = ""
    ) -> Denial | None:
        """None lets the request pass. ``headers`` have lower-case names; ``client`` is None on a Unix socket."""
        if client is not None and not self.admits(client):
            return Denial(403, "this address may not control the server (--allow)")
        if self.token is not None and not (self.page and path in self.page.public):
            shown = headers.get("authorization", "")
            if self.watch_token is not None and _bears(shown, self.watch_token):
                if method not in ("GET", "HEAD"):
                    return Denial(403, "this link may watch and change nothing; the facilitator has another one")
            elif not _bears(shown, self.token):
                return Denial(401, "a token is needed: send the header Authorization: Bearer TOKEN (--token-file)")
        if self.local and not _is_local(headers.get("host", "")):
            return Denial(403, "the Host header must be localhost or a loopback address")
        return self._of_page(method, headers)

    def _of_page(self, method: str, headers: Mapping[str, str]) -> Denial | None:
        """Refuse what a page asks, unless it is ours."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") or (origin is not None and self.page is None):
            return Denial(403, "requests of web pages are refused")
        if self.page is None or (origin is None and site == "none"):
            return None
        if origin not in (None, f"http://{headers.get('host', '')}"):
            return Denial(403, "requests of other origins' pages are refused")
        shown = headers.get("x-chaoskit-console", "")
        if method not in ("GET", "HEAD") and not hmac.compare_digest(shown.encode(), self.page.secret.encode()):
            return Denial(403, "only the console's own page may change something; reload it")
        return None


def _bears(shown: str, token: str) -> bool:
    """Whether an Authorization header shows ``token`` (RFC 6750, 2.1); takes the same time wherever the two differ."""
    return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())


def lacks_json(method: str, headers: Mapping[str, str]) -> Denial | None:
    """The denial of a request that changes something and is not sent as JSON; ``headers`` have lower-case names."""
    if (
        method not in WITH_BODY
        or headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    ):
        return None
    return Denial(415, "send the header Content-Type: application/json, even without a body")


def _is_local(host: str) -> bool:
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not name or not port.isdigit():
        name = host
    name = name.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
