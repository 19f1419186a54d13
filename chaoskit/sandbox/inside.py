"""How a process gets inside the sandbox: the one way for a command of the user's and for the clients of an experiment.

The process that calls ``start_inside`` joins the namespaces that the keeper holds (setns(2)) and stays outside of what follows. Its child
gets a mount namespace of its own, and then a user namespace of its own, which owns neither the mounts nor the network and in which it has
the caller's uid and gid (user_namespaces(7)). ``confine.py`` closes the rest. Part of programs that are started as files with ``python -I
-S``, so it needs the standard library alone.

The plan is ``{"target": pid of the keeper, "user": whether to enter its user namespace, "binds": [[source, target], …], "sockets":
{"closed": [paths], "folders": [paths], "opened": [paths]} as ``confine.close_sockets`` has them, "filter": the filter of system calls in
base64, or ""}``; ``namespace.WayIn`` has the same fields.
"""

import binascii
import ctypes
import os
import socket
from collections.abc import Callable

from chaoskit.sandbox import confine
from chaoskit.sandbox.confine import checked, libc

# linux/sched.h, sys/mount.h
CLONE_NEWNS = 0x00020000
MS_BIND = 4096
MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8


def start_inside(plan: dict[str, object], become: Callable[[], None], refuse: Callable[[OSError], None]) -> int:
    """Fork a child that calls ``become`` when it is confined; returns its pid.

    The child calls ``refuse`` with what the system would not do, and ends when either returns. Raises OSError where this process cannot
    enter, or cannot map the child's users.
    """
    uid, gid = os.getuid(), os.getgid()
    asked, asking = socket.socketpair()
    enter(plan["target"], bool(plan["user"]))  # type: ignore[arg-type]
    child = os.fork()
    if child == 0:
        asked.close()
        try:
            confine_itself(plan, uid, asking)
            become()
        except OSError as error:
            refuse(error)
        os._exit(1)
    asking.close()
    with asked:
        if asked.recv(1):
            confine.map_users(child, uid, gid)
            asked.send(b"!")
    return child


def enter(target: int, user: bool) -> None:
    """Join the keeper's namespaces; a PID namespace is joined by children only."""
    kinds = [*(["user"] if user else []), "mnt", "ipc", "net", "pid"]
    opened = [os.open(f"/proc/{target}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
    for kind, descriptor in zip(kinds, opened, strict=True):
        checked(libc.setns(descriptor, 0), f"enter the {kind} namespace")
        os.close(descriptor)


def confine_itself(plan: dict[str, object], uid: int, asking: socket.socket) -> None:
    """Close every way out of this process, one that has just been forked. On ``asking`` it asks to have its users mapped."""
    furnish(plan["binds"], plan["sockets"], uid)  # type: ignore[arg-type]
    confine.own_user_namespace()
    asking.send(b"?")
    if asking.recv(1) != b"!":
        os._exit(1)  # whoever forked it has said why
    asking.close()
    confine.drop_capabilities()
    confine.forbid_new_privileges()
    if plan["filter"]:
        confine.filter_calls(binascii.a2b_base64(plan["filter"]))  # type: ignore[arg-type]


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
