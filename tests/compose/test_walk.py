"""The way of a name in a container: each change and each bypass is named, and what is as it should be is no alarm."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.compose.libc import LibcFound
from chaoskit.compose.probe import Answered, Found
from chaoskit.compose.walk import Container, walk

NAME, CANARY = "dynamodb.us-east-1.amazonaws.com", "canary.chaoskit.test"
OURS, DOCKERS = "172.31.253.10", "127.0.0.11"


def answered(server: str, rcode: str, *addresses: str, name: str = NAME, rtype: str = "A") -> Answered:
    return Answered(server, name, rtype, rcode, addresses, 1.0)


def container(**changes: Any) -> Container:
    plain: dict[str, Any] = {
        "name": "web",
        "network_mode": "shop_default",
        "dns": (OURS,),
        "environment": frozenset({"AWS_REGION"}),
        "program": "python3 app.py",
        "libc": LibcFound("glibc", "2.36"),
        "resolv": f"nameserver {DOCKERS}\noptions ndots:0\n",
        "hosts": "127.0.0.1\tlocalhost\n",
        "nsswitch": "hosts: files dns\n",
    }
    return Container(**plain | changes)


def found(*more: Answered, encrypted: tuple[str, ...] = ()) -> Found:
    honest = (
        answered(OURS, "NOERROR", "172.31.253.40"),
        answered(DOCKERS, "NOERROR", "172.31.253.40"),
        answered(OURS, "NOERROR", "127.0.0.1", name=CANARY),
    )
    return Found((*more, *honest), (), encrypted)


def told(one: Container, said: Found | None = None, kind: str = "bypass") -> list[str]:
    return [f"{step.place}: {step.says}" for step in walk(one, said or found(), [NAME], CANARY) if step.kind == kind]


def test_a_container_under_the_overlay_has_no_bypass_or_change() -> None:
    assert told(container()) == []
    assert told(container(), kind="change") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolv": f"nameserver {DOCKERS}\nnameserver 8.8.8.8\n"}, "resolv.conf: 8.8.8.8 is asked when"),
        ({"dns": (OURS, "8.8.8.8")}, "127.0.0.11: dns: has 2 servers"),
        ({"aliases": {NAME: "localstack"}}, "is a name of container localstack"),
        ({"hosts": f"10.0.0.1 {NAME}\n"}, "hosts file: "),
        ({"environment": frozenset({"HTTPS_PROXY"})}, "HTTPS_PROXY is set"),
        ({"environment": frozenset({"AWS_ENDPOINT_URL"})}, "AWS_ENDPOINT_URL is set"),
        ({"nsswitch": "hosts: files resolve [!UNAVAIL=return] dns\n"}, "nsswitch.conf also has resolve"),
        ({"nsswitch": "hosts: files\n"}, "DNS is not asked"),
        ({"dns": ()}, "it asks the host's own servers"),
    ],
)
def test_each_bypass_is_named(changes: dict[str, Any], words: str) -> None:
    assert any(words in one for one in told(container(**changes)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"program": "/usr/bin/java -jar"}, "the JVM keeps addresses for 30 s"),
        (
            {"resolv": f"search corp.example\nnameserver {DOCKERS}\noptions ndots:5\n"},
            f"{NAME}.corp.example is asked first",
        ),
        ({"resolv": f"search corp.example\nnameserver {DOCKERS}\n"}, "is asked for again below corp.example"),
        ({"resolv": "nameserver 10.0.0.1\n", "network_mode": "host"}, "not in the way"),
    ],
)
def test_each_change_is_named(changes: dict[str, Any], words: str) -> None:
    assert any(words in one for one in told(container(**changes), kind="change"))


def test_a_rewritten_answer_is_a_change() -> None:
    said = found(answered(OURS, "REFUSED"), answered(DOCKERS, "SERVFAIL"))
    (one,) = told(container(), said, kind="change")
    assert f"{OURS} says REFUSED, it says SERVFAIL" in one


def test_an_empty_answer_passed_on_is_none() -> None:
    said = found(answered(OURS, "NOERROR"), answered(DOCKERS, "NOERROR"))
    assert told(container(), said, kind="change") == []
    assert any("NODATA, passed on" in one for one in told(container(), said, kind="as it is"))


def test_another_server_in_our_place_is_a_bypass() -> None:
    said = Found((answered(OURS, "NXDOMAIN", name=CANARY),), (), ())
    assert any("chaoskit: is not what answers" in one for one in told(container(), said))


def test_lookups_over_https_are_seen() -> None:
    assert any(
        "DNS over HTTPS to 1.1.1.1" in one for one in told(container(), found(encrypted=("DNS over HTTPS to 1.1.1.1",)))
    )
