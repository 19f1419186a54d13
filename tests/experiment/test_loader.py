from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.errors import ExperimentError, InputError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, load, resolve, resolve_plain
from chaoskit.units import SECOND

GOOD = """\
title: t
clients: {app: {use: boto3}}
timeline:
  - {dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 10s}}
expect:
  - recovers_within: {within: 2s}
"""


def read(text: str, time_scale: float = 1.0) -> Experiment:
    return resolve(read_document("x.yaml", text), time_scale)


def wrong(text: str, time_scale: float = 1.0) -> str:
    with pytest.raises(ExperimentError) as caught:
        read(text, time_scale)
    return str(caught.value)


def test_six_lines_are_an_experiment() -> None:
    experiment = read(GOOD)
    (injection,) = experiment.planes["dns"]
    assert injection.id == "dns-1"
    assert injection.where.name == "dynamodb.us-east-1.amazonaws.com"
    assert injection.when.spans(60 * SECOND) == ((5 * SECOND, 15 * SECOND),)
    assert experiment.duration_ns == 25 * SECOND, "ten seconds past the last fault"


def test_a_journal_carries_all_that_judging_needs() -> None:
    experiment = read(GOOD)
    again = resolve_plain(experiment.plain, "journal")
    assert again.expectations == experiment.expectations
    assert again.planes["dns"] == experiment.planes["dns"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("empty", "emtpy"), "x.yaml:4: timeline[0].dns: there is no DNS fault 'emtpy'; did you mean 'empty'?"),
        (("dns: empty", "dns: {empty: {sao: true}}"), "x.yaml:4: timeline[0].dns.empty.sao: there is no such field."),
        (
            ("for: 10s", "for: 10"),
            "x.yaml:4: timeline[0].when.for: a duration needs a unit, got 10; write for example 250ms",
        ),
        (("from: 5s, ", ""), "x.yaml:4: timeline[0].when.from: is missing."),
        (("for: 10s", "for: 0"), "x.yaml:4: timeline[0].when: 'for' must be longer than 0"),
        (("for: 10s", "for: 20m"), "longer than the limit of 10 min"),
        (("where: dynamodb.us", "where: dynamo.us"), "no zone here answers for dynamo.us-east-1.amazonaws.com"),
        (
            ("where: dynamodb.us-east-1.amazonaws.com", "where: canary.chaoskit.test"),
            "is the canary, which no fault may touch",
        ),
        (("title: t\n", ""), "x.yaml:1: title: is missing."),
        (("title: t", "titel: t"), "titel: there is no such field. Did you mean 'title'?"),
        (("use: boto3", "use: boto4"), "x.yaml:2: clients.app.use: 'boto4' is not known here; did you mean 'boto3'?"),
        (
            ("use: boto3", "conection: cold"),
            "clients.app.conection: there is no such field. Did you mean 'connection'?",
        ),
        (("app:", "9app:"), "'9app' is no name"),
        (("recovers_within", "recovers"), "x.yaml:6: expect[0]: there is no expectation 'recovers'; did you mean"),
        (
            ("within: 2s", "wihtin: 2s"),
            "expect[0].recovers_within.wihtin: there is no such field. Did you mean 'within'? Known: within, client, ",
        ),
        (("within: 2s", "client: web, within: 2s"), "x.yaml:6: expect[0]: no client is called 'web'. Clients: app."),
        (
            ("recovers_within: {", "health_flips: {client: app, "),
            "x.yaml:6: expect[0]: app has no health endpoint. Give a client 'use: app', which has one",
        ),
        (("recovers_within: {", "health_flips: {"), "x.yaml:6: expect[0]: no client has a health endpoint."),
        (("dns: empty", "network: latency"), "timeline[0]"),
        (("dns: empty, ", ""), "x.yaml:4: timeline[0]: names no plane. Write one of"),
        (("dns: empty", "dns: empty, network: reset_peer"), "names dns and network."),
        (("dns: empty", "dns: [empty]"), "['empty'] is no DNS fault."),
        (("title: t", "title: t\nduration: 3s"), "starts when the run of 3 s is over"),
        (("title: t", "title: t\nservices: {s3: {}}"), "this experiment has no service 'dynamodb'"),
        (("title: t", "title: t\nservices: {dynamodb: {addresses: [10.0.0.1]}}"), "not a loopback address"),
        (("dns: empty", "dns: empty, service: throttle"), "names dns and service. Write one of"),
        (("dns: empty", "service: throtle"), "there is no service fault 'throtle'; did you mean 'throttle'?"),
        (("dns: empty", "service: {slow: {by: 0}}"), "'by' must be longer than 0"),
        (("dns: empty", "service: capacity"), "timeline[0].service.at_once: is missing"),
        (
            ("dns: empty", "service: throttle"),
            "there is no service 'dynamodb.us-east-1.amazonaws.com' in this experiment",
        ),
        (
            ("title: t", "title: t\nservices: {dynamodb: {instances: 3}}"),
            "dynamodb has no instances. They belong to ec2",
        ),
        (("title: t", "title: t\nservices: {dynamodb: {backend: 10.0.0.1:80}}"), "if you mean it, add remote: true"),
        (
            ("title: t", "title: t\nservices: {dynamodb: {backend: localhost:80, tables: {a: {}}}}"),
            "a state of its own",
        ),
        (
            ("title: t", "title: t\nservices: {dynamodb: {availability_zones: 3, addresses: [127.0.0.9]}}"),
            "either 'addresses' or 'availability_zones'",
        ),
        (("title: t", "title: t\nservices: {dynamodb: {backend: 'http://a:80'}}"), "is no address; write host:port"),
        (("title: t", "title: t\nservices: {dynamodb: {idle_timeout: 0}}"), "must be longer than 0"),
        (
            ("title: t", "title: t\nservices: {dynamodb: {keep_alive: false, max_requests: 3}}"),
            "leave out max_requests and idle_timeout",
        ),
        (
            (
                "dns: empty, where: dynamodb.us-east-1.amazonaws.com",
                "network: down, where: {service: dynamodb, zone: 2}",
            ),
            "x.yaml:4: timeline[0].where: dynamodb has no availability zone 2. Give it zones",
        ),
        (
            (
                "dns: empty, where: dynamodb.us-east-1.amazonaws.com",
                "network: down, where: {service: dynamodb, addresses: [127.0.9.0/24]}",
            ),
            "x.yaml:4: timeline[0].where.addresses: dynamodb has no address in 127.0.9.0/24. Its addresses: ",
        ),
        (
            (
                "dns: empty, where: dynamodb.us-east-1.amazonaws.com",
                "network: down, where: {service: dynamodb, addresses: [127.0.9.0/33]}",
            ),
            "write for example 127.0.1.1 or 127.0.1.0/24",
        ),
        (
            ("for: 10s}", "for: 10s, until: {client: web, failed_calls: 2}}"),
            "x.yaml:4: timeline[0].when.until: no client is called 'web'. Clients: app.",
        ),
        (("for: 10s}", "for: 10s, until: {client: app}}"), "when.until.failed_calls: is missing"),
        (
            (
                "dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 10s}",
                "process: pause, where: app, when: {from: 5s, for: 10s, until: {client: app, failed_calls: 2}}",
            ),
            "a process fault waits for nothing. Give it a time with 'for'.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_line_field_and_fix(change: tuple[str, str], said: str) -> None:
    old, new = change
    assert old in GOOD
    assert said in wrong(GOOD.replace(old, new, 1))


def test_what_is_no_name_is_told_of_its_zone() -> None:
    text = "title: t\nclients: {app: {use: noop}}\nzones: {'a b': {records: {'c.a b': {A: 127.0.0.1}}}}\n"
    with pytest.raises(ExperimentError, match=r"x.yaml:3: zones.a b: 'a b' has ' ' in it"):
        resolve(read_document("x.yaml", text), 1.0)


def test_a_file_of_the_cascade_names_its_command() -> None:
    with pytest.raises(InputError, match=r"run: chaoskit cascade map x\.yaml"):
        resolve(read_document("x.yaml", "kind: cascade-system\n"), 1.0)


def test_every_problem_is_told_at_once() -> None:
    said = wrong(GOOD.replace("empty", "emtpy").replace("recovers_within", "recovers"))
    assert "timeline[0].dns" in said
    assert "expect[0]" in said


def test_an_expectation_behind_a_wrong_one_keeps_its_place() -> None:
    said = wrong(GOOD.replace("{within: 2s}", "{within: soon}") + "  - recovers_within: {within: 2s, client: web}\n")
    assert "x.yaml:7: expect[1]: no client is called 'web'" in said


def test_an_id_is_given_once() -> None:
    entry = "  - {id: a, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 10s}}\n"
    assert "x.yaml:5: timeline[1].id: the id 'a' is used 2 times" in wrong(
        f"title: t\nclients: {{app: {{}}}}\ntimeline:\n{entry}{entry}"
    )


@pytest.mark.parametrize("name", ["dns-1", "network-1"])
def test_no_id_is_that_of_an_injection_without_one_on_any_plane(name: str) -> None:
    unnamed = (
        f"  - {{{name[:-2]}: {'empty' if name == 'dns-1' else 'down'}, where: WHERE, when: {{from: 5s, for: 1s}}}}\n"
    )
    unnamed = unnamed.replace("WHERE", "dynamodb.us-east-1.amazonaws.com" if name == "dns-1" else "dynamodb")
    named = f"  - {{id: {name}, service: slow, where: dynamodb, when: {{from: 5s, for: 10s}}}}\n".replace(
        "slow", "{slow: {by: 1s}}"
    )
    said = wrong(f"title: t\nclients: {{app: {{}}}}\ntimeline:\n{unnamed}{named}")
    assert f"x.yaml:5: timeline[1].id: the id '{name}' is used 2 times" in said


def test_times_scale_only_as_far_as_the_file_allows() -> None:
    assert "allows a time scale from 1 to 100, not 0.5" in wrong(GOOD, 0.5)
    loose = read(GOOD + "limits: {smallest_time_scale: 0.2}\n", 0.5)
    assert loose.planes["dns"][0].when.spans(60 * SECOND) == ((2_500_000_000, 7_500_000_000),)
    assert loose.duration_ns == 12_500_000_000


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load(binary)


@pytest.mark.parametrize("name", ["canary", "dns", "network", "service"])
def test_a_client_is_not_called_as_a_process_of_ours(name: str) -> None:
    said = wrong(GOOD.replace("{app:", f"{{{name}:"))
    assert f"x.yaml:2: clients.{name}: the name {name!r} is chaoskit's own. Call the client something else." in said


@pytest.mark.parametrize(("written", "fix"), [("10%", "Write 0.1."), ("most", "Write one like 0.5.")])
def test_a_share_is_a_number(written: str, fix: str) -> None:
    said = wrong(GOOD.replace("recovers_within: {within: 2s}", f"success_rate: {{at_least: {written}}}"))
    assert f"{written!r} is no number. {fix}" in said


def test_a_ttl_is_in_whole_seconds() -> None:
    zones = "zones: {shop.test: {records: {shop.test: {ttl: 500ms, A: 127.0.0.9}}}}\n"
    assert "a TTL is in whole seconds (RFC 2181 §8), and 500 ms is not" in wrong(GOOD + zones)
    assert "whole seconds" in wrong(GOOD + "services: {dynamodb: {ttl: 1500ms}}\n")


@pytest.mark.parametrize(("length", "fits"), [("10m", True), ("601s", False)])
def test_a_fault_may_last_as_long_as_the_limit(length: str, fits: bool) -> None:
    text = GOOD.replace("for: 10s", f"for: {length}")
    assert text != GOOD
    if fits:
        read(text)
    else:
        assert "longer than the limit of 10 min" in wrong(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("title: t", "title: t\nregion: Foo"),
            "x.yaml:2: region: 'Foo' is no region of AWS. Write one like us-east-1.",
        ),
        (("use: boto3", "use: boto3, version: abc"), "'abc' is no version. Write numbers with points"),
        (("title: t", "title: t\nduration: 241h"), "'241h' is longer than 240h, ten days"),
    ],
)
def test_what_has_a_form_of_its_own_is_told_by_its_name(change: tuple[str, str], says: str) -> None:
    assert says in wrong(GOOD.replace(*change))


@pytest.mark.parametrize(
    "seed", ["9223372036854775808", "-9223372036854775808", "9" * 300, "9" * 5000, ".inf", "1e400"]
)
def test_a_seed_that_no_journal_holds_is_refused(tmp_path: Path, seed: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"title: x\nseed: {seed}\nduration: 2s\nclients: {{a: {{use: boto3}}}}\n")
    with pytest.raises(ExperimentError, match=r"x\.yaml:2: seed: Input should be "):
        load(path)
