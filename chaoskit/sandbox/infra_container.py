"""Container entry point: do the privileged set-up, drop privileges, exec the command.

``python -m chaoskit.sandbox.infra_container [--own ADDRESS/PREFIX] [--results FOLDER] [-- COMMAND…]``

``--own``: every address of the prefix becomes the container's own (as all of 127.0.0.0/8 is a machine's own: the kernel takes a
prefix on the loopback interface as local throughout), so each client can have a resolver address and each service as many addresses
as it wants. Needs CAP_NET_ADMIN. ``--results``: whoever owns the folder is who it becomes, so that what is written belongs to the user
on the host; where that is root, which a rootless engine's user is in here, it stays so without any capability. Without COMMAND it tells
the time on the run's clock, and waits to be removed.
"""

import argparse
import ctypes
import fcntl
import ipaddress
import os
import signal
import socket
import struct
import sys
import time

# bits/ioctls.h
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C

NAME = b"lo:1"  # an alias of its own, so that 127.0.0.1 stays
LINUX_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
USER = 10001  # as the Dockerfile says


def own(prefix: str) -> None:
    """Make every address of ``prefix`` this network's own."""
    interface = ipaddress.ip_interface(prefix)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((SIOCSIFADDR, interface.ip), (SIOCSIFNETMASK, interface.netmask)):
            packed = struct.pack("16sH2x4s8x", NAME, socket.AF_INET, ipaddress.ip_address(value).packed)
            fcntl.ioctl(control, request, packed)


def owner(folder: str) -> tuple[int, int]:
    """User and group that ``folder`` belongs to."""
    status = os.stat(folder)  # noqa: PTH116
    return status.st_uid, status.st_gid


def become(user: int, group: int) -> None:
    """Give up every right but those of an ordinary user; as user 0, every capability (capset(2)), root's own files excepted.

    With ``no_new_privs``, which the engine sets for ``no-new-privileges``, no program that is started gets them back (execve(2)).
    """
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    if user == 0:
        header, nothing = struct.pack("Ii", LINUX_CAPABILITY_VERSION_3, 0), bytes(24)
        if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
            raise OSError(ctypes.get_errno(), "capset")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="chaoskit.sandbox.infra_container")
    parser.add_argument("--own", metavar="ADDRESS/PREFIX")
    parser.add_argument("--results", metavar="FOLDER")
    parser.add_argument("command", nargs="*")
    given = parser.parse_args()
    if given.own:
        own(given.own)
    become(*(owner(given.results) if given.results else (USER, USER)))
    if given.command:
        os.execvp(given.command[0], given.command)  # noqa: S606 - the container's own command line
    print(time.monotonic_ns(), flush=True)  # noqa: T201 - what the run waits for
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
