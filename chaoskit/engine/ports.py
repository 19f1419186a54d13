"""What the runner needs of the world, and a no-op of each, so that the runner can be tested on nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from chaoskit.clock import Clock, Instant
from chaoskit.journal.events import ClientReady, Event, PlaneReady
from chaoskit.sandbox.base import ProcessAction
from chaoskit.units import format_duration

Plan = dict[str, Any]


class Sandbox(Protocol):
    """Where clients run, and whose resolver they get; open already. ``because`` says why this sandbox was chosen.

    ``has_own_clients``: its client programs are built into its images, so those of this machine are not looked for.
    """

    name: str
    libc_exercised: bool
    because: str
    ipv6: bool
    has_own_clients: bool

    def resolver(self, label: str) -> tuple[str, int]:
        """Where chaoskit's DNS must listen for this client: address and port (0: any)."""

    def service(self, address: str, port: int = 443) -> str:
        """Where the proxy must listen (``host:port``, port 0: any) for a service that resolves to ``address`` and has this port."""

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """Tell clients where things really listen: label → DNS ``host:port``, service address → proxy ``host:port``.

        The address of a service whose port is not HTTPS's has its port behind it.
        """

    def command(self, argv: list[str]) -> list[str]:
        """The command that runs ``argv`` as a plane."""

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        """The command that runs ``argv`` as the client ``label``."""

    def adapt(self, name: str, plan: Plan) -> Plan:
        """The plan of the process ``name`` as it must be in this sandbox."""

    async def act(self, name: str, action: ProcessAction) -> bool:
        """Pause, resume or kill the process ``name`` in the sandbox's own way; False where a signal to it will do."""


class UserProgram(Protocol):
    """A program of the user's that takes part in a run as it is, and speaks no process contract."""

    async def live(self, part: ProgramPart) -> None:
        """Its whole life: start it, report it ready, journal what it does, and see it ended. Raises nothing: ``part.fail`` says why."""

    def begin(self, origin: Instant) -> None:
        """The timeline begins at ``origin``."""


@dataclass(frozen=True, slots=True)
class ProgramPart:
    """What the process manager lends a ``UserProgram``: how to say that it is ready, that it failed, and to wait for a process."""

    ready: Callable[[ClientReady], None]
    fail: Callable[[str], None]
    wait_for: Callable[[str], Awaitable[object]]


class ProcessManager(Protocol):
    """Starts, signals and stops the processes of a run, by name. A plane is called by its key."""

    def start_plane(self, name: str, plan: Plan) -> None:
        """Begin to start a plane's process; ``ready`` waits for it."""

    def start_client(self, name: str, use: str, plan: Plan) -> None:
        """Begin to start a client's process; ``ready`` waits for it."""

    async def ready(self, name: str) -> PlaneReady | ClientReady:
        """Wait for the process's ready event. Raises ``PlaneError`` when it dies first."""

    def send(self, name: str, command: Plan) -> None:
        """Send one command line."""

    async def ended(self, names: list[str]) -> None:
        """Return when these processes have ended by themselves."""

    async def failed(self) -> None:
        """Return when a process failed; the journal then says which and why."""

    async def pause(self, name: str) -> None:
        """Stop the process where it is."""

    async def resume(self, name: str) -> None:
        """Let it go on."""

    async def kill(self, name: str) -> None:
        """Kill it, as an injected fault."""

    async def operate(self, name: str) -> None:
        """Tell an operator to act."""

    async def restart(self, name: str) -> None:
        """Start a killed process anew, with its plan; when it is ready it is told to begin."""

    async def stop(self, names: list[str]) -> None:
        """Ask these processes to end; kill those that do not in good time."""

    async def close(self) -> None:
        """Kill whatever still runs."""


class NoopSandbox:
    """A sandbox in which nothing runs."""

    name = "noop"
    libc_exercised = False
    because = "nothing runs in it"
    ipv6 = True
    has_own_clients = False

    def resolver(self, label: str) -> tuple[str, int]:
        return "127.0.0.1", 0

    def service(self, address: str, port: int = 443) -> str:
        return f"{address}:0"

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        pass

    def command(self, argv: list[str]) -> list[str]:
        return argv

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        return argv

    def adapt(self, name: str, plan: Plan) -> Plan:
        return plan

    async def act(self, name: str, action: ProcessAction) -> bool:
        return True


class NoopProcessManager:
    """Processes that are ready at once, do nothing and never fail. Their ready events go to ``tell``, as a real manager's do."""

    def __init__(self, clock: Clock, tell: Callable[[Event], object]) -> None:
        self._clock = clock
        self._tell = tell
        self._ready: dict[str, PlaneReady | ClientReady] = {}
        self.commands: list[tuple[str, Plan]] = []

    def start_plane(self, name: Any, plan: Plan) -> None:
        ready = PlaneReady(
            at=self._clock.now(), plane=name, implementation="noop", addresses={"front": "noop:0"}, pid=0
        )
        self._ready[name] = ready
        self._tell(ready)

    def start_client(self, name: str, use: str, plan: Plan) -> None:
        settings = {"every": format_duration(plan["every_ns"])}
        ready = ClientReady(
            at=self._clock.now(), client=name, use=use, pid=0, versions={}, settings=settings, every_ns=plan["every_ns"]
        )
        self._ready[name] = ready
        self._tell(ready)

    async def ready(self, name: str) -> PlaneReady | ClientReady:
        return self._ready[name]

    def send(self, name: str, command: Plan) -> None:
        self.commands.append((name, command))

    async def ended(self, names: list[str]) -> None:
        pass

    async def failed(self) -> None:
        import asyncio

        await asyncio.get_running_loop().create_future()  # for ever: nothing can fail here

    async def pause(self, name: str) -> None:
        pass

    async def resume(self, name: str) -> None:
        pass

    async def kill(self, name: str) -> None:
        pass

    async def operate(self, name: str) -> None:
        pass

    async def restart(self, name: str) -> None:
        pass

    async def stop(self, names: list[str]) -> None:
        pass

    async def close(self) -> None:
        pass
