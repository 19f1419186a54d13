"""The AWS CLI client's process: it starts ``aws`` for every call, and hears of the tries by client-side monitoring.

The CLI sends a UDP datagram of JSON for each try (botocore ``monitoring.py``). Every call has a port of its own for them, so there is no
doubt whose a try is. Only a try's end is reported, with its length in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import socket
import sys
from importlib.metadata import version

from chaoskit.child import Child
from chaoskit.clients.aws_cli import AwsCli
from chaoskit.clients.boto3.attempts import error_of
from chaoskit.clients.process import die_with_us, play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import AttemptFinished, CallFinished, CallStarted, ClientReady, ErrorLink, Result
from chaoskit.units import MILLISECOND, format_duration

MESSAGE_LENGTH_MAX = 400


class Workload:
    """The calls of one client."""

    def __init__(self, child: Child, plan: AwsCli) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        # ``python -m awscli`` from the working folder, which is first on the path, would be whatever lies there.
        self._argv = [sys.executable, "-I", "-m", "awscli", *plan.command]

    def ready(self) -> ClientReady:
        """What is tested."""
        plan = self._plan

        def shown(length_ns: int | None) -> str:
            return format_duration(length_ns) if length_ns is not None else "default"

        return ClientReady(
            at=self._clock.now(),
            client=plan.client,
            use="aws_cli",
            pid=os.getpid(),
            versions={"awscli": version("awscli"), "urllib3": version("urllib3"), "python": platform.python_version()},
            settings={
                "connection": plan.connection,
                "service": plan.service,
                "operation": plan.OPERATIONS[plan.service],
                "every": format_duration(plan.every_ns),
                "retry_mode": plan.retry_mode or "default",
                "max_attempts": str(plan.max_attempts or "default"),
                "connect_timeout": shown(plan.connect_timeout_ns),
                "read_timeout": shown(plan.read_timeout_ns),
            },
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run."""
        await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self.call)

    async def call(self, slot: Slot) -> None:
        """Make one call and tell what the application saw."""
        plan, now = self._plan, self._clock.now
        with Reports(self._child, plan.client, slot.number) as reports:
            self._child.emit(
                CallStarted(
                    at=now(),
                    client=plan.client,
                    call=slot.number,
                    operation=plan.OPERATIONS[plan.service],
                    due=slot.due,
                    concurrent=slot.concurrent,
                )
            )
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=self._environment(reports.port),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                preexec_fn=die_with_us,
            )
            _, stderr = await process.communicate()
        errors: tuple[ErrorLink, ...] = ()
        if process.returncode:
            text = stderr.decode(errors="replace").strip()
            errors = (ErrorLink(type=f"aws exit code {process.returncode}", message=text[:MESSAGE_LENGTH_MAX]),)
        result: Result = "failed" if errors else "ok"
        self._child.emit(CallFinished(at=now(), client=plan.client, call=slot.number, result=result, errors=errors))

    def _environment(self, port: int) -> dict[str, str]:
        plan = self._plan
        ours = {
            "AWS_CSM_ENABLED": "true",
            "AWS_CSM_HOST": "127.0.0.1",
            "AWS_CSM_PORT": str(port),
            "AWS_CSM_CLIENT_ID": plan.client[:255],  # botocore refuses more
            "AWS_PAGER": "",
        }
        if plan.retry_mode:
            ours["AWS_RETRY_MODE"] = plan.retry_mode
        if plan.max_attempts:
            ours["AWS_MAX_ATTEMPTS"] = str(plan.max_attempts)
        return {**os.environ, **ours}


class Reports:
    """The reports of one call, told as they come. Use in a ``with`` block, within a running event loop."""

    def __init__(self, child: Child, client: str, call: int) -> None:
        self._child, self._client, self._call = child, client, call
        self._attempt = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Reports:
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._read()  # a datagram on loopback is there before its sender ends
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                report = json.loads(self._socket.recv(65_535))
            except BlockingIOError:
                return
            if report["Type"] != "ApiCallAttempt":  # "ApiCall" sums up what the tries have told
                continue
            self._attempt += 1
            error, status = error_of(report), report.get("HttpStatusCode")
            self._child.emit(
                AttemptFinished(
                    at=WallClock().now(),
                    client=self._client,
                    call=self._call,
                    attempt=self._attempt,
                    result="failed" if error or (status or 0) >= 400 else "ok",
                    latency_ns=report["AttemptLatency"] * MILLISECOND,
                    status=status,
                    error=error,
                )
            )


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Workload(child, AwsCli.from_json(given)))


if __name__ == "__main__":
    main()
