"""What each toxic does to the bytes, on new connections and on open ones.

Times are lower bounds only: a busy machine is late, never early.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.network.conformance.subject import Subject, ask, at_least, dial, echo, receive
from tests.network.conformance.waiting import until

STREAMS = ["upstream", "downstream"]
HOUR_MS = 3_600_000


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("already_open", [False, True])
def test_latency(subject: Subject, stream: str, already_open: bool) -> None:
    address = subject.proxy()
    if not already_open:
        subject.toxic("latency", stream=stream, latency=60)
    with dial(address) as client:
        if already_open:
            assert ask(client) == b"x"
            subject.toxic("latency", stream=stream, latency=60)
        for _ in range(2):
            with at_least(0.06):
                assert ask(client) == b"x"


def test_jitter_takes_away_at_most_itself(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("latency", latency=50, jitter=20)
    with dial(address) as client:
        for _ in range(4):
            with at_least(0.03):
                ask(client)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("already_open", [False, True])
def test_bandwidth(subject: Subject, stream: str, already_open: bool) -> None:
    address, sent = subject.proxy(), bytes(range(256)) * 100
    if not already_open:
        subject.toxic("bandwidth", stream=stream, rate=100)
    with dial(address) as client:
        if already_open:
            assert ask(client) == b"x"
            subject.toxic("bandwidth", stream=stream, rate=100)
        with at_least(0.25):  # 25.6 kB at 100 KB/s
            assert ask(client, sent) == sent


def test_bandwidth_lifted_loses_nothing(subject: Subject) -> None:
    address, sent = subject.proxy(), bytes(range(256)) * 100
    subject.toxic("bandwidth", stream="upstream", rate=1)
    with dial(address) as client:
        client.sendall(sent)
        assert receive(client, 100) == sent[:100]
        subject.lift()
        assert receive(client, len(sent) - 100) == sent[100:]


def test_bandwidth_of_zero_holds_everything_until_it_is_lifted(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("bandwidth", rate=0)
    with dial(address) as client:
        client.sendall(b"abc")
        client.settimeout(0.15)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        subject.lift()
        assert receive(client, 3) == b"abc"


@pytest.mark.parametrize("already_open", [False, True])
def test_slow_close(subject: Subject, already_open: bool) -> None:
    may_end = threading.Event()

    def one_answer(connection: socket.socket) -> None:
        connection.sendall(connection.recv(1))
        may_end.wait(30)

    address = subject.proxy(one_answer)
    if not already_open:
        subject.toxic("slow_close", delay=120)
    with dial(address) as client:
        assert ask(client) == b"x"
        if already_open:
            subject.toxic("slow_close", delay=120)
        with at_least(0.12):
            may_end.set()
            assert client.recv(1) == b""


def test_slow_close_lifted_closes_at_once(subject: Subject) -> None:
    address = subject.proxy(lambda connection: connection.sendall(b"bye"))
    subject.toxic("slow_close", delay=HOUR_MS)
    with dial(address) as client:
        assert receive(client, 3) == b"bye"
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        subject.lift()
        assert client.recv(1) == b""


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("already_open", [False, True])
def test_slicer(subject: Subject, stream: str, already_open: bool) -> None:
    address, sent = subject.proxy(), bytes(range(250)) * 4
    asked = {"average_size": 100, "size_variation": 20, "delay": 8000}
    if not already_open:
        subject.toxic("slicer", stream=stream, **asked)
    with dial(address) as client:
        if already_open:
            assert ask(client) == b"x"
            subject.toxic("slicer", stream=stream, **asked)
        with at_least(8 * 0.008):  # 1000 bytes in pieces of at most 120: nine or more, eight pauses between them
            assert ask(client, sent) == sent


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("already_open", [False, True])
def test_limit_data(subject: Subject, stream: str, already_open: bool) -> None:
    came: list[bytes] = []

    def service(connection: socket.socket) -> None:
        while data := connection.recv(1 << 16):
            came.append(data)
            connection.sendall(data)

    address = subject.proxy(service)
    if not already_open:
        subject.toxic("limit_data", stream=stream, bytes=5)
    with dial(address) as client:
        before = b""
        if already_open:
            before = ask(client)
            subject.toxic("limit_data", stream=stream, bytes=5)
        client.sendall(b"1234567")
        if stream == "downstream":
            assert receive(client, 9) == b"12345"
        else:
            until(lambda: b"".join(came) == before + b"12345")
            receive(client, 9)  # what the service answered may be lost, but the connection ends
        assert client.recv(1) == b""


def test_limit_data_counts_on_when_it_is_changed(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("limit_data", bytes=1000)
    with dial(address) as client:
        assert ask(client, b"abc") == b"abc"
        assert subject.call("POST", "/proxies/p/toxics/t", {"attributes": {"bytes": 5}})[0] == 200
        client.sendall(b"defgh")
        assert receive(client, 9) == b"de"


def test_what_a_limit_let_through_is_delivered_by_later_toxics(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("limit_data", bytes=2)
    subject.add({"name": "then", "type": "latency", "attributes": {"latency": 50}})
    with dial(address) as client:
        client.sendall(b"123")
        assert receive(client, 9) == b"12"


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("already_open", [False, True])
def test_timeout(subject: Subject, stream: str, already_open: bool) -> None:
    address = subject.proxy()
    if not already_open:
        subject.toxic("timeout", stream=stream, timeout=80)
    with dial(address) as client:
        if already_open:
            assert ask(client) == b"x"
            subject.toxic("timeout", stream=stream, timeout=80)
        else:  # whatever comes starts the time anew
            with at_least(0.08):
                client.sendall(b"x")
                assert client.recv(1) == b""
            return
        assert client.recv(1) == b"", "silence is enough"


def test_timeout_zero_holds_until_lifted_and_then_closes(subject: Subject) -> None:
    came: list[bytes] = []

    def service(connection: socket.socket) -> None:
        while data := connection.recv(1 << 16):
            came.append(data)
            connection.sendall(data)

    address = subject.proxy(service)
    subject.toxic("timeout", timeout=0)
    with dial(address) as client:
        client.sendall(b"x")
        until(lambda: came == [b"x"])  # the other stream is not touched
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        subject.lift()
        assert client.recv(1) == b"", "a stream with a hole does not go on"


@pytest.mark.parametrize("stream", STREAMS)
def test_reset_peer(subject: Subject, stream: str) -> None:
    address = subject.proxy()
    subject.toxic("reset_peer", stream=stream, timeout=40)
    with dial(address) as client, at_least(0.04):
        client.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_reset_peer_on_an_open_connection(subject: Subject) -> None:
    address = subject.proxy()
    with dial(address) as client:
        assert ask(client) == b"x"
        subject.toxic("reset_peer", stream="upstream", timeout=0)
        client.sendall(b"x")
        if subject.has("reset_peer ends an open connection with EOF"):
            assert client.recv(1) == b""
        else:
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_toxics_act_one_after_another(subject: Subject) -> None:
    address = subject.proxy()
    for name in ("t", "u"):
        subject.add({"name": name, "type": "latency", "attributes": {"latency": 40}})
    subject.add({"name": "v", "type": "latency", "stream": "upstream", "attributes": {"latency": 40}})
    with dial(address) as client, at_least(0.12):
        assert ask(client) == b"x"


def test_an_update_meets_open_connections_and_loses_nothing(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("latency", latency=HOUR_MS)
    with dial(address) as client:
        client.sendall(b"a")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        assert subject.call("POST", "/proxies/p/toxics/t", {"attributes": {"latency": 50}})[0] == 200
        assert client.recv(1) == b"a"
        with at_least(0.05):
            assert ask(client, b"b") == b"b"


def test_a_deleted_toxic_lets_go_of_open_connections(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("latency", latency=HOUR_MS)
    with dial(address) as client:
        client.sendall(b"a")
        subject.lift()
        assert client.recv(1) == b"a"
        assert ask(client, b"b") == b"b"


ALL = {
    "latency": {"latency": HOUR_MS},
    "bandwidth": {"rate": 0},
    "slow_close": {"delay": HOUR_MS},
    "slicer": {"average_size": 1, "delay": 1_000_000_000},
    "limit_data": {"bytes": 0},
    "timeout": {"timeout": 1},
    "reset_peer": {"timeout": 0},
}


@pytest.mark.parametrize("kind", ALL)
def test_toxicity_zero_never_bites(subject: Subject, kind: str) -> None:
    may_end = threading.Event()

    def service(connection: socket.socket) -> None:
        connection.sendall(connection.recv(3))
        connection.sendall(connection.recv(3))
        may_end.wait(30)

    address = subject.proxy(service)
    subject.add({"name": "t", "type": kind, "toxicity": 0.0, "attributes": ALL[kind]})
    bites = subject.has("toxicity 0 bites")
    with dial(address) as client:
        assert ask(client, b"abc") == b"abc"
        if kind == "timeout":
            subject.lift()
            if bites:
                with suppress(ConnectionError):
                    assert client.recv(1) == b"", "closed when lifted"
                return
        assert ask(client, b"def") == b"def"
        may_end.set()
        if kind == "reset_peer" and bites:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        else:
            assert client.recv(1) == b""


def test_toxicity_is_a_share_of_connections(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("limit_data", toxicity=0.5, bytes=0)
    bitten = 0
    for _ in range(100):
        with dial(address) as client:
            client.sendall(b"x")
            bitten += client.recv(1) == b""
    assert 20 <= bitten <= 80, "fair coins leave this range once in 10^9 times"


def test_a_delete_does_not_hang_behind_a_stalled_receiver(subject: Subject) -> None:
    enough = 32 << 20

    def flood(connection: socket.socket) -> None:
        connection.sendall(bytes(enough))
        connection.recv(1)

    address = subject.proxy(flood)
    subject.toxic("slicer", average_size=1 << 20)
    with dial(address) as client:
        assert client.recv(1) == b"\0"
        _let_it_fill(subject, address)
        if subject.has("a delete hangs"):
            with pytest.raises(TimeoutError):
                subject.ask("DELETE", "/proxies/p/toxics/t", timeout_s=0.5)
        else:
            subject.lift()
        assert len(receive(client, enough - 1)) == enough - 1


def _let_it_fill(subject: Subject, address: str) -> None:
    """Until the proxy sends the client nothing more: the queue of its socket (proc(5), ``tx_queue``) does not move."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system does not tell the fill of its sockets")
    port = f":{int(address.rpartition(':')[2]):04X}"
    seen: list[str] = []

    def settled() -> bool:
        rows = [line.split() for line in table.read_text().splitlines()]
        seen.append(" ".join(row[4] for row in rows if row[1].endswith(port) and row[3] == "01"))
        return len(seen) > 30 and len(set(seen[-30:])) == 1

    until(settled)


def test_a_client_that_half_closes_gets_its_answer(subject: Subject) -> None:
    def at_the_end(connection: socket.socket) -> None:
        whole = b""
        while data := connection.recv(1 << 16):
            whole += data
        connection.sendall(whole[::-1])

    address = subject.proxy(at_the_end)
    with dial(address) as client:
        client.sendall(b"abc")
        client.shutdown(socket.SHUT_WR)
        answer = receive(client, 3)
    if not subject.has("a half-close closes"):
        assert answer == b"cba"
    # Toxiproxy closes both sides then; whether the answer is faster than that is a race, so nothing can be held to it.


@pytest.mark.parametrize("stream", STREAMS)
def test_bytes_pass_whole_through_every_toxic_that_only_delays(subject: Subject, stream: str) -> None:
    address, sent = subject.proxy(echo), bytes(range(256)) * 4000
    for kind, attributes in {
        "latency": {"latency": 5, "jitter": 5},
        "slicer": {"average_size": 9000, "size_variation": 5000, "delay": 10},
        "bandwidth": {"rate": 5000},
        "limit_data": {"bytes": len(sent) + 1},
        "slow_close": {"delay": 5},
    }.items():
        subject.add({"name": kind, "type": kind, "stream": stream, "attributes": attributes})
    with dial(address) as client:
        sender = threading.Thread(target=client.sendall, args=(sent,))
        sender.start()
        assert receive(client, len(sent)) == sent
        sender.join()
