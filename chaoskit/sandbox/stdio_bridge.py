"""A process of a run that waits in a container of its own, as the services of ``docker/compose.yaml`` do.

``python -m chaoskit.sandbox.stdio_bridge --listen PORT -- COMMAND…`` is the container's side: for each connection it starts COMMAND with
the connection as standard input and output, so the process contract (``chaoskit.child``) holds over the network as it does over pipes. When
the other side goes, COMMAND's input ends, and it with it.

``python door.py --to HOST:PORT`` is the run's side: a process that stands for the one behind the door, with its pipes, its complaints
and its exit code. With ``--after FILE`` it knocks when that file is there. ``--check`` tells whether something waits here (a
container's health check).

The door starts COMMAND and nothing else, whatever it is sent. It belongs on a network that is the run's own.
"""

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

PORT = 7400
LEAVE_WITHIN_S = 3.0
REACHABLE_WITHIN_S = 20.0
LONGEST_COMPLAINT_LINES = 20


class Exit:
    """The line that the container's side adds when the process has ended: its exit code, and the end of its standard error."""

    KEY = "chaoskit_door"

    @staticmethod
    def write(code: int, complaints: list[str]) -> bytes:
        """The line."""
        return json.dumps({Exit.KEY: {"code": code, "complaints": complaints}}).encode() + b"\n"

    @staticmethod
    def read(line: bytes) -> tuple[int, list[str]] | None:
        """Code and complaints, if ``line`` is such a line."""
        if not line.startswith(b'{"' + Exit.KEY.encode()):
            return None
        end = json.loads(line)[Exit.KEY]
        return end["code"], end["complaints"]


def listen(port: int, command: list[str]) -> None:
    """Serve one run after another, until SIGTERM.

    As process 1 of a container it would otherwise not hear SIGTERM at all (pid_namespaces(7)), and be killed ten seconds later. The
    command ends with it: in a container by the kernel, elsewhere because its input ends.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.create_server(("", port)) as server:
        print(f"waiting at port {port}: {' '.join(command)}", file=sys.stderr, flush=True)  # noqa: T201
        while True:
            connection, _ = server.accept()
            with connection:
                serve(connection, command)


def serve(connection: socket.socket, command: list[str]) -> None:
    """Let ``command`` speak with whoever connected, until one of them is gone."""
    # A health check connects and says nothing.
    if not connection.recv(1, socket.MSG_PEEK):
        return
    child = subprocess.Popen(
        command,
        stdin=connection.fileno(),
        stdout=connection.fileno(),
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    complaints: deque[str] = deque(maxlen=LONGEST_COMPLAINT_LINES)

    def listen_to_complaints() -> None:
        assert child.stderr is not None
        for line in child.stderr:
            complaints.append(line.rstrip())
            sys.stderr.write(line)

    reader = threading.Thread(target=listen_to_complaints, daemon=True)
    reader.start()
    code = _wait(child, connection)
    reader.join(1)
    with contextlib.suppress(OSError):
        connection.sendall(Exit.write(code, list(complaints)))


def _wait(child: subprocess.Popen[str], connection: socket.socket) -> int:
    """The child's exit code; it gets ``LEAVE_WITHIN_S`` once the other side has gone."""
    gone = select.poll()
    gone.register(connection, select.POLLRDHUP)
    ended = os.pidfd_open(child.pid)
    gone.register(ended, select.POLLIN)
    try:
        gone.poll()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(LEAVE_WITHIN_S)
        child.kill()
        return child.wait()
    finally:
        os.close(ended)


def connect(host: str, port: int) -> int:
    """Stand for the process behind the door; its exit code."""
    door = _reach(host, port)

    def forward() -> None:
        while data := os.read(0, 1 << 16):
            door.sendall(data)
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_WR)

    threading.Thread(target=forward, daemon=True).start()
    with door.makefile("rb") as lines:
        for line in lines:
            if (ended := Exit.read(line)) is not None:
                code, complaints = ended
                sys.stderr.write("".join(f"{complaint}\n" for complaint in complaints))
                return code
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    sys.stderr.write(f"the container behind {host}:{port} is gone\n")
    return 4


def _wait_for(path: str | None) -> None:
    """Return when the file is there; the parent ends us if that takes too long."""
    while path is not None and not os.path.exists(path):  # noqa: PTH110 - pathlib takes longer to load than all else here
        threading.Event().wait(0.02)


def _reach(host: str, port: int) -> socket.socket:
    """A connection to the door; tries again while the container is starting."""
    deadline = time.monotonic() + REACHABLE_WITHIN_S
    while True:
        try:
            return socket.create_connection((host, port), timeout=None)
        except OSError as error:
            if time.monotonic() > deadline:
                sys.stderr.write(f"nothing waits at {host}:{port} ({error}); is its container up?\n")
                sys.exit(4)
            threading.Event().wait(0.1)


def check(port: int) -> int:
    """0 if something listens at ``port`` here: the door itself, or the process that it serves at this moment."""
    with open("/proc/net/tcp") as tcp4, open("/proc/net/tcp6") as tcp6:  # noqa: PTH123
        rows = [line.split() for line in (*tcp4, *tcp6)]
    return 0 if any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows) else 1


def main(leave: Callable[[int], object] = sys.exit) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="chaoskit.sandbox.stdio_bridge")
    parser.add_argument("--listen", type=int, metavar="PORT")
    parser.add_argument("--to", metavar="HOST:PORT")
    parser.add_argument("--after", metavar="FILE")
    parser.add_argument("--check", type=int, nargs="?", const=PORT, metavar="PORT")
    parser.add_argument("command", nargs="*")
    given = parser.parse_args()
    if given.listen:
        listen(given.listen, given.command)
    elif given.to:
        _wait_for(given.after)
        host, _, port = given.to.rpartition(":")
        leave(connect(host, int(port)))
    else:
        leave(check(given.check or PORT))


if __name__ == "__main__":
    main()
