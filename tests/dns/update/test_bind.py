"""The same table put to BIND 9: its answer and what it then holds are ours."""

from __future__ import annotations

import itertools
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from chaoskit.dns.tsig_key import make_key
from chaoskit.dns.updater import UpdateRules
from tests.dns.update.lab import Content, Lab, canonical
from tests.dns.update.messages import CASES, Case, Message, master_file

NAMED = shutil.which("named") or next((path for path in ("/usr/sbin/named",) if Path(path).exists()), None)
PATIENCE_S = 60
SHUFFLES = 12
ANSWERED = [case for case in CASES if case.id != "a zone of another class"]
"""Of that one BIND 9.18 leaves a message unanswered now and then, and writes nothing about it."""
KEY = "updater.example"
SECRET = "c2l4dGVlbiBsZXR0ZXJzIQ=="

pytestmark = pytest.mark.skipif(NAMED is None, reason="BIND's named is not installed (Debian's package bind9)")


def apex_of(case: Case) -> str:
    """A zone for each case, so that they do not meet."""
    return f"z{CASES.index(case)}.test"


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a named with a zone for each case."""
    folder = tmp_path_factory.mktemp("bind")
    zones = ""
    for case in CASES:
        apex = apex_of(case)
        (folder / apex).write_text(master_file(apex))
        zones += f'zone "{apex}" {{ type primary; file "{folder / apex}"; allow-update {{ 127.0.0.0/8; }}; }};\n'
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for number in range(SHUFFLES):
        (folder / f"row{number}.test").write_text(master_file(f"row{number}.test"))
        zones += f'zone "row{number}.test" {{ type primary; file "{folder}/row{number}.test"; '
        zones += "allow-update { 127.0.0.0/8; }; };\n"
    (folder / "keyed.test").write_text(master_file("keyed.test"))
    zones += f'key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n'
    zones += f'zone "keyed.test" {{ type primary; file "{folder}/keyed.test"; allow-update {{ key "{KEY}"; }}; }};\n'
    (folder / "named.conf").write_text(
        f"""options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
        recursion no; notify no; dnssec-validation no; allow-transfer {{ any; }}; session-keyfile none; empty-zones-enable no;
        check-names primary ignore; }};
        controls {{ }};\n{zones}"""
    )
    command = [str(NAMED), "-g", "-c", str(folder / "named.conf"), "-n", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        lines = []
        try:
            for line in process.stderr:
                lines.append(line)
                if line.rstrip().endswith(" running") and "all zones loaded" not in line:
                    break
            else:
                pytest.fail("named did not start: " + "".join(lines[-5:]))
            # It goes on writing; nobody may let the pipe fill.
            with subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL):
                yield port
                process.terminate()
        finally:
            process.terminate()


def content(apex: str, port: int) -> Content:
    zone = dns.zone.Zone(apex, relativize=False)
    query, _ = dns.xfr.make_query(zone)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=port, timeout=PATIENCE_S)
    return {
        canonical(name.to_text(), dns.rdatatype.to_text(rdata.rdtype), ttl, rdata)
        for name, ttl, rdata in zone.iterate_rdatas()
    }


_asked = itertools.count(257)


def ask(port: int, data: bytes) -> bytes:
    """BIND's answer. Each message comes from an address of its own: BIND leaves a second FORMERR to one asker unsent, for fear of loops."""
    number = next(_asked)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 0))
        udp.settimeout(PATIENCE_S)
        udp.sendto(data, ("127.0.0.1", port))
        return udp.recv(4096)


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.id.replace(" ", "_"))
def test_bind_does_the_same(bind: int, case: Case) -> None:
    apex = apex_of(case)
    data = case.build(apex)
    theirs = ask(bind, data)
    lab = Lab(UpdateRules({apex: frozenset()}), apex)
    ours = lab.send(data)
    rcode = int.from_bytes(theirs[2:4], "big") & 0xF
    assert (dns.rcode.to_text(dns.rcode.from_flags(rcode, 0)), lab.answered().rcode) == (case.rcode, case.rcode)
    assert lab.content() == content(apex, bind)
    if case.rcode != "FORMERR":  # to what it cannot read BIND answers with the header alone, or with the question
        assert ours == theirs


@pytest.mark.parametrize("number", range(SHUFFLES))
def test_bind_does_the_same_in_any_order(bind: int, number: int) -> None:
    """All messages one after another, so that each meets what the others have left."""
    apex = f"row{number}.test"
    lab = Lab(UpdateRules({apex: frozenset()}), apex)
    for case in random.Random(number).sample(ANSWERED, len(ANSWERED)):
        data = case.build(apex)
        theirs = ask(bind, data)
        lab.send(data)
        rcode = dns.rcode.from_flags(int.from_bytes(theirs[2:4], "big"), 0)
        assert (case.id, lab.answered().rcode) == (case.id, dns.rcode.to_text(rcode))
        assert (case.id, lab.content()) == (case.id, content(apex, bind))


def _good(message: Message) -> None:
    message.use_tsig(dns.tsig.Key(KEY, SECRET, "hmac-sha256"))


def _unsigned(message: Message) -> None:
    pass


def _badsig(message: Message) -> None:
    message.use_tsig(dns.tsig.Key(KEY, "YW5vdGhlciBzaXh0ZWVuIQ==", "hmac-sha256"))


def _badkey(message: Message) -> None:
    message.use_tsig(dns.tsig.Key("stranger.example", SECRET, "hmac-sha256"))


def _bad_algorithm(message: Message) -> None:
    message.use_tsig(dns.tsig.Key(KEY, SECRET, "hmac-sha512"))


@pytest.mark.parametrize("sign", [_good, _unsigned, _badsig, _badkey, _bad_algorithm])
@pytest.mark.parametrize("hours", [0, 1], ids=["in time", "an hour late"])
def test_bind_says_the_same_of_signatures(bind: int, sign: Callable[[Message], None], hours: int) -> None:
    message = Message("keyed.test")
    message.add("new", 60, "TXT", f"{sign.__name__}")
    sign(message)
    with pytest.MonkeyPatch.context() as patch:
        real = time.time
        patch.setattr("dns.message.time.time", lambda: real() - 3600 * hours)
        data = message.to_wire()
    key = make_key(KEY, "hmac-sha256", SECRET)
    lab = Lab(UpdateRules({"keyed.test": frozenset({KEY})}, {KEY: key}), "keyed.test", wall=time.time())
    ours, theirs = lab.send(data), ask(bind, data)
    assert signature(ours, message.mac) == signature(theirs, message.mac)


def signature(answer: bytes, request_mac: bytes | None) -> tuple[str, int | None, int | None, bytes | None]:
    """RCODE, TSIG error, size of the MAC, and whether the other data is there; the bytes of both differ by their times."""
    keyring = {
        dns.name.from_text(name): dns.tsig.Key(name, SECRET, "hmac-sha256") for name in (KEY, "stranger.example")
    }
    try:
        parsed = dns.message.from_wire(answer, keyring=keyring, request_mac=request_mac or b"")
    except dns.tsig.PeerError as error:
        return type(error).__name__, None, None, None
    rdata = parsed.tsig[0] if parsed.tsig else None
    return dns.rcode.to_text(parsed.rcode()), *(
        (int(rdata.error), len(rdata.mac), rdata.other) if rdata else (None, None, None)
    )
