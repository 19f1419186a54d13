"""Other people's programs in ``chaoskit exec``, unmodified: each finds our DNS, trusts our certificate, and is seen to arrive."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chaoskit.journal.events import RequestAnswered, RequestArrived
from tests.cli.commands import NAME, Place, make_place
from tests.cli.test_whole_run import namespaces_work
from tests.clients.built import aws_command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

URL = f"https://{NAME}/"
NODE = f"fetch('{URL}').then(answer => console.log(answer.status))"
GO = f"""\
package main

import ("fmt"; "net/http"; "os")

func main() {{
	answer, err := http.Get("{URL}")
	if err != nil {{ fmt.Println(err); os.Exit(3) }}
	fmt.Println(answer.StatusCode)
}}
"""
JAVA = f"""\
import java.net.*;
import java.net.http.*;

public class Get {{
    public static void main(String[] words) throws Exception {{
        InetAddress.getLocalHost();
        var ask = HttpRequest.newBuilder(URI.create("{URL}")).build();
        System.out.println(HttpClient.newHttpClient().send(ask, HttpResponse.BodyHandlers.discarding()).statusCode());
    }}
}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    if reason := namespaces_work():
        pytest.skip(reason)
    return make_place(tmp_path)


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} on PATH")
    return found


def arrives(place: Place, *argv: str) -> None:
    """It gets an answer from the mock DynamoDB under the real name, and the journal has its lookup and its request."""
    result = place.run("--", *argv)
    assert (result.returncode, result.stdout.split()) == (0, [b"200"]), result.stderr.decode()
    run = place.journal()
    assert {query.asker for _, query in run.queries if query.name == NAME} == {"command"}
    assert [event.service for _, event in run.of(RequestArrived)] == ["dynamodb"]
    assert [event.status for _, event in run.of(RequestAnswered)] == [200]
    assert f"lookups      {NAME}: " in result.stderr.decode()
    assert "connections  dynamodb 1" in result.stderr.decode()


@pytest.mark.parametrize("trust", ["variables", "system bundle"])
def test_curl(place: Place, trust: str) -> None:
    curl = [needs("curl"), "-sS", "-o", "/dev/null", "-w", "%{http_code}", URL]
    arrives(place, *(["env", "-u", "SSL_CERT_FILE", "-u", "CURL_CA_BUNDLE"] if trust == "system bundle" else []), *curl)


def test_node(place: Place) -> None:
    arrives(place, needs("node"), "-e", NODE)


def test_a_static_go_program(place: Place) -> None:
    go = needs("go")
    (place.work / "main.go").write_text(GO)
    environment = os.environ | {"CGO_ENABLED": "0", "GO111MODULE": "off"}
    subprocess.run([go, "build", "-o", "get", "main.go"], cwd=place.work, env=environment, check=True, timeout=250)
    arrives(place, "./get")


def test_java(place: Place) -> None:
    (place.work / "Get.java").write_text(JAVA)
    arrives(place, needs("java"), "Get.java")


def test_the_aws_cli(place: Place) -> None:
    program = aws_command() or [needs("aws")]
    result = place.run("--", *program, "dynamodb", "list-tables", "--query", "TableNames", "--output", "text")
    assert (result.returncode, result.stdout) == (0, b"chaoskit\n"), result.stderr.decode()
    assert "requests     dynamodb ListTables: 1, of 1 call" in result.stderr.decode()
    ((_, arrived),) = place.journal().of(RequestArrived)
    assert "aws-cli/" in arrived.user_agent
