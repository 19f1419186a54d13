"""The namespace sandbox, for real: what a process in there sees, and that the host keeps what it has."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.sandbox.namespace import NamespaceSandbox, probe

METADATA = "169.254.169.254"


@pytest.fixture(autouse=True)
def _needs_namespaces(tmp_path: Path) -> None:
    probing = tmp_path / "probe"
    probing.mkdir()
    works, _, reason = asyncio.run(probe(probing))
    if not works:
        pytest.skip(reason)


def inside(tmp_path: Path, look: Callable[[NamespaceSandbox], Coroutine[Any, Any, None]]) -> None:
    async def hold() -> None:
        work = tmp_path / "work"
        work.mkdir()
        sandbox = NamespaceSandbox(
            work, [work], [], {"warm": ResolverSettings(search=("svc.local",), ndots=5)}, [METADATA]
        )
        await sandbox.open(["cold", "warm"])
        try:
            await look(sandbox)
        finally:
            await sandbox.close()
        assert not work.exists()

    asyncio.run(hold())


async def output(command: list[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    text, _ = await process.communicate()
    return text.decode()


def test_each_client_has_a_resolver_of_its_own(tmp_path: Path) -> None:
    async def look(sandbox: NamespaceSandbox) -> None:
        for label in ("cold", "warm"):
            seen = await output(sandbox.client_command(label, ["cat", "/etc/resolv.conf"]))
            settings = "search svc.local\noptions ndots:5\n" if label == "warm" else ""
            assert seen == f"nameserver {sandbox.resolver(label)[0]}\n{settings}"
        assert sandbox.resolver("cold") != sandbox.resolver("warm")

    inside(tmp_path, look)


def test_there_is_no_way_out_but_loopback(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "print([name for _, name in socket.if_nameindex()])\n"
        "try:\n"
        "    socket.create_connection(('203.0.114.1', 443), timeout=5)\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )

    async def look(sandbox: NamespaceSandbox) -> None:
        seen = await output(sandbox.client_command("cold", [sys.executable, "-c", program]))
        names, error = seen.splitlines()
        assert "'lo'" in names
        assert "eth" not in names
        assert error == "101", "ENETUNREACH: Network is unreachable"

    inside(tmp_path, look)


def test_an_address_asked_for_is_here_and_its_neighbours_are_not(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        f"with socket.create_server(({METADATA!r}, 80)) as server:\n"
        "    print(socket.create_connection(server.getsockname(), timeout=5).getpeername())\n"
        "try:\n"
        "    socket.create_connection(('169.254.1.1', 80), timeout=5)\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )

    async def look(sandbox: NamespaceSandbox) -> None:
        seen = await output(sandbox.command([sys.executable, "-c", program]))
        assert seen.splitlines() == [f"('{METADATA}', 80)", "101"]

    inside(tmp_path, look)


def test_a_connection_to_documentation_addresses_hangs(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "for address in ('192.0.2.1', '198.51.100.7', '203.0.113.254'):\n"
        "    try:\n"
        "        socket.create_connection((address, 443), timeout=0.1)\n"
        "    except OSError as error:\n"
        "        print(type(error).__name__)\n"
    )

    async def look(sandbox: NamespaceSandbox) -> None:
        seen = await output(sandbox.client_command("cold", [sys.executable, "-c", program]))
        assert seen.split() == ["TimeoutError"] * 3, "not ENETUNREACH, at once"

    inside(tmp_path, look)


def test_privileged_ports_of_loopback_can_be_bound(tmp_path: Path) -> None:
    program = "import socket; s = socket.socket(); s.bind(('127.0.1.1', 443)); print(s.getsockname())"

    async def look(sandbox: NamespaceSandbox) -> None:
        assert await output(sandbox.command([sys.executable, "-c", program])) == "('127.0.1.1', 443)\n"

    inside(tmp_path, look)


def test_the_host_keeps_its_files(tmp_path: Path) -> None:
    files = [Path(name) for name in ("/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts") if Path(name).exists()]
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    async def look(sandbox: NamespaceSandbox) -> None:
        await output(sandbox.client_command("cold", ["sh", "-c", "cat /etc/hosts; echo spoiled >> /etc/hosts"]))
        assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in files] == before

    inside(tmp_path, look)
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in files] == before


def test_everything_in_it_dies_with_it(tmp_path: Path) -> None:
    async def look(sandbox: NamespaceSandbox) -> None:
        # A stubborn process: no signal but KILL moves it, and it does not watch its input.
        program = "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nprint('up', flush=True)\nsignal.pause()"
        command = sandbox.client_command("cold", [sys.executable, "-c", program])
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
        await sandbox.close()
        assert await asyncio.wait_for(process.wait(), 10) != 0

    inside(tmp_path, look)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_can_make_one() -> None:
    """Namespaces need no root: the same commands as user *nobody*, with a Python that everybody may read."""
    import shutil
    import subprocess

    system_python = shutil.which("python3", path="/usr/bin:/bin")
    if system_python is None:
        pytest.skip("no Python that an ordinary user may read")
    made = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         "unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork",
         system_python, "-I", "-S", "-c", "print('made')"],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    if "Operation not permitted" in made.stderr:
        pytest.skip(f"this machine restricts user namespaces: {made.stderr.strip()}")
    assert made.stdout == "made\n", made.stderr
