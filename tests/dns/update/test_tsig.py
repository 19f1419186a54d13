"""TSIG, against dnspython's: an implementation that shares no code with ours."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.tsig
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chaoskit.dns.tsig import DIGESTS
from chaoskit.dns.tsig_key import make_key, read_key_file
from chaoskit.dns.updater import UpdateRules
from chaoskit.errors import InputError
from tests.dns.update.lab import Lab
from tests.dns.update.messages import APEX, Message

SECRET = b"sixteen letters!"
NAME = "updater.example"
NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """dnspython signs and checks by the lab's time."""
    monkeypatch.setattr("dns.message.time.time", lambda: NOW)


def lab(algorithm: str = "hmac-sha256") -> Lab:
    key = make_key(NAME, algorithm, base64.b64encode(SECRET).decode())
    return Lab(UpdateRules({APEX: frozenset({NAME})}, {key.name: key}), wall=NOW)


def signed(algorithm: str = "hmac-sha256", secret: bytes = SECRET, name: str = NAME, fudge: int = 300) -> Message:
    message = Message(APEX)
    message.add("new", 60, "A", "192.0.2.9")
    message.use_tsig(dns.tsig.Key(name, secret, algorithm), fudge=fudge)
    return message


def checked(of: Lab, message: Message, client: str = "127.0.0.1") -> dns.message.Message:
    """The answer, after dnspython has checked its signature. Raises what dnspython says is wrong."""
    wire = message.to_wire()
    answer = of.send(wire, client)
    return dns.message.from_wire(answer, keyring=message.keyring, request_mac=message.mac)


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_a_signed_update_is_taken_and_its_answer_signed(algorithm: str) -> None:
    of = lab(algorithm)
    answer = checked(of, signed(algorithm))
    assert (answer.rcode(), answer.had_tsig) == (dns.rcode.NOERROR, True)
    assert "new.u.test" in of.zone.nodes
    assert of.answered().key == NAME
    assert of.changed()[0].author == NAME


def test_a_signed_update_is_taken_from_beyond_loopback() -> None:
    assert checked(lab(), signed(), "192.0.2.77").rcode() == dns.rcode.NOERROR


def test_an_update_without_a_signature_is_refused() -> None:
    of = lab()
    message = Message(APEX)
    message.add("new", 60, "A", "192.0.2.9")
    assert of.ask(message.to_wire()) == "REFUSED"


def test_a_refusal_is_signed_too() -> None:
    of = lab()
    message = signed()
    message.present("nobody")
    answer = checked(of, message)
    assert (answer.rcode(), answer.had_tsig) == (dns.rcode.NXDOMAIN, True)


def refused(of: Lab, message: Message, error: type[dns.exception.DNSException]) -> None:
    before = of.zone
    with pytest.raises(error):
        checked(of, message)
    assert (of.answered().rcode, of.answered().key) == ("NOTAUTH", "")
    assert of.zone is before


def test_another_secret_is_badsig() -> None:
    refused(lab(), signed(secret=b"another sixteen!"), dns.tsig.PeerBadSignature)


def test_another_key_is_badkey() -> None:
    refused(lab(), signed(name="stranger.example"), dns.tsig.PeerBadKey)


def test_another_algorithm_is_badkey() -> None:
    refused(lab("hmac-sha512"), signed("hmac-sha256"), dns.tsig.PeerBadKey)


@pytest.mark.parametrize("apart", [-301, 301])
def test_a_clock_too_far_away_is_badtime(apart: int) -> None:
    of = lab()
    of.wall = NOW + apart
    refused(of, signed(), dns.tsig.PeerBadTime)


@pytest.mark.parametrize("apart", [-300, 300])
def test_a_clock_within_the_fudge_will_do(apart: int) -> None:
    of = lab()
    of.wall = NOW + apart
    assert of.ask(signed().to_wire()) == "NOERROR"


def test_a_badtime_answer_tells_the_servers_time() -> None:
    of = lab()
    of.wall = NOW + 1000
    answer = of.send(signed().to_wire())
    assert answer.endswith(struct.pack("!HH", 18, 6) + (NOW + 1000).to_bytes(6, "big"))


def test_a_key_of_another_zone_is_refused() -> None:
    of = lab()
    other = make_key("other.example", "hmac-sha256", base64.b64encode(SECRET).decode())
    of.updater.rules = UpdateRules({APEX: frozenset({NAME})}, {other.name: other})
    answer = checked(of, signed(name="other.example"))
    assert (answer.rcode(), answer.had_tsig) == (dns.rcode.REFUSED, True)


def test_a_signature_before_another_record_is_a_format_error() -> None:
    wire = bytearray(signed().to_wire())
    wire[11] = 2
    assert lab().ask(bytes(wire) + b"\0" + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(4)) == "FORMERR"


@given(st.integers(2, 10_000), st.integers(0, 7))
@example(70 - 2, 0)  # the length of the signature's data, which no MAC covers
def test_any_bit_changed_in_a_signed_update_is_noticed(place: int, bit: int) -> None:
    """The ID may change: the signature is over the original one (RFC 8945 §4.3.1)."""
    of = lab()
    message = signed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dns.message.time.time", lambda: NOW)
        wire = bytearray(message.to_wire())
    place = 2 + place % (len(wire) - 2)
    wire[place] ^= 1 << bit
    if wire[2] & 0xF8 != 0x28:
        return  # no update any more
    of.send(bytes(wire))
    assert of.changed() == [] or _same_name(bytes(wire), place), "only the case of a key's letters is no difference"


def _same_name(wire: bytes, place: int) -> bool:
    """Whether the change is one of letter case in the signature's names, which are hashed in lower case (RFC 8945 §4.3.3)."""
    begin = wire.lower().rfind(b"\7updater\7example")
    return begin > 0 and begin <= place < len(wire) and chr(wire[place]).isalpha()


def test_keys_are_read_as_tsig_keygen_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    clause = f'key "{NAME}" {{\n\talgorithm hmac-sha256;\n\tsecret "{base64.b64encode(SECRET).decode()}";\n}};\n'
    file.write_text(f"# made today\n{clause}/* and */ key second {{ algorithm HMAC-SHA512; secret YQ==; }};\n")
    file.chmod(0o600)
    keys = read_key_file(file)
    assert {key.name: (key.algorithm, key.secret) for key in keys.values()} == {
        NAME: ("hmac-sha256", SECRET),
        "second": ("hmac-sha512", b"a"),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it is no list of key"),
        ('key "a" { algorithm hmac-sha256; secret "YQ=="; }; zone "x" {};', "it is no list of key"),
        ('key "a" { algorithm hmac-md5; secret "YQ=="; };', "is no algorithm known here; write one of hmac-sha1"),
        ('key "a" { algorithm hmac-sha256; secret "Y"; };', "is not base 64"),
        ('key "a" { algorithm hmac-sha256; };', "the secret of a is empty"),
    ],
)
def test_a_wrong_key_file_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(InputError, match=complaint):
        read_key_file(file)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text('key "a" { algorithm hmac-sha256; secret "YQ=="; };')
    file.chmod(0o644)
    with pytest.raises(InputError, match="others may read it; run: chmod 600"):
        read_key_file(file)


def test_a_secret_is_not_shown() -> None:
    assert "sixteen" not in repr(make_key(NAME, "hmac-sha256", base64.b64encode(SECRET).decode()))
