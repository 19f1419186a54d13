"""The curl probe's process: it starts curl for every call and reads the line of JSON that curl writes about it (``%{json}``, curl(1))."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from chaoskit.child import Child
from chaoskit.clients.curl import Curl
from chaoskit.clients.probe import CALL_FIELD
from chaoskit.clients.probe_workload import ProbeWorkload, Progress, UnexpectedAnswerError
from chaoskit.clients.process import die_with_us, play
from chaoskit.errors import PlaneError

MOST_BODY = 1 << 20
"""Bytes of a body that are looked at."""


class CurlError(Exception):
    """curl could not do it: its exit code in parentheses, and its own words."""


class CurlProbe(ProbeWorkload):
    """Runs of curl with one URL."""

    ERRORS = (OSError, CurlError)

    def __init__(self, child: Child, plan: Curl) -> None:
        self._curl = plan
        shown = {"options": " ".join(plan.options)} if plan.options else {}
        super().__init__(
            child, plan, f"{plan.method or 'GET'} {plan.parts.path or '/'}", {"url": plan.url or "", **shown}
        )
        self._folder = Path(tempfile.mkdtemp(prefix="curl-"))  # in the run's own folder, which goes with the run
        self._version = _version(plan.program)

    def versions(self) -> dict[str, str]:
        return {"curl": self._version}

    async def ask(self, progress: Progress) -> int:
        progress.doing = "waiting for curl"
        output = self._folder / progress.call
        process = await asyncio.create_subprocess_exec(
            *self._curl.words(str(output), f"{CALL_FIELD}: {progress.call}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with_us,
        )
        try:
            written, _ = await process.communicate()
            body = _head_of(output)
        finally:
            if process.returncode is None:  # the call was given up
                process.kill()
            output.unlink(missing_ok=True)
        transfer = _transfer(written)
        if process.returncode:
            message = transfer.get("errormsg") or "curl says nothing of it"
            raise CurlError(f"({process.returncode}) {message}")
        status = int(transfer.get("http_code", 0))
        if complaint := self._curl.complaint(status, body):
            raise UnexpectedAnswerError(complaint, status)
        return status


def _transfer(written: bytes) -> dict[str, Any]:
    """What curl's last line says of the transfer."""
    lines = written.splitlines()
    fields: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return fields


def _head_of(path: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(MOST_BODY)
    return b""


def _version(program: str) -> str:
    """The version of libcurl, by the same line of JSON. Raises ``PlaneError`` for a program that is no curl."""
    words = [program, "--disable", "--silent", "--output", os.devnull, "--write-out", "%{json}\\n", "file:///dev/null"]
    try:
        answer = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        version: str = _transfer(answer.stdout)["curl_version"]
    except (OSError, ValueError, KeyError) as error:
        raise PlaneError(f"{program} is no curl of version 7.75 or newer: {error!r}") from error
    return version.split(maxsplit=1)[0].removeprefix("libcurl/")


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: CurlProbe(child, Curl.from_json(given)))


if __name__ == "__main__":
    main()
