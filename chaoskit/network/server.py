"""The proxy server behind the plane: the embedded one, a Toxiproxy program that we start, or one that runs already."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import closing, suppress
from typing import Protocol
from urllib.parse import urlsplit

from chaoskit.errors import PlaneError, ProxyError
from chaoskit.journal.codec import encode
from chaoskit.journal.events import Event
from chaoskit.network.driver import Control
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxiproxy_log import Log, LogFedControl
from chaoskit.registry import kind_of

START_WITHIN_S = 10.0
STOP_WITHIN_S = 3.0
DEFAULT_PORT = 8474  # Toxiproxy's

OLDEST, BEYOND = (2, 5), (3, 0)
"""Versions of Toxiproxy that are driven. 2.5 is the first with ``-proxy-metrics``."""
UNVERSIONED = "git"
"""What a build says whose version was not set when it was linked."""

# Toxiproxy does not speak our process contract. So a watcher beside it reads our pipe and kills it when the pipe ends, whatever ended us.
_GUARD = 'exec 3<&0; (cat <&3; kill -9 $$) >/dev/null & exec "$@" </dev/null 3<&-'


class ProxyServer(Protocol):
    """A proxy server. ``mine`` is false when somebody else started it: then only our own proxies may be touched.

    ``silent``: it does not tell which of the connections that were open before a toxic the toxic met.
    """

    mine: bool
    silent: bool

    def address(self) -> tuple[str, int]:
        """Host and port of its HTTP API, as soon as it listens. Raises ``PlaneError`` when it does not."""

    def implementation(self, version: str) -> str:
        """What to call it in a report."""

    def is_embedded(self, version: str) -> bool:
        """Whether it knows chaoskit's own toxics, which Toxiproxy has not."""

    def driven_by(self, control: Control) -> Control:
        """``control``, with what this server needs to know of what is done."""

    def stop(self) -> None:
        """End it, if it is ours; returns when its last event was relayed. Raises ``ProxyError`` when it does not end well."""


def start(
    toxiproxy: str | None,
    seed: int,
    relay: Callable[[bytes], None],
    died: Callable[[str], None],
    within: Sequence[str] = (),
    log: str | None = None,
) -> ProxyServer:
    """Start or find the server that a plan names. ``relay`` gets its event lines; ``died`` is told when it ends unasked.

    ``within``: prefixes beside loopback where the embedded proxy may listen. ``log``: a named pipe with a
    running Toxiproxy's log.
    """

    def emit(event: Event) -> None:
        relay((encode(event) + "\n").encode())

    if toxiproxy is None:
        return Embedded(seed, relay, died, within)
    if "://" in toxiproxy:
        return Remote(toxiproxy, Log(emit, died) if log else None, log)
    return Program(toxiproxy, died, emit)


class Embedded:
    """The embedded proxy, in a process of its own."""

    mine = True
    silent = False

    def __init__(
        self, seed: int, relay: Callable[[bytes], None], died: Callable[[str], None], within: Sequence[str] = ()
    ) -> None:
        argv = [sys.executable, "-m", "chaoskit.network.embedded"]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._relay, self._died = relay, died
        self._address: Future[str] = Future()
        self._stopping = False
        self._say({"host": "127.0.0.1", "port": 0, "seed": seed, "within": list(within)})
        self._reader = threading.Thread(target=self._read, name="embedded", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def address(self) -> tuple[str, int]:
        try:
            host, _, port = self._address.result(START_WITHIN_S).rpartition(":")
        except NotInTime:
            raise PlaneError(
                f"the embedded proxy was not ready within {START_WITHIN_S:g} s; the machine is overloaded"
            ) from None
        return host, int(port)

    def implementation(self, version: str) -> str:
        return "embedded proxy"

    def is_embedded(self, version: str) -> bool:
        return True

    def driven_by(self, control: Control) -> Control:
        return control

    def stop(self) -> None:
        self._stopping = True
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._say({"do": "stop"})
        self._reader.join(STOP_WITHIN_S)
        in_time = not self._reader.is_alive()
        self._process.kill()
        code = self._process.wait()
        self._reader.join()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        if code != 0:
            reason = f"ended with exit code {code}" if in_time else f"did not end within {STOP_WITHIN_S:g} s"
            raise ProxyError(f"the embedded proxy {reason}, so its last events are missing; run again")

    def _say(self, line: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if self._address.done():
                    self._relay(line)
                else:
                    self._address.set_result(json.loads(line)["addresses"]["api"])
        if not self._address.done():
            self._address.set_exception(PlaneError("the embedded proxy did not start; its reason is on standard error"))
        elif not self._stopping:
            self._died(f"the embedded proxy ended by itself with exit code {self._process.wait()}")


class Program:
    """A Toxiproxy program, on a free loopback port."""

    mine = True
    silent = True

    def __init__(self, program: str, died: Callable[[str], None], emit: Callable[[Event], None] | None = None) -> None:
        found = shutil.which(program)
        if found is None:
            raise PlaneError(
                f"there is no program {program!r} to start as Toxiproxy; give its path, its URL, or leave it out"
            )
        _check_program(found)
        self.program = found
        self._host, self._port = "127.0.0.1", _free_port()
        argv = [
            "/bin/sh",
            "-c",
            _GUARD,
            "toxiproxy",
            found,
            "-host",
            self._host,
            "-port",
            str(self._port),
            "-proxy-metrics",
        ]
        environment = {**os.environ, "LOG_LEVEL": "debug"}
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._died = died
        self.log = Log(emit or (lambda event: None), died)
        self._reader = threading.Thread(target=self._read, name="toxiproxy log", daemon=True)
        self._reader.start()
        self._stopping = False

    @property
    def pid(self) -> int:
        """Its process: the shell that starts it becomes it."""
        return self._process.pid

    def address(self) -> tuple[str, int]:
        deadline = time.monotonic() + START_WITHIN_S
        while not _answers(self._host, self._port):
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(0.01)
                raise PlaneError(f"{self.program} ended with code {code} before it listened; run it by hand to see why")
            if time.monotonic() > deadline:
                self.stop()
                raise PlaneError(
                    f"{self.program} does not listen after {START_WITHIN_S:g} s; is it a Toxiproxy server?"
                )
        threading.Thread(target=self._watch, name="toxiproxy", daemon=True).start()
        return self._host, self._port

    def implementation(self, version: str) -> str:
        return (
            f"Toxiproxy {version}" if version != UNVERSIONED else f"Toxiproxy {version} (a build without its version)"
        )

    def is_embedded(self, version: str) -> bool:
        return False

    def driven_by(self, control: Control) -> Control:
        return LogFedControl(control, self.log)

    def stop(self) -> None:
        self._stopping = True
        assert self._process.stdin is not None
        self._process.stdin.close()  # the guard does the rest, as it would had we been killed
        self._process.wait(STOP_WITHIN_S)
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.log.line(line)

    def _watch(self) -> None:
        code = self._process.wait()
        if not self._stopping:
            self._died(f"Toxiproxy ended by itself with exit code {code}")


class Remote:
    """A Toxiproxy that runs already; ``log`` reads what comes by the named pipe at ``pipe``, if there is one."""

    mine = False
    silent = True

    def __init__(self, url: str, log: Log | None = None, pipe: str | None = None) -> None:
        self._log, self._pipe = log, pipe
        if log is not None:
            threading.Thread(target=self._read, name="toxiproxy log", daemon=True).start()
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ProxyError(f"{url!r} is no address of a Toxiproxy; write for example http://127.0.0.1:{DEFAULT_PORT}")
        self._address = parts.hostname, parts.port or DEFAULT_PORT

    def _read(self) -> None:
        assert self._log is not None
        assert self._pipe is not None
        with open(self._pipe, "rb") as lines:  # noqa: PTH123
            for line in lines:
                self._log.line(line)

    def address(self) -> tuple[str, int]:
        deadline = time.monotonic() + START_WITHIN_S
        while self._log is not None and not _answers(*self._address):  # its container has only just been started
            if time.monotonic() > deadline:
                raise PlaneError(f"the Toxiproxy at {self._address} does not listen after {START_WITHIN_S:g} s")
            threading.Event().wait(0.02)
        return self._address

    def implementation(self, version: str) -> str:
        if self.is_embedded(version):
            self.silent = False
            return "embedded proxy, running before"
        check_version(version, "the Toxiproxy at {}:{}".format(*self._address))
        return f"Toxiproxy {version}, {'in a container' if self._log else 'running before'}"

    def is_embedded(self, version: str) -> bool:
        return version.startswith("chaoskit")

    def driven_by(self, control: Control) -> Control:
        return LogFedControl(control, self._log) if self._log else control

    def stop(self) -> None:
        """Nothing: it is not ours."""


def check_toxics(toxics: Iterable[Toxic], implementation: str) -> None:
    """Raises ``PlaneError`` for a toxic that only the embedded proxy has."""
    for toxic in toxics:
        if not toxic.IN_TOXIPROXY:
            raise PlaneError(
                f"{kind_of(toxic)} is the embedded proxy's own, and {implementation} has no such toxic;"
                " leave --toxiproxy out"
            )


def check_version(version: str, what: str) -> None:
    """Raises ``PlaneError`` for a version whose API and toxics are others. A build without its version is taken at its word."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found and not OLDEST <= (int(found[1]), int(found[2])) < BEYOND:
        raise PlaneError(
            f"{what} is version {version}; chaoskit drives Toxiproxy from {OLDEST[0]}.{OLDEST[1]} on, below {BEYOND[0]}"
        )


def _check_program(program: str) -> None:
    """Raises ``PlaneError`` when its ``-version`` is not one that is driven."""
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=START_WITHIN_S).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlaneError(f"{program} does not tell its version ({error}); is it a Toxiproxy server?") from None
    check_version(said.strip().rpartition(" ")[2], program)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
