"""The launcher: puts one command of the user's into the sandbox, with its own uid, folder, terminal, streams and signals.

It is a program, started as a file with ``python -I -S``. It stays outside and waits; its child enters the namespaces that the keeper
holds (setns(2)), gets a mount namespace of its own, and, where the sandbox is a user namespace in which everybody is root, a nested one
that gives the caller's uid and gid back (user_namespaces(7)). Both stay in the caller's process group: the terminal's signals and job
control reach the command as if there were no chaoskit.

It is told everything over the socket whose number is its argument. The first line is the plan, ``{"target": pid of the keeper,
"user": whether to enter its user namespace, "binds": [[source, target], …], "argv": […], "environment": {…}, "ignored": [signals that
the caller ignores, as under nohup(1)]}``. It says ``{"ready": true}``, waits for any line, and becomes the command. Then it says
``{"started": pid}`` (as the parent sees it) and at last ``{"status": wait status}``; or, at any time, ``{"error": text, "errno": number,
"part": "sandbox" or "command"}``.
"""

import contextlib
import ctypes
import ctypes.util
import json
import os
import signal
import socket
import sys

# linux/sched.h, sys/mount.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8

HANDED_THROUGH = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
SPOILT = (signal.SIGPIPE, signal.SIGXFSZ)  # which every Python ignores, and which a child would inherit

libc = ctypes.CDLL(ctypes.util.find_library("c") or None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise OSError naming ``what`` when a call of libc failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


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
    kinds = [*(["user"] if user else []), "mnt", "net", "pid"]
    opened = [os.open(f"/proc/{target}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
    for kind, descriptor in zip(kinds, opened, strict=True):
        checked(libc.setns(descriptor, 0), f"enter the {kind} namespace")
        os.close(descriptor)


def furnish(binds: list[list[str]]) -> None:
    """A mount namespace of its own: its resolv.conf, its trust, and a /proc that knows its process numbers."""
    checked(libc.unshare(CLONE_NEWNS), "make a mount namespace")
    for source, target in binds:
        real = os.path.realpath(target)
        checked(libc.mount(source.encode(), real.encode(), None, ctypes.c_ulong(MS_BIND), None), f"mount on {real}")
    # Forbidden where parts of /proc are covered, as in Docker: then it keeps the host's, where only /proc/self is right.
    libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(MS_NOSUID_NODEV_NOEXEC), None)


def become(uid: int, gid: int) -> None:
    """A nested user namespace in which we have this uid and gid again."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    checked(libc.unshare(CLONE_NEWUSER), "make a user namespace")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def command(control: socket.socket, plan: dict[str, object], uid: int, gid: int, folder: str, failed: int) -> None:
    """The child: prepare, wait for the word, become the command. Returns only what went wrong, through ``failed``."""
    part = "sandbox"
    try:
        furnish(plan["binds"])  # type: ignore[arg-type]
        if os.getuid() != uid:
            become(uid, gid)
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
    uid, gid, folder = os.getuid(), os.getgid(), os.getcwd()  # noqa: PTH109 - pathlib costs 15 ms
    outcome, failed = os.pipe()  # not inheritable: exec closes it, and that is how its success is seen
    try:
        enter(plan["target"], plan["user"])
        child = os.fork()
    except OSError as error:
        tell(control, {"error": error.strerror or str(error), "errno": error.errno, "part": "sandbox"})
        return
    if child == 0:
        os.close(outcome)
        command(control, plan, uid, gid, folder, failed)
    os.close(failed)
    with os.fdopen(outcome, "rb") as reader:
        complaint = reader.read()
    tell(control, json.loads(complaint) if complaint else {"started": child})
    _, status = os.waitpid(child, 0)
    if not complaint:
        tell(control, {"status": status})


if __name__ == "__main__":
    main()
