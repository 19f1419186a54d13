"""What the words of ``chaoskit exec`` mean, before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from chaoskit.cli.blank import read_blank
from chaoskit.cli.exec import exec_, plan
from chaoskit.dns.faults.empty import Empty
from chaoskit.errors import InputError
from chaoskit.experiment.plans import services_of, zones
from chaoskit.sandbox.port_forwards import PortForward
from chaoskit.units import HOUR, SECOND

NAME = "dynamodb.us-east-1.amazonaws.com"
COMMAND = ["app", "--it's"]
FILE = """\
title: a shop
region: eu-central-1
clients: {app: {use: boto3}}
services: [sqs]
zones: {shop.test: {records: {shop.test: {A: 127.0.0.9}}}}
timeline:
  - {dns: nxdomain, where: shop.test, when: {from: 1s, for: 2s}}
expect:
  - recovers_within: {client: app, within: 2s}
"""


def test_what_is_wrong_is_said_of_the_file_or_of_the_blank(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(FILE.replace("where: shop.test", "where: {name: shop.test, clients: [app]}"))
    with pytest.raises(InputError) as caught:
        plan(COMMAND, {}, experiment=str(path), blanks=("nowhere.test@1s",))
    of_file, of_blank = str(caught.value).splitlines()
    assert of_file.startswith(f"{path}:7: timeline[0].where: no client is called app. With exec your command is there")
    assert of_blank.startswith("--blank nowhere.test@1s: no zone here answers for nowhere.test")


def test_a_blank_takes_an_id_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(FILE.replace("{dns: nxdomain", "{id: blank-1, dns: nxdomain"))
    found = plan(COMMAND, {}, experiment=str(path), blanks=("shop.test@5s+1s", "shop.test@8s+1s"))
    assert [one.id for one in found.planes["dns"]] == ["blank-1", "blank-2", "blank-3"]


def test_bytes_that_are_no_text_are_written_as_escapes() -> None:
    title = plan(["printf", "\udcff"], {}).spec.title
    assert title == "exec printf '\\udcff'"


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(InputError, match="the current folder is gone; change to one that exists"):
        exec_(COMMAND)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        (NAME, 0, 240 * HOUR),
        (f"{NAME}@5s", 5 * SECOND, 240 * HOUR),
        (f"{NAME}@5s+30s", 5 * SECOND, 35 * SECOND),
        (f"{NAME}@+1m30s", 0, 90 * SECOND),
    ],
)
def test_a_blank_is_an_empty_record_for_a_time(written: str, start: int, end: int) -> None:
    (injection,) = plan(COMMAND, {}, blanks=(written,)).planes["dns"]
    assert isinstance(injection.fault, Empty)
    assert injection.where.name == NAME
    assert injection.when.spans(240 * HOUR) == ((start, end),)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "write NAME"),
        ("a b", "write NAME"),
        (f"{NAME}@5", "a duration needs a unit|is not a duration"),
        (f"{NAME}@5s+", "write NAME"),
        (f"{NAME}@5s+x", "is not a duration"),
    ],
)
def test_a_blank_that_means_nothing_is_said(written: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_blank(written, 1)
    assert str(caught.value).startswith(f"--blank {written}: ")


def test_every_service_is_there_in_the_caller_s_region() -> None:
    experiment = plan(COMMAND, {"AWS_REGION": "ap-southeast-2", "AWS_DEFAULT_REGION": "eu-west-1"})
    apexes = {zone["apex"] for zone in zones(experiment.spec)}
    assert len(services_of(experiment.spec)) == 7
    assert {"dynamodb.ap-southeast-2.amazonaws.com", "route53.amazonaws.com"} < apexes
    odd = plan(COMMAND, {"AWS_REGION": "no region", "AWS_DEFAULT_REGION": "eu-west-1"})
    assert odd.spec.region == "eu-west-1"
    assert plan(COMMAND, {}).spec.region == "us-east-1"


def test_a_name_that_nobody_answers_for_is_bad_input() -> None:
    with pytest.raises(InputError) as caught:
        plan(COMMAND, {}, blanks=(NAME, "nowhere.test@5s", "canary.chaoskit.test"))
    first, second = str(caught.value).splitlines()
    assert first.startswith("--blank nowhere.test@5s: no zone here answers for nowhere.test")
    assert "Give a file with zones of your own to --experiment, or correct the name" in first
    assert second.startswith("--blank canary.chaoskit.test: canary.chaoskit.test is the canary")


def test_the_file_gives_zones_services_and_faults_but_no_clients(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(FILE)
    file, blanks = str(tmp_path / "x.yaml"), ["sqs.eu-central-1.amazonaws.com@2s"]
    experiment = plan(COMMAND, {"AWS_REGION": "us-west-2"}, experiment=file, blanks=blanks)
    assert experiment.spec.region == "eu-central-1"
    assert (experiment.spec.clients, experiment.expectations) == ({}, ())
    assert [injection.id for injection in experiment.planes["dns"]] == ["dns-1", "blank-1"]
    assert len(services_of(experiment.spec)) == 7
    alone = plan(COMMAND, {}, experiment=file, no_aws=True)
    assert services_of(alone.spec) == {}
    assert {zone["apex"] for zone in zones(alone.spec)} == {"shop.test", "chaoskit.test"}


def test_what_is_wrong_in_the_file_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(FILE.replace("where: shop.test", "where: {name: shop.test, client: app}"))
    with pytest.raises(InputError, match=r"x\.yaml:7: timeline\[0\]\.where"):
        plan(COMMAND, {}, experiment=str(tmp_path / "x.yaml"))


@pytest.mark.parametrize("services", [3, "sqs", {"sqs": 3}, [3], ["nothing"]])
def test_services_that_are_none_are_left_for_validation(services: Any, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"title: t\nservices: {services}\n")
    with pytest.raises(InputError, match="services"):
        plan(COMMAND, {}, experiment=str(tmp_path / "x.yaml"))


def test_the_name_of_a_hole_resolves_inside() -> None:
    experiment = plan(COMMAND, {}, port_forwards=[PortForward("db.test", 5432, ("127.0.2.1",), named=True)])
    (zone,) = [zone for zone in zones(experiment.spec) if zone["apex"] == "db.test"]
    assert [(record["name"], record["data"]) for record in zone["records"]] == [("db.test", "127.0.2.1")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sandbox": "inline"}, "needs the namespace sandbox"),
        ({"env": ["NAME"]}, "--env NAME: write NAME=VALUE"),
        ({"after": "http://example.com/"}, "--after http://example.com/: .* is not at localhost"),
        ({"after": "8080"}, "--after 8080: "),
        ({"env": ["=x"]}, "write NAME=VALUE"),
        ({"allow": ("127.0.1.1:443",)}, "is the mock dynamodb"),
        ({"allow": ("nonsense",)}, "write HOST:PORT"),
        ({"allow": ("127.0.0.1:5432", "127.0.0.1:5432")}, "127.0.0.1:5432 is already there; remove one"),
        ({"allow": ("localhost:5432", "127.0.0.1:5432")}, "localhost:5432 is already there; remove one"),
    ],
)
def test_bad_words_are_bad_input(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        exec_(["true"], **wrong)


def test_a_command_that_is_not_there_ends_as_in_a_shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    for name, code in (
        ("no-such-command", 127),
        (str(tmp_path / "none"), 127),
        (str(plain), 126),
        (str(tmp_path), 126),
    ):
        with pytest.raises(typer.Exit) as end:
            exec_([name])
        assert end.value.exit_code == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "chaoskit: no-such-command: command not found"
    assert len(err.splitlines()) == 4
