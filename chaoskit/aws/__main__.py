"""``python -m chaoskit.aws``: the mock AWS as a process of a run. Its plan and events: ARCHITECTURE.md, "The process contract"."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from chaoskit.child import Child
from chaoskit.errors import ChaoskitError, HarnessError
from chaoskit.journal.events import HarnessFailed, PlaneReady


def main() -> NoReturn:
    """Serve until told to stop. Exit code 0 after ``stop``; 4 with the reason on standard error when it cannot serve."""
    child = Child()
    plan = child.plan()
    stopped = threading.Event()
    child.on_command(lambda command: stopped.set() if command.get("do") == "stop" else None)
    gc.disable()  # imports make many long-lived objects; collecting among them costs a tenth of the start
    try:
        front = _start(child, plan)
    except (ChaoskitError, OSError) as error:
        sys.stderr.write(f"the mock AWS cannot start: {error}\n")
        child.leave(HarnessError.exit_code)
    gc.freeze()
    gc.enable()
    stopped.wait()
    front.stop()
    child.leave(0)


def _start(child: Child, plan: dict[str, Any]) -> Any:
    from chaoskit.aws.certificates import Authority

    authority = Authority()
    authority.publish(Path(plan["certificates"]))  # first of all: clients load meanwhile and wait for this file

    def failed(message: str) -> None:
        child.emit(HarnessFailed(at=time.monotonic_ns(), part="aws", message=message))

    from chaoskit.aws import front as tls_front
    from chaoskit.aws.evidence import Evidence
    from chaoskit.aws.service import MockServices

    services = MockServices()
    services.seed(plan.get("services") or {}, plan.get("region", "us-east-1"))
    front = tls_front.Front(
        Evidence(services.application, child.emit),
        authority.server_context(plan["names"]),
        failed,
        host=plan.get("host", "127.0.0.1"),
        port=plan.get("port", 0),
    )
    child.emit(
        PlaneReady(
            at=time.monotonic_ns(),
            plane="aws",
            implementation=f"moto {services.version} under cheroot {tls_front.VERSION}",
            addresses={"front": front.address},
            pid=os.getpid(),
        )
    )
    return front


if __name__ == "__main__":
    main()
