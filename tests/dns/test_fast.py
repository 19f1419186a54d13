"""The fast paths against the general one: the same bytes and the same log, whatever is asked and however faults flip."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.dns.channel import Datagram
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.spool import EventLog
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.templates import Templates
from chaoskit.dns.udp_plain import PlainUdp
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once, Ramp
from tests.dns.test_faults import ALL
from tests.dns.test_server import ZONE, has_ipv6
from tests.effort import examples

try:
    from chaoskit.dns import udp_batched

    BATCHED: list[Any] = [udp_batched.BatchedUdp]
except (ImportError, AttributeError):
    BATCHED = []

LOOPBACKS = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]


class GeneralUdp:
    """The general path alone: what the fast ones must equal."""

    def __init__(self, server: Server, udp: socket.socket, label: str) -> None:
        self.server, self.udp, self.label = server, udp, label

    def read(self) -> None:
        while True:
            try:
                data, address = self.udp.recvfrom(65535)
            except BlockingIOError:
                return
            self.server.receive(data, Datagram(self.label, address, self.udp))


PATHS: list[Callable[[Any, socket.socket, str], Any]] = [PlainUdp, *BATCHED]


class Desk:
    """One server behind one socket, read by hand, and an asker."""

    def __init__(self, path: Callable[[Any, socket.socket, str], Any], responder: Responder, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.clock = VirtualClock(1)
        self.log: list[QueryAnswered] = []
        self.server = Server(responder, self.clock, self.log.append)
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((host, 0))
        self.udp.setblocking(False)
        self.asker = socket.socket(family, socket.SOCK_DGRAM)
        self.asker.connect(self.udp.getsockname())
        self.asker.setblocking(False)
        self.path = path(self.server, self.udp, "cold")

    def ask(self, batch: list[bytes]) -> list[bytes]:
        """Everything that comes back at once; loopback has delivered when a call returns."""
        for data in batch:
            self.asker.send(data)
        self.path.read()
        assert not self.server.failed.done(), self.server.failed
        answers = []
        while True:
            try:
                answers.append(self.asker.recv(65535))
            except ConnectionRefusedError:
                continue
            except BlockingIOError:
                return answers

    def close(self) -> None:
        self.server.late.clear()  # they would find no socket
        self.udp.close()
        self.asker.close()


SMALL = {
    "apex": "small.test",
    "records": [{"name": "small.test", "rtype": "A", "ttl": 5, "data": f"127.0.2.{n}"} for n in range(3)],
}


def responder(*injections: Injection[Any, Any], origin: int = 0) -> Responder:
    return Responder(Zones.from_plan([ZONE, SMALL]), Timeline(injections, origin=origin), 7)


def injection(number: int, name: str, kind: str, start: int, length: int, chance: float, **parameters: Any) -> Any:
    fault = FAULTS.get(kind)(**parameters)
    return Injection(f"i{number}", DnsTarget(name), Once(start, length), fault, chance)


NAMES = [
    "api.test",
    "slow.api.test",
    "odd.api.test",
    "many.api.test",
    "no.api.test",
    "x.org",
    "",
    "w\\000\\065.api.test",
]
TYPES = [1, 28, 5, 2, 6, 15, 16, 255, 65, 97, 41, 65400, 251]


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    """Mostly well-formed queries, and some damage."""
    name = draw(st.sampled_from(NAMES))
    labels = [part.encode().replace(b"\\000", b"\0").replace(b"\\065", b"A") for part in name.split(".") if part]
    cased = [bytes(b ^ 0x20 if draw(st.booleans()) and chr(b).isalpha() else b for b in label) for label in labels]
    wire = b"".join(bytes([len(label)]) + label for label in cased) + b"\0"
    flags = draw(st.sampled_from([0x0100, 0, 0x0110, 0x0120, 0x0130, 0x0140, 0x4100, 0x2800, 0x8180]))
    rclass = draw(st.sampled_from([1, 1, 1, 1, 3, 255]))
    opt = draw(st.sampled_from([b"", b"", *OPTS]))
    head = struct.pack("!6H", draw(st.integers(0, 0xFFFF)), flags, 1, 0, 0, 1 if opt else 0)
    data = head + wire + struct.pack("!HH", draw(st.sampled_from(TYPES)), rclass) + opt
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=3)) + data[place:]
    return data


def opt(size: int, ttl: int = 0, options: bytes = b"") -> bytes:
    return b"\0" + struct.pack("!HHIH", 41, size, ttl, len(options)) + options


COOKIE = struct.pack("!HH", 10, 8) + b"abcdABCD"
OPTS = [opt(size) for size in (0, 512, 1232, 1400, 4096, 0x4161)]
OPTS += [
    opt(1232, 0x8000),
    opt(1232, 1 << 16),
    opt(1232, 0, COOKIE),
    opt(1232, 0, COOKIE.swapcase()),
    opt(1232, 0, b"\0\x0c\0\1"),
]

WHERES = [
    *map(DnsTarget, NAMES[:5]),
    DnsTarget(under="api.test"),
    DnsTarget(glob="*.api.test", types=("A", "AAAA")),
    DnsTarget("api.test", first=2),
    DnsTarget("many.api.test", every=2),
    DnsTarget(under="api.test", networks=("127.0.0.0/8",)),
    DnsTarget("api.test", clients=("somebody else",)),
]
WINDOWS = st.builds(Once, st.integers(0, 20), st.integers(1, 20)) | st.builds(
    Ramp, st.integers(0, 9), st.integers(1, 20), st.integers(1, 20)
)

FLIPS = st.lists(
    st.builds(Injection, st.uuids().map(str), st.sampled_from(WHERES), WINDOWS, st.sampled_from(ALL), st.sampled_from([1, 1, 0.5])),
    max_size=3,
)  # fmt: skip


def assert_alike(path: Any, host: str, batches: list[tuple[list[bytes], int]], injections: Sequence[Any]) -> None:
    """Ask each batch twice, then let time pass; ``path`` and the general one answer and log alike."""

    async def main() -> None:
        fast, general = (Desk(made, responder(*injections), host) for made in (path, GeneralUdp))
        peer = _peer(fast.asker)
        try:
            for batch, passes in batches:
                for repeat in range(2):  # the second time, what can be a template is one
                    # Answers may leave in another order, as datagrams may come in one.
                    assert sorted(fast.ask(batch)) == sorted(general.ask(batch)), (batch, repeat)
                for desk in (fast, general):
                    desk.clock.advance(passes)
        finally:
            fast.close()
            general.close()
        assert _in_order(fast.log) == _in_order(general.log)
        assert {event.peer for event in fast.log} <= {peer}

    asyncio.run(main())


@pytest.mark.parametrize("host", LOOPBACKS)
@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.lists(questions(), min_size=1, max_size=16), st.integers(0, 6)), min_size=1, max_size=8),
    FLIPS,
)
def test_the_same_bytes_and_log_as_the_general_path(
    path: Any, host: str, batches: list[tuple[list[bytes], int]], injections: list[Any]
) -> None:
    assert_alike(path, host, batches, injections)


def of_length(size: int, name: str = "api.test") -> bytes:
    """A query for A of that many bytes, filled up with EDNS padding (RFC 7830)."""
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    bare = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 1) + wire + struct.pack("!HH", 1, 1)
    padding = size - len(bare) - len(opt(1232)) - 4
    return bare + opt(1232, 0, struct.pack("!HH", 12, padding) + bytes(padding))


@pytest.mark.parametrize("host", LOOPBACKS)
@pytest.mark.parametrize("path", PATHS)
def test_questions_that_differ_in_their_length_alone_stay_apart(path: Any, host: str) -> None:
    whole = of_length(60)
    ends = [whole[:-2], whole[:-1], whole, whole + b"\0", whole + b"\0\0", whole + b"\0" * 36, whole + b"\0" * 300]
    lengths = [of_length(size) for size in (94, 95, 96, 97, 98, 130, 400, 1500)]
    mixed = [data.replace(b"api", b"aPi") for data in (*ends, *lengths)]
    assert_alike(path, host, [(ends, 1), (ends[::-1], 1), (lengths, 1), ([*ends, *mixed, *lengths] * 3, 1)], [])


def each_fault() -> list[list[Any]]:
    """Every fault alone and with each of some others, surely and by chance, on every name or counted."""
    everywhere, counted = DnsTarget(under="small.test"), DnsTarget(under="small.test", every=2)
    window = Once(0, 9)
    alone = [
        [Injection("i", where, window, fault, chance)]
        for fault in ALL
        for where, chance in ((everywhere, 1), (everywhere, 0.5), (counted, 1))
    ]
    pairs = zip(ALL, ALL[7:] + ALL[:7], strict=True)
    return alone + [[Injection(f"i{n}", everywhere, window, one) for n, one in enumerate(pair)] for pair in pairs]


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_every_fault_is_the_same_as_on_the_general_path(path: Any) -> None:
    batch = [
        query(name, number=n, rest=rest, extra=bool(rest))
        for n, name in enumerate([b"small.test", b"no.small.test"])
        for rest in (b"", OPTS[2])
    ]
    for injections in each_fault():
        assert_alike(
            path, "127.0.0.1", [(batch, 5), (batch, 5), (batch, 0)], injections
        )  # the last is after the window


@pytest.mark.parametrize("rtype", [0, 41, 53, 55, 249, 250, 252, 254, 255, 256, 65535])
def test_no_type_of_question_ends_the_server(rtype: int) -> None:
    async def main() -> None:
        for fault in ALL:
            desk = Desk(GeneralUdp, responder(Injection("i", DnsTarget("api.test"), Once(0, 9), fault)), "127.0.0.1")
            try:
                answers = desk.ask([query(b"api.test", rtype)])  # it asserts that the server lives
                if type(fault).__name__ == "WrongQuestion" and answers:
                    place = answers[0].index(0, 12) + 1  # after the name
                    assert answers[0][place : place + 2] == struct.pack("!H", rtype)
            finally:
                desk.close()

    asyncio.run(main())


def _in_order(log: Sequence[QueryAnswered]) -> list[str]:
    """What was logged, without the askers; at one instant, in any order."""
    return [
        repr(event)
        for event in sorted((event.with_fields(peer="") for event in log), key=lambda event: (event.at, repr(event)))
    ]


def _peer(asker: socket.socket) -> str:
    host, port = asker.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def query(name: bytes, rtype: int = 1, number: int = 7, rest: bytes = b"", extra: int = 0) -> bytes:
    wire = b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, extra) + wire + struct.pack("!HH", rtype, 1) + rest


def templates(made: Responder) -> Templates:
    found = Templates("cold", "udp", EventLog(lambda _: None))
    found.begin(made, 1)
    return found


def test_a_question_asked_again_is_a_template_whatever_its_case() -> None:
    found = templates(responder())
    first = found.find(query(b"api.test"), 1, 1)
    assert first is not None
    assert found.find(query(b"aPI.Test"), 1, 1) is first
    assert first.answer(query(b"aPI.Test", number=9))[:2] == b"\0\x09"
    assert b"\3aPI\4Test" in first.answer(query(b"aPI.Test"))


@pytest.mark.parametrize(
    ("kind", "chance", "cached"),
    [("empty", 1, True), ("nxdomain", 1, True), ("drop", 1, False), ("empty", 0.5, True), ("drop", 0.5, False)],
)
def test_what_varies_is_no_template(kind: str, chance: float, cached: bool) -> None:
    found = templates(responder(injection(1, "api.test", kind, 0, 10, chance)))
    assert (found.find(query(b"api.test"), 1, 1) is not None) == cached
    assert found.find(query(b"slow.api.test"), 1, 1) is not None, "its neighbour is untouched"


def test_a_delayed_answer_is_no_template() -> None:
    assert (
        templates(responder(injection(1, "api.test", "delay", 0, 10, 1, by=5))).find(query(b"api.test"), 1, 1) is None
    )


def test_a_fault_that_looks_at_the_asker_gets_no_template() -> None:
    class Nosy:
        def apply(self, query: Any, reply: Any, at: int, rng: Any) -> Any:
            return dataclasses.replace(reply, aa=query.client == "127.0.0.1")

    made = responder(Injection("i", DnsTarget("api.test"), Once(0, 10), Nosy()))
    assert templates(made).find(query(b"api.test"), 1, 1) is None


def test_types_whose_letters_differ_in_case_stay_apart() -> None:
    found = templates(responder())
    assert found.find(query(b"api.test", 65), 1, 1) is None
    assert found.find(query(b"api.test", 97), 1, 1) is None
    cookie = query(b"api.test", rest=opt(1232, 0, COOKIE), extra=1)
    assert found.find(cookie, 1, 1) is None


def test_names_outside_our_zones_take_no_memory() -> None:
    found = templates(responder())
    assert found.find(query(b"x.org"), 1, 1) is None
    assert not found.known
    assert not found.state.choices


def test_a_change_is_followed_and_the_rest_is_not_rebuilt() -> None:
    blank = injection(1, "api.test", "empty", 5, 10, 1)
    made = responder(blank)
    found = templates(made)

    def look(at: int) -> list[Any]:
        return [found.find(query(name), at, 1) for name in (b"api.test", b"slow.api.test")]

    before = look(1)
    assert not found.begin(made, 4)
    assert found.known
    assert not found.begin(made, 5)
    assert not found.known, "the fault is on from here"
    during = look(5)
    assert during[0].rest != before[0].rest
    assert during[1] is before[1]
    found.begin(made, 15)
    assert look(15) == before, "it comes back as it was"


def test_what_comes_after_the_next_change_is_made_ready() -> None:
    made = responder(injection(1, "api.test", "empty", 5, 10, 1))
    found = templates(made)
    asked = [query(name) for name in (b"api.test", b"slow.api.test")]
    before = [found.find(one, 1, 1) for one in asked]
    for _ in range(3):
        found.prepare()
    assert [found.known[one[2:]] for one in asked] == before, "nothing has changed yet"
    found.begin(made, 5)
    assert len(found.known) == 2
    assert found.known[asked[0][2:]].rest[4:6] == bytes(2), "no answers"
    assert found.known[asked[1][2:]] is before[1]
    found.begin(made, 15)
    assert not found.known, "this was not made ready"


def test_what_was_made_ready_is_unused_when_late_or_changed() -> None:
    windows = [injection(n, "api.test", "empty", 10 * n, 5, 1) for n in (1, 2)]
    made = responder(*windows)
    for responder_then, at in ((made, 17), (responder(), 12)):
        found = templates(made)
        found.find(query(b"api.test"), 1, 1)
        for _ in range(3):
            found.prepare()
        found.begin(responder_then, at)
        template = found.find(query(b"api.test"), at, 1)
        assert template is not None
        assert template.rest[4:6] != bytes(2), "it answers"


def test_a_new_timeline_holds_at_once_new_zones_a_generation() -> None:
    made = responder()
    found = templates(made)
    before = found.find(query(b"api.test"), 1, 1)
    blanked = dataclasses.replace(made, timeline=responder(injection(1, "api.test", "empty", 0, 9, 1)).timeline)
    assert not found.begin(blanked, 1)
    assert found.find(query(b"api.test"), 1, 1) is not before
    assert found.begin(made.with_zones(Zones.from_plan([ZONE])), 1)


def test_no_room_in_the_log_is_no_lasting_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(lambda _: None)
    found = Templates("cold", "udp", log)
    found.begin(responder(), 1)
    with monkeypatch.context() as full:
        full.setattr(log, "number", lambda _: None)
        assert found.find(query(b"api.test"), 1, 1) is None
    assert found.find(query(b"api.test"), 1, 1) is not None


def test_a_flood_of_names_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from chaoskit.dns import templates as module

    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    made = responder()
    found = templates(made)
    asked = 0
    while not found.begin(made, 1):
        assert found.find(query(b"n%d.api.test" % asked), 1, 1) is not None
        asked += 1
    assert 5 < asked < 20
    assert not found.known
