"""The launcher: puts one command of the user's into the sandbox, with its own uid, folder, terminal, streams and signals.

It is a program, started as a file with ``python -I -S``. It stays outside and waits; its child gets in as ``inside.py`` says. Both stay
in the caller's process group: the terminal's signals and job control reach the command as if there were no chaoskit.

It is told everything over the socket whose number is its argument. The first line is the plan: that of ``inside.py``, and ``"argv": […],
"environment": {…}, "ignored": [signals that the caller ignores, as under nohup(1)]``. It says ``{"ready": true}``, waits for any line, and
becomes the command. Then it says ``{"started": pid}`` (as the parent sees it) and at last ``{"status": wait status}``; or, at any time,
``{"error": text, "errno": number, "part": "sandbox" or "command"}``.
"""

import contextlib
import json
import os
import signal
import socket
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
from chaoskit.sandbox.inside import start_inside  # `python -I` knows no other way to it

HANDED_THROUGH = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
SPOILT = (signal.SIGPIPE, signal.SIGXFSZ)  # which every Python ignores, and which a child would inherit


def tell(control: socket.socket, message: dict[str, object]) -> None:
    """One line to chaoskit; if it is gone, the keeper has seen that too."""
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


def read_line(control: socket.socket) -> bytes:
    """The next line, byte for byte: what follows it belongs to the next reader."""
    line = b""
    while not line.endswith(b"\n"):
        byte = control.recv(1)
        if not byte:
            os._exit(0)  # chaoskit is gone
        line += byte
    return line


def become_command(control: socket.socket, plan: dict[str, object], folder: str) -> None:
    """Say that all is ready, wait for the word, and become the command."""
    os.chdir(folder)
    tell(control, {"ready": True})
    read_line(control)
    for number in (*HANDED_THROUGH, *SPOILT):
        is_ignored = number in plan["ignored"]  # type: ignore[operator]
        signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    argv: list[str] = plan["argv"]  # type: ignore[assignment]
    environment: dict[str, str] = plan["environment"]  # type: ignore[assignment]
    os.execvpe(argv[0], argv, environment)  # noqa: S606


def failure(error: OSError, part: str) -> dict[str, object]:
    """What the system would not do, for chaoskit."""
    return {"error": error.strerror or str(error), "errno": error.errno, "part": part}


def main() -> None:
    """Take the plan, start the child, tell what becomes of it."""
    for number in HANDED_THROUGH:
        signal.signal(number, signal.SIG_IGN)  # they are the command's; the launcher only waits
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    plan = json.loads(read_line(control))
    folder = os.getcwd()
    outcome, failed = os.pipe()  # not inheritable: exec closes it, and that is how its success is seen

    def refuse(error: OSError, part: str = "sandbox") -> None:
        os.write(failed, json.dumps(failure(error, part)).encode())

    def become() -> None:
        try:
            become_command(control, plan, folder)
        except OSError as error:
            refuse(error, "command")

    try:
        child = start_inside(plan, become, refuse)
    except OSError as error:
        tell(control, failure(error, "sandbox"))
        return
    os.close(failed)
    with os.fdopen(outcome, "rb") as reader:
        complaint = reader.read()
    tell(control, json.loads(complaint) if complaint else {"started": child})
    _, status = os.waitpid(child, 0)
    if not complaint:
        tell(control, {"status": status})


if __name__ == "__main__":
    main()
