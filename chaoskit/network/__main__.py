"""``python -m chaoskit.network``: the proxy plane as a process of a run. Its plan, commands and events: ARCHITECTURE.md."""

from __future__ import annotations

import os
import queue
import sys
import time
import traceback
from typing import NoReturn

from chaoskit.child import Child, Command
from chaoskit.clock import Instant
from chaoskit.errors import ChaoskitError, HarnessError, ProxyError
from chaoskit.journal.events import HarnessFailed, PlaneReady
from chaoskit.network import server
from chaoskit.network.driver import Driver
from chaoskit.network.liveness import Liveness, next_due
from chaoskit.network.plan import ProxySpec, plan_from_json

Commands = queue.SimpleQueue[Command]


def main() -> NoReturn:
    """Drive the proxy until told to stop. Exit code 0 after ``stop``; 4, with a ``harness_failed`` event, when anything fails."""
    child = Child()
    commands: Commands = queue.SimpleQueue()
    try:
        plan = child.plan()
        child.on_command(commands.put)
        _run(child, plan, commands)
    except ChaoskitError as error:
        _tell(child, str(error))
        child.leave(HarnessError.exit_code)
    except Exception as error:  # noqa: BLE001 - the process ends here, with the whole trace
        traceback.print_exc()
        _tell(child, f"the driver of the proxy failed: {error!r}")
        child.leave(HarnessError.exit_code)
    child.leave(0)


def _run(child: Child, plain: Command, commands: Commands) -> None:
    plan = plan_from_json(plain)
    proxy = server.start(
        plan.toxiproxy,
        plan.seed,
        child.relay,
        lambda reason: commands.put({"do": "fail", "reason": reason}),
        plan.within,
        plan.log,
    )
    # Costs a quarter of a second of CPU, so it is spent while the proxy starts.
    from chaoskit.network.toxiproxy import ToxiproxyControl

    control = ToxiproxyControl(*proxy.address())
    driver = Driver(plan.injections, proxy.driven_by(control), child.emit, time.monotonic_ns)
    liveness = Liveness(control.probe, time.monotonic_ns)
    version = control.version()
    implementation = proxy.implementation(version)
    if not proxy.is_embedded(version):
        server.check_toxics((injection.fault for injection in plan.injections), implementation)
    child.prove_alive()
    while (command := _next(commands, next_due(driver.due, liveness.due))) is None or command["do"] != "stop":
        if command is None:
            if driver.due is not None and driver.due <= time.monotonic_ns():
                driver.change()
            liveness.prove()
        elif command["do"] == "populate":
            addresses = driver.populate(ProxySpec(**spec) for spec in command["proxies"])
            child.emit(
                PlaneReady(
                    at=time.monotonic_ns(),
                    plane="network",
                    implementation=implementation,
                    addresses=addresses,
                    pid=os.getpid(),
                    silent=proxy.silent,
                )
            )
        elif command["do"] == "arm":
            driver.arm(command["origin"])
            liveness.begin()
        elif command["do"] == "event":
            driver.with_event(command["name"], command["at"])
        elif command["do"] == "fail":
            raise ProxyError(command["reason"])
        else:
            raise HarnessError(f"the proxy plane knows no command {command['do']!r}")
    if liveness.due is not None:
        liveness.prove()  # in less time than lifting may take, and than we have until we are killed
    driver.lift_all()
    if not proxy.mine:
        driver.remove_proxies()
    proxy.stop()


def _next(commands: Commands, due: Instant | None) -> Command | None:
    """The next command; None when something is due before one comes."""
    if due is None:
        return commands.get()
    try:
        return commands.get(timeout=max(0.0, (due - time.monotonic_ns()) / 1e9))
    except queue.Empty:
        return None


def _tell(child: Child, message: str) -> None:
    child.emit(HarnessFailed(at=time.monotonic_ns(), part="network", message=message))
    sys.stderr.write(message + "\n")


if __name__ == "__main__":
    main()
