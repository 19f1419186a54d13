"""The launcher: puts one command of the user's into the sandbox, with its own uid, folder, terminal, streams and signals.

It is a program, started as a file with ``python -I -S``. It stays outside and waits; its child enters the namespaces that the keeper
holds (setns(2)), gets a mount namespace of its own, and then a user namespace of its own, which owns neither the mounts nor the network
and in which it has the caller's uid and gid (user_namespaces(7)). ``confine.py`` closes the rest. Both stay in the caller's process
group: the terminal's signals and job control reach the command as if there were no chaoskit.

It is told everything over the socket whose number is its argument. The first line is the plan, ``{"target": pid of the keeper, "user":
whether to enter its user namespace, "binds": [[source, target], …], "argv": […], "environment": {…}, "ignored": [signals that the caller
ignores, as under nohup(1)], "sockets": {"closed": [paths], "folders": [paths], "opened": [paths]} as ``confine.close_sockets`` has them,
"filter": the filter of system calls in base64, or ""}``. It says ``{"ready": true}``, waits for any line, and becomes the command. Then
it says ``{"started": pid}`` (as the parent sees it) and at last ``{"status": wait status}``; or, at any time, ``{"error": text, "errno":
number, "part": "sandbox" or "command"}``.
"""

import binascii
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
from chaoskit.sandbox import confine  # `python -I` knows no other way to it
from chaoskit.sandbox.confine import checked, libc

# linux/sched.h, sys/mount.h
CLONE_NEWNS = 0x00020000
MS_BIND = 4096
MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8

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


def enter(target: int, user: bool) -> None:
    """Join the keeper's namespaces; a PID namespace is joined by children only."""
    kinds = [*(["user"] if user else []), "mnt", "ipc", "net", "pid"]
    opened = [os.open(f"/proc/{target}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
    for kind, descriptor in zip(kinds, opened, strict=True):
        checked(libc.setns(descriptor, 0), f"enter the {kind} namespace")
        os.close(descriptor)


def furnish(binds: list[list[str]], sockets: dict[str, list[str]], uid: int) -> None:
    """A mount namespace of its own: its resolv.conf, its trust, a /proc that knows its process numbers, and no socket of the host's."""
    checked(libc.unshare(CLONE_NEWNS), "make a mount namespace")
    confine.close_sockets(sockets["closed"], sockets["folders"], sockets["opened"])
    for source, target in binds:
        confine.mount(source, os.path.realpath(target), None, MS_BIND)
    # Forbidden where parts of /proc are covered, as in Docker: then it keeps the host's, where only /proc/self is right.
    libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(MS_NOSUID_NODEV_NOEXEC), None)
    if uid == 0:  # nobody else may write there
        confine.close_kernel_settings()


def command(control: socket.socket, plan: dict[str, object], uid: int, folder: str, asking: int, failed: int) -> None:
    """The child: prepare, wait for the word, become the command. Returns only what went wrong, through ``failed``.

    On ``asking`` it asks the launcher to map its users, and hears that they are.
    """
    part = "sandbox"
    try:
        furnish(plan["binds"], plan["sockets"], uid)  # type: ignore[arg-type]
        confine.own_user_namespace()
        os.write(asking, b"?")
        if os.read(asking, 1) != b"!":
            os._exit(1)  # the launcher has said why
        os.close(asking)
        confine.drop_capabilities()
        confine.forbid_new_privileges()
        if plan["filter"]:
            confine.filter_calls(binascii.a2b_base64(plan["filter"]))  # type: ignore[arg-type]
        part = "command"
        os.chdir(folder)
        tell(control, {"ready": True})
        read_line(control)
        for number in (*HANDED_THROUGH, *SPOILT):
            is_ignored = number in plan["ignored"]  # type: ignore[operator]
            signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
        argv: list[str] = plan["argv"]  # type: ignore[assignment]
        environment: dict[str, str] = plan["environment"]  # type: ignore[assignment]
        os.execvpe(argv[0], argv, environment)  # noqa: S606
    except OSError as error:
        failure = {"error": error.strerror or str(error), "errno": error.errno, "part": part}
        os.write(failed, json.dumps(failure).encode())
    os._exit(1)


def main() -> None:
    """Take the plan, start the child, tell what becomes of it."""
    for number in HANDED_THROUGH:
        signal.signal(number, signal.SIG_IGN)  # they are the command's; the launcher only waits
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    plan = json.loads(read_line(control))
    uid, gid, folder = os.getuid(), os.getgid(), os.getcwd()
    outcome, failed = os.pipe()  # not inheritable: exec closes it, and that is how its success is seen
    asked, asking = socket.socketpair()
    try:
        enter(plan["target"], plan["user"])
        child = os.fork()
        if child == 0:
            os.close(outcome)
            asked.close()
            command(control, plan, uid, folder, asking.detach(), failed)
        asking.close()
        os.close(failed)
        if asked.recv(1):
            confine.map_users(child, uid, gid)
            asked.send(b"!")
    except OSError as error:
        tell(control, {"error": error.strerror or str(error), "errno": error.errno, "part": "sandbox"})
        return
    with os.fdopen(outcome, "rb") as reader:
        complaint = reader.read()
    tell(control, json.loads(complaint) if complaint else {"started": child})
    _, status = os.waitpid(child, 0)
    if not complaint:
        tell(control, {"status": status})


if __name__ == "__main__":
    main()
