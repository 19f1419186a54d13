"""What runs in a run's *world*: the container whose network the planes share.

``python -m chaoskit.sandbox.docker_world ADDRESS/PREFIX USER``. Every address of that prefix becomes the container's own (as all of
127.0.0.0/8 is a machine's own: the kernel takes a prefix on the loopback interface as local throughout), so each client can have a
resolver address and each service as many addresses as it wants. Then it becomes USER, tells the time on the run's clock, and waits to
be removed.
"""

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


def own(prefix: str) -> None:
    """Make every address of ``prefix`` this network's own. Needs CAP_NET_ADMIN."""
    interface = ipaddress.ip_interface(prefix)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((SIOCSIFADDR, interface.ip), (SIOCSIFNETMASK, interface.netmask)):
            packed = struct.pack("16sH2x4s8x", NAME, socket.AF_INET, ipaddress.ip_address(value).packed)
            fcntl.ioctl(control, request, packed)


def main() -> None:
    """See the module."""
    prefix, user = sys.argv[1], int(sys.argv[2])
    own(prefix)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    print(time.monotonic_ns(), flush=True)  # noqa: T201 - what the run waits for
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
