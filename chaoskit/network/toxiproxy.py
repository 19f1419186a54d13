"""The control of a Toxiproxy server (or of the embedded proxy, which speaks its API) by ``toxiproxy-python``.

The library (0.1.1) is kept on a short lead, because a chaos tool must know that its fault is on:

* Every change is read back from the server and compared; a difference is a ``ProxyError``. The library ignores status 500.
* Every operation has a deadline for its whole length. The library sets no time-outs, and ``requests``' own bound single reads only.
* The library keeps host and port in a class attribute, so two servers would be mixed up. Here they are set anew for each operation.
* Proxy variables of the environment are ignored: the server is ours, and near.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import requests
import toxiproxy.api
from toxiproxy import Toxiproxy

from chaoskit.errors import ProxyError
from chaoskit.network.liveness import ANSWER_WITHIN_S
from chaoskit.network.plan import ProxySpec
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Toxic
from chaoskit.registry import kind_of

T = TypeVar("T")

DEADLINE_S = 5.0
_LIBRARY = threading.Lock()  # the library's one address, and its one way to ``requests``
_KNOWN_TO_LIBRARY = (400, 404, 409)  # it raises for these, and takes anything else for success


class _Requests:
    """What ``toxiproxy.api`` calls ``requests``: the same three functions, with a time-out and an eye on the status."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, **arguments: Any) -> requests.Response:
        return self._request("GET", arguments)

    def post(self, **arguments: Any) -> requests.Response:
        return self._request("POST", arguments)

    def delete(self, **arguments: Any) -> requests.Response:
        return self._request("DELETE", arguments)

    def _request(self, method: str, arguments: dict[str, Any]) -> requests.Response:
        response = self._session.request(method, timeout=DEADLINE_S, allow_redirects=False, **arguments)
        if not response.ok and response.status_code not in _KNOWN_TO_LIBRARY:
            raise _Status(f"status {response.status_code}: {response.text[:300].strip()}")
        return response


class _Status(Exception):
    """The server answered with a status that the library would take for success."""


class ToxiproxyControl:
    """One server. Every method raises ``ProxyError`` when the server does not answer, refuses, or does not do what it was asked."""

    def __init__(self, host: str, port: int, deadline_s: float = DEADLINE_S) -> None:
        self.address = f"{host}:{port}"
        self._host, self._port = host, port
        self._deadline_s = deadline_s
        self._requests = _Requests()
        self._server = Toxiproxy()

    def version(self) -> str:
        """The server's version: a bare word up to 2.5, JSON since."""
        raw = self._do("tell its version", self._server.version)
        if raw is None:
            raise ProxyError(f"no Toxiproxy listens at {self.address}; start it, or name another with --toxiproxy")
        text: str = raw.decode("utf-8", "replace").strip()
        with suppress(ValueError, TypeError, KeyError):
            text = str(json.loads(text)["version"])
        return text

    def probe(self) -> None:
        """See that the server answers, and soon."""
        self._do("answer", self._server.version, ANSWER_WITHIN_S)

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        """Make these proxies, without toxics; the address at which each listens. Calling it again changes nothing."""
        wanted = list(proxies)
        plain = [{"name": spec.name, "listen": spec.listen, "upstream": spec.upstream} for spec in wanted]
        listening = self._proxies()
        # The library would replace a proxy whose port the kernel chose, because 0 is not the port it has.
        missing = [one for one, spec in zip(plain, wanted, strict=True) if not _matches(listening.get(spec.name), spec)]
        self._do("make the proxies", lambda: self._server.populate(missing))
        found = self._proxies()
        for spec in wanted:
            if not _matches(found.get(spec.name), spec):
                self._differs(f"proxy {spec.name}", f"{spec.listen} → {spec.upstream}, enabled", found.get(spec.name))
            for left_over in self._toxics(spec.name):
                self.remove_toxic(spec.name, left_over)
        return {spec.name: str(found[spec.name]["listen"]) for spec in wanted}

    def remove_proxy(self, name: str) -> None:
        """Take a proxy away, with its connections."""
        self._do(f"remove proxy {name}", lambda: self._proxy(name).destroy())
        if name in self._proxies():
            self._differs(f"proxy {name}", "none", name)

    def switch(self, proxy: str, *, on: bool) -> None:
        """Let a proxy listen, or not; off, it drops its connections. It comes back at the address that it had."""
        asked = {**self._proxies().get(proxy, {}), "enabled": on}

        def order() -> None:
            found = self._proxy(proxy)
            found.enable() if on else found.disable()

        self._do(f"switch proxy {proxy} {'on' if on else 'off'}", order)
        if (found := self._proxies().get(proxy)) != asked:
            self._differs(f"proxy {proxy}", asked, found)

    def add_toxic(self, proxy: str, name: str, toxic: Toxic, stream: Stream, toxicity: float) -> None:
        """Put a toxic on a proxy."""
        asked = {"type": kind_of(toxic), "stream": stream, "toxicity": toxicity, "attributes": toxic.attributes()}
        self._do(f"add toxic {name} to {proxy}", lambda: self._proxy(proxy).add_toxic(name=name, **asked))
        found = self._toxics(proxy).get(name)
        if found is None or not _same_toxic(asked, found):
            self._differs(f"toxic {name} on {proxy}", asked, found)

    def remove_toxic(self, proxy: str, name: str) -> None:
        """Take a toxic off."""
        self._do(f"remove toxic {name} from {proxy}", lambda: self._proxy(proxy).destroy_toxic(name))
        if found := self._toxics(proxy).get(name):
            self._differs(f"toxic {name} on {proxy}", "none", found)

    def reset(self) -> None:
        """Every proxy listens, and none has a toxic."""
        self._do("reset", self._server.reset)
        for name, proxy in self._proxies().items():
            toxics = self._toxics(name)
            if not proxy["enabled"] or toxics:
                self._differs(f"proxy {name} after a reset", "enabled, no toxics", {**proxy, "toxics": list(toxics)})

    def _proxy(self, name: str) -> Any:
        proxy = self._server.get_proxy(name)
        if proxy is None:
            raise _Status(f"it has no proxy {name}")
        return proxy

    def _proxies(self) -> dict[str, dict[str, Any]]:
        found = self._do("list its proxies", self._server.proxies)
        return {
            name: {"listen": proxy.listen, "upstream": proxy.upstream, "enabled": proxy.enabled}
            for name, proxy in found.items()
        }

    def _toxics(self, proxy: str) -> dict[str, dict[str, Any]]:
        found = self._do(f"list the toxics of {proxy}", lambda: self._proxy(proxy).toxics())
        return {name: dict(vars(toxic)) for name, toxic in found.items()}

    def _do(self, what: str, operation: Callable[[], T], deadline_s: float | None = None) -> T:
        """Run one operation of the library, for this server, within the deadline."""
        deadline_s = self._deadline_s if deadline_s is None else min(deadline_s, self._deadline_s)
        done: list[T] = []
        errors: list[Exception] = []

        def run() -> None:
            try:
                done.append(operation())
            except Exception as error:  # noqa: BLE001 - handed to the caller, who says what was asked
                errors.append(error)

        with _LIBRARY:
            self._server.update_api_consumer(self._host, self._port)
            toxiproxy.api.requests = self._requests
            worker = threading.Thread(target=run, name="toxiproxy", daemon=True)
            worker.start()
            worker.join(deadline_s)
        if worker.is_alive():
            self._requests = _Requests()  # the stuck thread keeps the old session
            reason = f"no answer within {deadline_s:g} s"
        elif errors:
            reason = _reason(errors[0])
        else:
            return done[0]
        raise ProxyError(
            f"the proxy at {self.address} was asked to {what}: {reason}; see that it is a Toxiproxy 2 and is well"
        ) from (errors[0] if errors else None)

    def _differs(self, what: str, asked: object, found: object) -> None:
        raise ProxyError(
            f"{what} at {self.address}: asked for {asked}, but it has {found}; see that nobody else drives this proxy"
        )


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    detail = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return detail.strip() or type(error).__name__


def _matches(found: dict[str, Any] | None, spec: ProxySpec) -> bool:
    if found is None or not found["enabled"] or found["upstream"] != spec.upstream:
        return False
    listen = str(found["listen"])
    host, _, port = spec.listen.rpartition(":")
    return listen == spec.listen or (port == "0" and listen.rpartition(":")[0] == host)


def _same_toxic(asked: dict[str, Any], found: dict[str, Any]) -> bool:
    same = all(found.get(field) == asked[field] for field in ("type", "stream", "attributes"))
    return same and abs(found.get("toxicity", -1) - asked["toxicity"]) < 1e-6  # Toxiproxy keeps it as a float32
