"""``chaoskit serve`` with zones that change, as a real process."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.record_set import RecordSet
from chaoskit.cli import main
from tests.aws.route53.plain_http import route53
from tests.cli.serving import PATIENCE_S, Served, serving

SECRET = "c2l4dGVlbiBsZXR0ZXJzIQ=="


def key_file(folder: Path) -> Path:
    file = folder / "updater.key"
    file.write_text(f'key "updater" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n')
    file.chmod(0o600)
    return file


def update(served: Served, address: str, *, signed: bool = False, name: str = "api") -> str:
    message = dns.update.UpdateMessage("example.com")
    message.replace(name, 5, "A", address)
    if signed:
        message.use_tsig(dns.tsig.Key("updater", SECRET, "hmac-sha256"))
    return dns.rcode.to_text(dns.query.tcp(message, "127.0.0.1", port=served.port, timeout=PATIENCE_S).rcode())


def test_updates_are_off_unless_they_are_allowed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert update(served, "192.0.2.9") == "NOTIMP"
        assert served.look().addresses == ("192.0.2.1",)


def test_an_update_is_served_at_once_and_faults_still_bite(tmp_path: Path) -> None:
    with serving(tmp_path, "--allow-update", "example.com") as served:
        assert "updates:  of example.com from loopback" in served.printed
        assert update(served, "192.0.2.9") == "NOERROR"
        assert served.look().addresses == ("192.0.2.9",)
        assert served.run("inject", "empty", "api.example.com", "--for", "5m").returncode == 0
        assert served.look().addresses == ()
        assert update(served, "192.0.2.10") == "NOERROR"
        assert served.look().addresses == ()
        assert served.run("halt").returncode == 0
        assert served.look().addresses == ("192.0.2.10",)


def test_with_a_key_only_signed_updates_are_taken(tmp_path: Path) -> None:
    with serving(tmp_path, "--allow-update", "example.com", "--tsig-key", str(key_file(tmp_path))) as served:
        assert "updates:  of example.com signed with updater" in served.printed
        assert update(served, "192.0.2.9") == "REFUSED"
        assert update(served, "192.0.2.9", signed=True) == "NOERROR"
        assert served.look().addresses == ("192.0.2.9",)


def test_an_update_that_takes_the_canary_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "--allow-update", "example.com", "--canary", "ns.example.com") as served:
        message = dns.update.UpdateMessage("example.com")
        message.delete("ns")
        answer = dns.query.tcp(message, "127.0.0.1", port=served.port, timeout=PATIENCE_S)
        assert answer.rcode() == dns.rcode.REFUSED
        assert served.look("ns.example.com").addresses == ("192.0.2.53",)


def test_it_follows_a_hosted_zone_and_tells_how_far_behind(tmp_path: Path) -> None:
    with route53() as endpoint:
        zone_id = endpoint.find_zone("live.test.")
        assert zone_id is not None
        record = RecordSet("a.live.test.", "A", ttl=5, values=("192.0.2.7",))
        with serving(tmp_path, "--follow", f"live.test={endpoint.url}", "--control", "127.0.0.1:0") as served:
            assert "follows:  the hosted zones live.test" in served.printed
            control = next(line.split()[1] for line in served.printed.splitlines() if line.startswith("control:"))
            with urllib.request.urlopen(f"{control}/events", timeout=PATIENCE_S) as events:
                assert endpoint.change(zone_id, [Change("CREATE", record)])[0]
                data = (line.decode().removeprefix("data: ") for line in events if line.startswith(b"data: "))
                changes = (event for line in data if (event := json.loads(line))["kind"] == "zone_changed")
                change = next(
                    event for event in changes if "a.live.test" in [name["name"] for name in event["changes"]]
                )
            assert served.look("a.live.test").addresses == ("192.0.2.7",)
    assert (change["zone"], change["source"]) == ("live.test", "route53")
    assert change["lag_ns"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--allow-update", "other.test"), "no such zone is served; served: a.test"),
        (("--tsig-key", "{key}"), "say which zones may be updated with it"),
        (("--allow-update", "a.test", "--tsig-key", "{none}"), "make one with: (umask 077; tsig-keygen"),
        (
            ("--allow-update", "a.test", "--listen", "192.0.2.1:0", "--beyond-loopback", "--allow", "192.0.2.0/24"),
            "--allow-update beyond loopback: name the keys",
        ),
        (("--follow", "live.test"), "write ZONE=URL"),
        (("--follow", "live.test=https://route53.amazonaws.com"), "is AWS's own"),
        (
            ("--follow", "a.test=http://127.0.0.1:1", "--allow-update", "a.test"),
            "is changed there, not by --allow-update",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_bound(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "a.zone").write_text("@ 5 A 192.0.2.1\n")
    filled = [word.format(key=key_file(tmp_path), none=tmp_path / "none") for word in words]
    monkeypatch.setattr("sys.argv", ["chaoskit", "serve", "--zone", f"a.test={tmp_path / 'a.zone'}", *filled])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert message in err
