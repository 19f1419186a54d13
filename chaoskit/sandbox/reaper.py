"""The keeper: holds a run's namespaces and temporary folders, and destroys them when its standard input ends.

It is a program, started as a file with ``python -I -S`` so that it costs nothing, and it outlives a ``kill -9`` of its parent just long
enough to clean up: the kernel closes the pipe, the keeper sees the end, removes every folder it was told of, and exits. In a
PID namespace it is process 1, so its exit makes the kernel kill whatever still runs in there.

What was measured is not removed: a folder whose journal has an armed timeline takes the place of the first of the empty ones instead,
when the parent has not put it there itself. A journal without an end gets one, with the reason *interrupted*, which no judge passes.

Its argument is its plan: ``{"remove": [folders], "empty": [folders to remove if empty], "namespace": bool,
"binds": [[source, target], …], "addresses": [what the loopback gets besides], "last": [commands to run at the end]}``.
It answers one line: ``{"pid": its pid as the parent sees it, "ipv6": bool}`` or ``{"error": text}``. A line on standard input means that
the folders are the parent's again, for another try.
"""

import contextlib
import ctypes
import ctypes.util
import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import sys
import time

JOURNAL = "journal.jsonl"
INTERRUPTED = "interrupted"

# sys/mount.h, net/if.h, bits/ioctls.h
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
IFF_UP = 1
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCADDRT = 0x890B
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C
RTF_UP = 1

# Addresses of the documentation (RFC 5737): routed to ``lo``, where nobody has them, packets to them vanish as on a broken way.
BLACK_HOLES = ("192.0.2.0", "198.51.100.0", "203.0.113.0")

# File-system sockets by which glibc's nss-resolve and nscd would ask the host past our resolver.
BYPASSES = ("/run/systemd/resolve", "/run/nscd", "/var/run/nscd")


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """mount(2); raises OSError naming the target."""
    libc = ctypes.CDLL(ctypes.util.find_library("c") or None, use_errno=True)
    fstype = kind.encode() if kind else None
    if libc.mount(source.encode(), target.encode(), fstype, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount on {target}: {os.strerror(number)}")


def loopback_up() -> None:
    """Bring ``lo`` up: a new network namespace has it down, and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def add_to_loopback(addresses: list[str]) -> None:
    """Give ``lo`` further IPv4 addresses, each alone (without a network around it), as aliases ``lo:1`` and on (ip-address(8))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for number, address in enumerate(addresses, 1):
            for request, written in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
                place = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(written))
                fcntl.ioctl(control, request, struct.pack("16s16s8x", f"lo:{number}".encode(), place))


class Route(ctypes.Structure):
    """``struct rtentry`` (linux/route.h)."""

    _fields_ = (
        ("pad1", ctypes.c_ulong),
        ("destination", ctypes.c_char * 16),
        ("gateway", ctypes.c_char * 16),
        ("mask", ctypes.c_char * 16),
        ("flags", ctypes.c_ushort),
        ("pad2", ctypes.c_short),
        ("pad3", ctypes.c_ulong),
        ("pad4", ctypes.c_void_p),
        ("metric", ctypes.c_short),
        ("device", ctypes.c_char_p),
        ("limits", ctypes.c_ulong * 3),  # mtu, window, irtt
    )


def black_holes() -> None:
    """Make a connection to the documentation's addresses hang, as it would beyond a router that is gone, not fail at once."""

    def address(written: str) -> bytes:
        return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(written))

    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for network in BLACK_HOLES:
            route = Route(flags=RTF_UP, device=b"lo")
            for field, written in (("destination", network), ("mask", "255.255.255.0")):
                ctypes.memmove(ctypes.addressof(route) + getattr(Route, field).offset, address(written), 16)
            if libc.ioctl(control.fileno(), SIOCADDRT, ctypes.byref(route)) != 0:
                number = ctypes.get_errno()
                raise OSError(number, f"route to {network}: {os.strerror(number)}")


def open_low_ports() -> None:
    """Let everybody in here bind ports below 1024: root's command has no privilege over this network, and yet may listen on port 80.

    Where /proc/sys is read-only, as in Docker, it stays as it is there (Docker itself sets 0).
    """
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as setting:
        setting.write("0")


def has_ipv6() -> bool:
    """Whether ``::1`` can be bound here."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def mask_bypasses() -> list[str]:
    """Cover each bypass with an empty file system; returns what was covered."""
    covered = []
    for folder in BYPASSES:
        if os.path.isdir(folder) and os.path.realpath(folder) not in covered:
            mount("tmpfs", folder, "tmpfs", 0)
            covered.append(os.path.realpath(folder))
    return covered


def bind(source: str, target: str, covered: list[str]) -> None:
    """Put ``source`` in place of ``target``, following symbolic links; makes the target only inside a file system of ours."""
    real = os.path.realpath(target)
    if not os.path.exists(real):
        if not any(real.startswith(folder + "/") for folder in covered):
            if target == "/etc/resolv.conf":
                raise OSError(errno.ENOENT, f"{target} leads to {real}, which does not exist")
            return
        with open(real, "w"):
            pass
    mount(source, real, None, MS_BIND)


def enter_world(binds: list[list[str]], addresses: list[str]) -> None:
    """Make this mount and network namespace the clients' world."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    loopback_up()
    add_to_loopback(addresses)
    black_holes()
    open_low_ports()
    covered = mask_bypasses()
    for source, target in binds:
        bind(source, target, covered)


def end_journal(path: str) -> bool:
    """Give a journal of something measured its end, if it has none. False where nothing was measured, or nothing was journalled at all."""
    try:
        with open(path, "rb") as journal:
            whole, measured, ended = 0, False, False
            number = 0
            for line in journal:
                if not line.endswith(b"\n"):
                    break  # its writer was killed in the middle of it
                number, whole = number + 1, whole + len(line)
                measured = measured or b'"kind":"timeline_armed"' in line
                ended = b'"kind":"run_ended"' in line
        if measured and not ended:
            last = {"seq": number + 1, "kind": "run_ended", "at": time.monotonic_ns(), "reason": INTERRUPTED}
            write_end(path, whole, json.dumps(last, separators=(",", ":")).encode() + b"\n")
        return measured
    except OSError:
        return False


def write_end(path: str, whole: int, line: bytes) -> None:
    """Put ``line`` after the first ``whole`` bytes of a journal, or nothing where the disk is full: no judge passes it either way."""
    with open(path, "rb+", buffering=0) as journal:
        journal.truncate(whole)
        journal.seek(whole)
        with contextlib.suppress(OSError):
            if journal.write(line) == len(line):
                return
        journal.truncate(whole)


def keep(folder: str, place: str) -> None:
    """Put ``folder`` at ``place``, where nothing or an empty folder is, without what was still being written."""
    for name in os.listdir(folder):
        if name.startswith("."):
            os.unlink(os.path.join(folder, name))
    os.rename(folder, place)


def remove(plan: dict[str, list[str]]) -> None:
    """Delete what the run left; whatever is already gone is fine."""
    last: list[list[str]] = plan.get("last", [])  # type: ignore[assignment]
    for command in last:
        import subprocess  # costs as much as everything else here, and few runs need it

        with contextlib.suppress(OSError):
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    place = plan["empty"][0] if plan["empty"] else None
    for folder in plan["remove"]:
        with contextlib.suppress(OSError):
            if place and end_journal(os.path.join(folder, JOURNAL)):
                keep(folder, place)
        shutil.rmtree(folder, ignore_errors=True)
    for folder in plan["empty"]:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def tell(answer: dict[str, object]) -> None:
    """The one line that the parent waits for; one that has been killed meanwhile does not."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode() + b"\n")


def main() -> None:
    """Take the plan, hold, clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the end of standard input ends a keeper
    plan = json.loads(sys.argv[1])
    try:
        pid = int(os.readlink("/proc/self")) if plan["namespace"] else os.getpid()
        if plan["namespace"]:
            enter_world(plan["binds"], plan.get("addresses", []))
    except OSError as error:
        tell({"error": str(error)})
    else:
        tell({"pid": pid, "ipv6": has_ipv6()})
    is_released = bool(sys.stdin.buffer.read())
    if plan["namespace"] and os.getpid() == 1:
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)  # everything else in this PID namespace, so that nothing writes while we delete
    if not is_released:
        remove(plan)


if __name__ == "__main__":
    main()
