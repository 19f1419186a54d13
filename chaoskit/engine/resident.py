"""A run around the code of this very process: mock AWS and DNS beside it, until it is done. For the fixture ``aws_sandbox``.

The run lives in a thread of its own, in the inline sandbox. While it is entered, ``socket.getaddrinfo`` of this process asks the
run's DNS for the names of AWS, and no request for one can leave the machine; every other name is looked up as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chaoskit.aws.services import SERVICES
from chaoskit.clock import Instant
from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders
from chaoskit.engine.ports import ProgramPart
from chaoskit.engine.steering import Steering
from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.loader import resolve_plain
from chaoskit.journal.events import ClientReady, Entry, HarnessFailed, QueryAnswered, TimelineArmed
from chaoskit.sandbox.environment import client_environment
from chaoskit.sandbox.inline import InlineSandbox
from chaoskit.sandbox.inline_hook import Hook
from chaoskit.units import parse_duration

LABEL = "test"
DOMAINS = ("amazonaws.com", "api.aws", "amazonaws.com.cn")
PATIENCE_S = 120.0


class _Resident:
    """The code of this process as the program of a run: it is ready at once, and over when it says so."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def live(self, part: ProgramPart) -> None:
        ready = ClientReady(
            at=0, client=LABEL, use="exec", pid=os.getpid(), versions={}, settings={"command": "in process"}
        )
        part.ready(ready)
        await self.over.wait()

    def begin(self, origin: Instant) -> None:
        """Nothing begins: it runs already."""


class ResidentRun:
    """Mock AWS and DNS for this process. ``folder`` gets the journal and the reports when it is closed.

    ``environment`` are the variables that an SDK needs: fake credentials, the region, the throw-away certificate.
    """

    def __init__(self, folder: Path, region: str = "us-east-1") -> None:
        self.folder = folder
        self.region = region
        self.environment: Mapping[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._began = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._resident: _Resident | None = None
        self._steering: Steering | None = None
        self._hook: Hook | None = None
        self._entries: list[Entry] = []

    def start(self) -> None:
        """Start the run, and wait until it is armed. Raises ``HarnessError`` where it is not."""
        self._thread = threading.Thread(target=self._live, name="chaoskit", daemon=True)
        self._thread.start()
        if not self._began.wait(PATIENCE_S) or self._failure is not None:
            raise HarnessError(f"mock AWS did not start: {self._failure or f'nothing after {PATIENCE_S:g} s'}")

    def close(self) -> None:
        """End the run; its journal and reports are in ``folder`` then."""
        if self._thread is not None and self._resident is not None:
            self._loop.call_soon_threadsafe(self._resident.over.set)
            self._thread.join(PATIENCE_S)
            self._thread = None

    def blank(self, name: str, *, fault: str = "empty", length: str | None = None) -> None:
        """Take the records of ``name`` away, or what else ``fault`` says (nxdomain, servfail, refused, drop), for ``length`` (``"5s"``).

        Returns when the DNS server answers so. Without ``length`` until ``restore``. Raises ``InputError`` for what cannot be.
        """
        for_ns = parse_duration(length) if length is not None else None
        self._ask({"do": "blank", "name": name, "fault": fault, "for_ns": for_ns})

    def restore(self, name: str | None = None) -> None:
        """End the faults of ``name``, or all. Returns when the DNS server answers honestly. Raises ``InputError`` where none is on."""
        self._ask({"do": "restore", "name": name})

    def lookups_of(self, name: str) -> int:
        """How many DNS questions there were for ``name`` so far."""
        events = [entry.event for entry in list(self._entries)]
        return sum(isinstance(event, QueryAnswered) and event.name == name for event in events)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let the lookups of AWS's names in this process go to the run; at the end every fault is over."""
        assert self._hook is not None
        hook, original = self._hook, socket.getaddrinfo
        substitute = _for_aws(hook.getaddrinfo, original)
        setattr(socket, "getaddrinfo", substitute)  # noqa: B010  (mypy forbids the plain assignment)
        try:
            yield
        finally:
            if (
                socket.getaddrinfo is substitute
            ):  # else another tool stands in front, and ours passes what is left through
                setattr(socket, "getaddrinfo", original)  # noqa: B010
            with contextlib.suppress(InputError):  # none is on
                self.restore()

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._steering is not None
        answer = asyncio.run_coroutine_threadsafe(self._steering.obey(request), self._loop).result(PATIENCE_S)
        if "error" in answer:
            raise InputError(answer["error"])

    def _live(self) -> None:
        try:
            self._loop.run_until_complete(self._run())
        except BaseException as error:  # noqa: BLE001 - told by ``start``, in the thread that waits
            self._failure = error
        finally:
            self._began.set()
            self._loop.close()

    async def _run(self) -> None:
        plain = {
            "title": "in process",
            "region": self.region,
            "duration": "240h",
            "services": {name: {} for name in SERVICES},
            "limits": {"ready_within": f"{PATIENCE_S:g}s", "longest_fault": "240h"},
        }
        experiment = resolve_plain(plain, "chaoskit aws_sandbox")

        @contextlib.asynccontextmanager
        async def prepare(stage: session.Stage) -> AsyncIterator[_Resident]:
            assert isinstance(stage.sandbox, InlineSandbox)
            self._steering = Steering(experiment, stage)
            self._hook = Hook(stage.sandbox.published, LABEL, socket.getaddrinfo)
            variables = client_environment(stage.work, stage.work / "ca.pem", self.region)
            self.environment = {name: value for name, value in variables.items() if name.startswith("AWS_")}
            self._resident = _Resident()
            yield self._resident

        await session.run(
            experiment,
            folders=exact_folders(self.folder),
            sandbox="inline",
            source="chaoskit aws_sandbox",
            listener=self._hear,
            program=(LABEL, prepare),
        )

    def _hear(self, entry: Entry) -> None:
        self._entries.append(entry)
        if isinstance(entry.event, HarnessFailed):
            self._failure = HarnessError(entry.event.words)
            self._began.set()
        elif isinstance(entry.event, TimelineArmed):
            self._began.set()


def _for_aws(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """``getaddrinfo`` that sends the names of AWS to ``ours`` and all others to ``theirs``."""

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:  # noqa: A002
        name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host or "")
        plain = name.lower().removesuffix(".")
        is_aws = any(plain == domain or plain.endswith(f".{domain}") for domain in DOMAINS)
        return (ours if is_aws else theirs)(host, port, family, type, proto, flags)

    return getaddrinfo
