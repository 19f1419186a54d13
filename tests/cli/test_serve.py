"""``chaoskit serve`` and its clients as real processes: above all that answers are honest again whoever was killed."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.cli.serve import read_zone_option, warn_of
from chaoskit.dns.zone import Zone, Zones
from chaoskit.units import SECOND
from tests.cli.serving import Look, Say, Served, serving

HONEST = ("192.0.2.1",)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        yield found


def assert_blank_until(ended: int, looks: list[Look]) -> None:
    """The blank ends at ``ended`` to the nanosecond, as far as an asker can tell."""
    assert [look for look in looks if look.answered < ended and look.addresses] == [], "honest before its end"
    assert [look for look in looks if look.asked >= ended and not look.addresses] == [], "blank after its end"


def test_killed_controller_its_heartbeat_lapses(served: Served) -> None:
    controller = served.start("inject", "empty", "api.example.com", "--for", "5m", "--heartbeat", "1s", "--json")
    assert controller.stdout is not None
    controller.stdout.readline()
    assert served.look().addresses == ()
    controller.kill()
    killed = time.monotonic_ns()
    controller.communicate()
    looks = served.look_until_honest()
    (ended,) = served.json("list")["ended"]
    assert ended["why"] == "heartbeat"
    assert ended["ended_ns"] <= killed + SECOND
    assert_blank_until(ended["ended_ns"], looks)


@pytest.mark.slow
def test_a_heartbeat_keeps_it_alive_for_longer_than_one_silence(served: Served) -> None:
    words = ("inject", "empty", "api.example.com", "--for", "3s", "--heartbeat", "1s", "--json")
    with served.start(*words) as controller:
        looks = served.look_until_honest() if controller.stdout and controller.stdout.readline() else []
        assert controller.wait(60) == 0, "it ended by itself, at its deadline"
    (ended,) = served.json("list")["ended"]
    assert ended["why"] == "deadline"
    assert_blank_until(ended["ended_ns"], looks)


@pytest.mark.slow
def test_killed_client_without_a_heartbeat_the_deadline_ends_it(served: Served) -> None:
    with served.start("inject", "empty", "api.example.com", "--for", "1s", "--json") as client:
        assert client.stdout is not None
        client.stdout.readline()
        client.kill()
    looks = served.look_until_honest()
    (ended,) = served.json("list")["ended"]
    assert ended["why"] == "deadline"
    assert_blank_until(ended["ended_ns"], looks)


def test_interrupted_controller_withdraws_its_injection(served: Served) -> None:
    with served.start(
        "inject", "empty", "api.example.com", "--for", "5m", "--heartbeat", "30s", "--json"
    ) as controller:
        assert controller.stdout is not None
        controller.stdout.readline()
        controller.send_signal(signal.SIGINT)
        assert controller.wait(60) == 130
    assert served.look().addresses == HONEST
    assert served.json("list")["ended"][0]["why"] == "withdrawn"


def test_from_injecting_to_halting(served: Served) -> None:
    begun = served.run("inject", "empty", "api.example.com", "--for", "30s", "--type", "A")
    assert (begun.returncode, begun.stdout) == (0, "i1: empty on api.example.com (A); ends by itself in 30 s\n")
    assert served.look().addresses == ()
    assert re.fullmatch(
        r"i1  empty  api\.example\.com \(A\)  ends in .+; 1 query met so far\n", served.run("list").stdout
    )
    assert served.run("halt").stdout == "halted; injections withdrawn: i1\n"
    listed = served.run("list").stdout.splitlines()
    assert listed[0] == "halted: no injection may begin before chaoskit resume"
    assert listed[1].endswith(" ago: halted; 1 query met")
    assert served.look().addresses == HONEST
    assert served.json("halt") == {"withdrawn": [], "halted": True}
    refused = served.run("inject", "empty", "api.example.com")
    assert (refused.returncode, refused.stderr.count("halted")) == (2, 1)
    assert served.run("resume").returncode == 0
    words = ("delay", "api.example.com", "--param", "by=1ms", "--chance", "0.5", "--pulse", "5s/1s")
    assert served.run("inject", *words).returncode == 0
    assert served.run("list").stdout.startswith(
        "i2  delay by=1ms chance=0.5 pulse every 5 s for 1 s  api.example.com  ends in "
    )


def test_a_misspelt_name_is_told_when_it_is_injected(served: Served) -> None:
    begun = served.run("inject", "empty", "apy.example.com", "--for", "30s")
    assert begun.returncode == 0
    said = "it may meet no query: apy.example.com does not exist in the zone example.com; did you mean api.example.com?"
    assert begun.stdout.splitlines()[1] == said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("emty", "a.test"), "there is no fault 'emty'; did you mean 'empty'?"),
        (("delay", "a.test", "--param", "bye=1s"), "fault.delay.bye: there is no such field. Did you mean 'by'?"),
        (("delay", "a.test", "--param", "by"), "--param by: write KEY=VALUE"),
        (("empty", "a.test", "--for", "30"), "for: '30' is not a duration"),
        (("empty", "a.test", "--type", "HAT"), "where: HAT is no record type"),
        (("empty", "a.test", "--chance", "2"), "chance: Input should be less than or equal to 1"),
        (("empty", "a.test", "--control", "nowhere"), "--control nowhere: write an IP address and a port"),
    ],
)
def test_wrong_words_are_refused_before_any_server_is_asked(say: Say, words: tuple[str, ...], message: str) -> None:
    code, out, err = say("inject", *words)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("words", [("inject", "empty", "a.test"), ("list",), ("halt",), ("resume",)])
def test_without_a_server_each_command_says_so(say: Say, words: tuple[str, ...], tmp_path: Path) -> None:
    code, _, err = say(*words, "--control", f"unix:{tmp_path / 'none'}")
    assert code == 4
    assert "no chaoskit server answers at unix:" in err
    assert "chaoskit serve" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(served: Served, number: int) -> None:
    path = Path(served.control.removeprefix("unix:"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    served.process.send_signal(number)
    _, said = served.process.communicate(timeout=60)
    assert (served.process.returncode, said) == (0, "")
    assert not path.exists()


def test_it_prints_where_it_listens_and_what_to_do(served: Served) -> None:
    assert f"dig @127.0.0.1 -p {served.port} ns.example.com" in served.printed
    assert f"chaoskit inject empty ns.example.com --for 30s --control {served.control}" in served.printed


@pytest.mark.slow
def test_only_the_socket_of_a_killed_server_is_taken_over(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        second = subprocess.run(first.process.args, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 2
        assert "cannot listen for control" in second.stderr
        first.process.kill()
        first.process.wait(60)
    with serving(tmp_path) as again:
        assert again.json("list")["injections"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--zone", "missing.zone"), "missing.zone: No such file"),
        (("--zone", "{bad}"), "bad.zone:1: 'api' is relative, but to what?"),
        (("--zone", "a.test={bad}"), "bad.zone:2: 'soon' is no TTL"),
        (("--zone", "{yaml}"), "bad.yaml:2: a.test.recs: there is no such field"),
        (
            ("--zone", "{address}"),
            "address.yaml:5: zones.a.test.records.a.test.A: '999.1.1.1' is no valid data of a A record",
        ),
        (("--zone", "a.test={empty}"), "empty.zone: the file is empty; write a zone"),
        (("--zone", "{good}", "--canary", "x.test"), "the canary x.test does not resolve"),
        (("--zone", "{good}", "--listen", "everywhere"), "--listen everywhere: write an IP address and a port"),
        (("--zone", "{good}", "--token-file", "{open}"), "others may read it; run: chmod 600"),
        (("--zone", "{good}", "--longest", "0"), "--longest must be longer than 0"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_bound(
    say: Say, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    files = {
        "address": "address.yaml",
        "empty": "empty.zone",
        "bad": "bad.zone",
        "yaml": "bad.yaml",
        "good": "good.yaml",
        "open": "token",
    }
    (tmp_path / "bad.zone").write_text("api 5 A 192.0.2.1\n$TTL soon\n")
    (tmp_path / "bad.yaml").write_text("a.test:\n  recs: {}\n")
    (tmp_path / "address.yaml").write_text("zones:\n  a.test:\n    records:\n      a.test:\n        A: 999.1.1.1\n")
    (tmp_path / "empty.zone").write_text(" \n")
    (tmp_path / "good.yaml").write_text("zones:\n  a.test:\n    records:\n      a.test:\n        A: 192.0.2.1\n")
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "token").chmod(0o644)
    places = {key: str(tmp_path / name) for key, name in files.items()}
    filled = [word.format(**places) for word in words]
    code, out, err = say("serve", *filled)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--listen", "0.0.0.0:0"), "0.0.0.0 is not loopback: other machines could ask; say --beyond-loopback"),
        (("--listen", "[::]:0"), ":: is not loopback: other machines could ask; say --beyond-loopback"),
        (("--listen", "192.0.2.1:0", "--allow", "192.0.2.0/24"), "say --beyond-loopback"),
        (("--listen", "0.0.0.0:0", "--beyond-loopback"), "say who may ask, for example --allow"),
        (
            ("--listen", "0.0.0.0:0", "--beyond-loopback", "--allow", "0.0.0.0/0"),
            "is too wide: that is an open resolver",
        ),
        (("--listen", "0.0.0.0:0", "--beyond-loopback", "--allow", "lan"), "--allow lan: "),
        (("--listen", "0.0.0.0:0", "--beyond-loopback", "--allow", "192.0.2.0/24", "--rate", "0"), "--rate 0"),
        (("--rate", "-1"), "--rate -1: between 1 and 1000000"),
        (("--beyond-loopback",), "need a --listen address that is not loopback"),
        (("--control", "0.0.0.0:0"), "--control 0.0.0.0:0 is not loopback: name a --token-file"),
        (("--control", "0.0.0.0:0", "--token-file", "{token}"), "0.0.0.0 is not loopback: other machines could ask"),
        (("--upstream", "127.0.0.1:5300", "--listen", "127.0.0.1:5300"), "is this server itself"),
    ],
)
def test_it_is_heard_beyond_loopback_only_if_meant_and_bounded(
    say: Say, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "a.zone").write_text("@ 5 A 192.0.2.1\n")
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "token").chmod(0o600)
    filled = [word.format(token=tmp_path / "token") for word in words]
    zone = ("--zone", f"a.test={tmp_path / 'a.zone'}")
    code, out, err = say("serve", *zone, *filled)
    assert (code, out) == (2, "")
    assert message in err


def test_the_root_is_a_zone_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("$TTL 5\n@ SOA a b 1 2 3 4 5\ntest A 192.0.2.1\n")
    (tmp_path / "root.yaml").write_text("records: {test: {A: 192.0.2.1}}\n")
    for name in ("db", "root.yaml"):
        (zone,) = read_zone_option(f".={tmp_path / name}")
        assert (zone.apex, zone.nodes["test"]["A"][0].data) == ("", "192.0.2.1")


def test_a_pipe_is_no_zone_file(tmp_path: Path, say: Say) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = say("serve", "--zone", f"a.test={tmp_path / 'pipe'}")
    assert (code, "pipe: it is no ordinary file" in err) == (2, True)


def test_ttls_that_differ_are_told_when_it_starts(capsys: pytest.CaptureFixture[str]) -> None:
    records = [{"name": "a.test", "rtype": "A", "ttl": ttl, "data": f"192.0.2.{ttl}"} for ttl in (1, 2)]
    warn_of(Zones.of([Zone.from_plan({"apex": "a.test", "records": records})]))
    assert "chaoskit: warning: the A records of a.test differ in TTL (1, 2)" in capsys.readouterr().err


@pytest.mark.slow
def test_one_chaoskit_passes_on_to_another_and_blanks_its_answer(tmp_path: Path) -> None:
    (tmp_path / "front").mkdir()
    with (
        serving(tmp_path) as back,
        serving(tmp_path / "front", "--upstream", f"127.0.0.1:{back.port}", zone="front.test=own.zone") as front,
    ):
        assert f"names outside them are asked of 127.0.0.1:{back.port}" in front.printed
        assert front.look().addresses == HONEST
        assert front.run("inject", "empty", "api.example.com", "--for", "30s").returncode == 0
        assert front.look().addresses == ()
        assert back.look().addresses == HONEST


@pytest.mark.slow
def test_a_token_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    with serving(tmp_path, "--token-file", str(token)) as served:
        refused = served.run("list")
        assert (refused.returncode, "a token is needed" in refused.stderr) == (2, True)
        assert served.run("list", "--token-file", str(token)).returncode == 0
