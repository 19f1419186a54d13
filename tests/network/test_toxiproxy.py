"""The adapter: against both real proxies, and against servers that lie, fail, or never finish."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from chaoskit.errors import ProxyError
from chaoskit.host_port import host_port
from chaoskit.network.plan import ProxySpec
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.reset_peer import ResetPeer
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.network.toxiproxy import ToxiproxyControl
from chaoskit.units import MILLISECOND
from tests.network.servers import KINDS, answering, dripping, running

LATENCY = Latency(70 * MILLISECOND)


@pytest.fixture(params=KINDS)
def control(request: pytest.FixtureRequest) -> Iterator[ToxiproxyControl]:
    with running(request.param) as server:
        yield ToxiproxyControl(*server.address())


@pytest.fixture
def echo() -> Iterator[str]:
    """A service that sends back what comes, one connection at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    with connection:
                        while data := connection.recv(1 << 16):
                            connection.sendall(data)
                except ConnectionError:
                    continue
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield host_port(listener.getsockname())
        listener.shutdown(socket.SHUT_RDWR)


def spec(upstream: str, name: str = "svc@127.0.0.1", listen: str = "127.0.0.1:0") -> ProxySpec:
    return ProxySpec(name, "svc", listen, upstream)


def dial(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_fault_is_on_and_off_as_asked(control: ToxiproxyControl, echo: str) -> None:
    assert control.version()
    address = control.populate([spec(echo)])["svc@127.0.0.1"]
    assert control.populate([spec(echo)]) == {"svc@127.0.0.1": address}, "populating again must change nothing"
    control.add_toxic("svc@127.0.0.1", "rst", ResetPeer(), "upstream", 1.0)
    control.add_toxic("svc@127.0.0.1", "slow", LATENCY, "downstream", 0.3)
    with dial(address) as client:
        client.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    control.remove_toxic("svc@127.0.0.1", "rst")
    control.reset()
    with dial(address) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    control.remove_proxy("svc@127.0.0.1")
    with pytest.raises(ConnectionRefusedError):
        dial(address)


def test_a_proxy_is_switched_off_and_comes_back_where_it_was(control: ToxiproxyControl, echo: str) -> None:
    address = control.populate([spec(echo)])["svc@127.0.0.1"]
    control.add_toxic("svc@127.0.0.1", "slow", LATENCY, "downstream", 1.0)
    control.switch("svc@127.0.0.1", on=False)
    with pytest.raises(ConnectionRefusedError):
        dial(address)
    control.remove_toxic("svc@127.0.0.1", "slow")
    control.switch("svc@127.0.0.1", on=True)
    with dial(address) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    with pytest.raises(ProxyError, match="has no proxy gone"):
        control.switch("gone", on=False)


def test_a_proxy_that_is_not_switched_off_is_found_out() -> None:
    proxy = {"name": "p", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": True}
    with (
        answering(lambda method, path: (200, json.dumps({"p": proxy}).encode())) as address,
        pytest.raises(ProxyError, match="proxy p at"),
    ):
        ToxiproxyControl(*address).switch("p", on=False)


def test_populate_takes_left_over_toxics_off_and_moves_a_proxy(control: ToxiproxyControl, echo: str) -> None:
    control.populate([spec(echo)])
    control.add_toxic("svc@127.0.0.1", "old", Timeout(0), "downstream", 1.0)
    address = control.populate([spec(echo)])["svc@127.0.0.1"]
    with dial(address) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    control.populate([spec("127.0.0.1:9")])
    with pytest.raises(ProxyError, match="asked to add toxic old"):
        control.add_toxic("gone", "old", LATENCY, "downstream", 1.0)


def test_what_the_server_refuses_is_an_error(control: ToxiproxyControl, echo: str) -> None:
    control.populate([spec(echo)])
    control.add_toxic("svc@127.0.0.1", "slow", LATENCY, "downstream", 1.0)
    with pytest.raises(ProxyError, match="toxic already exists"):
        control.add_toxic("svc@127.0.0.1", "slow", LATENCY, "downstream", 1.0)
    with pytest.raises(ProxyError, match="toxic not found"):
        control.remove_toxic("svc@127.0.0.1", "none")
    with pytest.raises(ProxyError, match="has no proxy none"):
        control.remove_proxy("none")
    with pytest.raises(ProxyError, match=r"address already in use|Address already in use"):
        control.populate([spec(echo, "thief", echo)])


def test_two_servers_are_not_mixed_up(echo: str) -> None:
    """The library keeps one address for all its objects."""
    with running("embedded") as one, running("embedded") as two:
        first, second = ToxiproxyControl(*one.address()), ToxiproxyControl(*two.address())
        first.populate([spec(echo, "a")])
        second.populate([spec(echo, "b")])
        first.add_toxic("a", "slow", LATENCY, "downstream", 1.0)
        second.add_toxic("b", "slow", LATENCY, "downstream", 1.0)
        with pytest.raises(ProxyError, match="has no proxy b"):
            first.remove_proxy("b")


def test_a_failing_server_is_an_error() -> None:
    """The library takes status 500 for success."""
    with answering(lambda method, path: (500, b'{"error":"out of luck"}')) as address:
        control = ToxiproxyControl(*address)
        for operation in (control.reset, control.version, lambda: control.populate([spec("127.0.0.1:1")])):
            with pytest.raises(ProxyError, match=r"status 500: .*out of luck"):
                operation()


def test_a_server_that_says_yes_and_does_nothing_is_found_out() -> None:
    proxy = {"name": "p", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": True, "toxics": []}

    def lie(method: str, path: str) -> tuple[int, bytes]:
        if method == "GET":
            return 200, json.dumps([] if path.endswith("toxics") else {"p": proxy}).encode()
        return (204, b"") if method == "DELETE" or path == "/reset" else (200, b"{}")

    with answering(lie) as address:
        control = ToxiproxyControl(*address)
        control.reset()
        with pytest.raises(ProxyError, match=r"toxic slow on p .*asked for .*but it has None"):
            control.add_toxic("p", "slow", LATENCY, "downstream", 1.0)
        with pytest.raises(ProxyError, match="asked for none, but it has p"):
            control.remove_proxy("p")
        proxy["enabled"] = False
        with pytest.raises(ProxyError, match="after a reset"):
            control.reset()


@pytest.mark.parametrize(
    "changed", [{"toxicity": 0.5}, {"stream": "upstream"}, {"attributes": {"latency": 71, "jitter": 0}}]
)
def test_a_toxic_other_than_asked_is_found_out(changed: dict[str, object]) -> None:
    proxy = {"name": "p", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": True}
    toxic = {
        "name": "slow",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1,
        "attributes": LATENCY.attributes(),
    }

    def answer(method: str, path: str) -> tuple[int, bytes]:
        return 200, json.dumps([{**toxic, **changed}] if path.endswith("toxics") else {"p": proxy}).encode()

    with answering(answer) as address, pytest.raises(ProxyError, match="toxic slow on p"):
        ToxiproxyControl(*address).add_toxic("p", "slow", LATENCY, "downstream", 1.0)


@pytest.mark.parametrize("drop", [b"", b"X: y\r\n"], ids=["silent", "dripping"])
def test_a_server_that_never_finishes_is_given_up(drop: bytes) -> None:
    with dripping(drop) as address:
        control = ToxiproxyControl(*address, deadline_s=0.2)
        with pytest.raises(ProxyError, match=r"no answer within 0\.2 s"):
            control.version()


def test_proxy_variables_are_ignored(echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with running("embedded") as server:
        assert ToxiproxyControl(*server.address()).version().startswith("chaoskit")


def test_no_server_at_all_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ProxyError, match="no Toxiproxy listens at"):
        ToxiproxyControl("127.0.0.1", port).version()
