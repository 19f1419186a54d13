"""The outside of the escape suite: a network namespace that this program is started in, with nothing real in it.

``unshare --net … python -I -S outside.py FOLDER COMMAND…``. It gives a dummy interface the documentation's addresses (RFC 5737, RFC 3849)
and the metadata service's, listens on them and on Unix sockets, runs COMMAND with ``OUTSIDE=FOLDER``, and then writes
``FOLDER/counted.json``: what each visitor sent, by listener. Whoever gets out of the sandbox arrives here, so it is seen, and no packet
leaves the machine.
"""

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
from typing import Any

ADDRESSES = ("192.0.2.1/24", "169.254.169.254/32", "2001:db8::1/32")
PORT = 80
ABSTRACT = "\0chaoskit-escape"
SHARED_MEMORY_KEY = 0x0C4A05


def run_folder(folder: str) -> str:
    """Where in /run this outside has a socket; another outside may be at work beside it."""
    return f"/run/{os.path.basename(folder)}"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def make_network() -> None:
    ip("link", "set", "lo", "up")
    dummy = subprocess.run(["ip", "link", "add", "outside", "type", "dummy"], stderr=subprocess.DEVNULL).returncode == 0
    if not dummy:  # this kernel has no such device; a tunnel whose other end nobody reads is as good
        ip("tuntap", "add", "outside", "mode", "tun")
    ip("link", "set", "outside", "up")
    for address in ADDRESSES:
        ip("address", "add", address, "dev", "outside", *(["nodad"] if ":" in address else []))
    ip("route", "add", "default", "dev", "outside")
    ip("-6", "route", "add", "default", "dev", "outside")


def bound(family: int, kind: int, address: Any) -> socket.socket:
    listener = socket.socket(family, kind)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if isinstance(address, str) and address.startswith("/") and os.path.exists(address):
        os.unlink(address)
    listener.bind(address)
    if isinstance(address, str) and address.startswith("/"):
        os.chmod(address, 0o777)
    if kind == socket.SOCK_STREAM:
        listener.listen(64)
    return listener


def listen(folder: str) -> dict[str, socket.socket]:
    os.makedirs(run_folder(folder), exist_ok=True)
    return {
        "tcp4": bound(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", PORT)),
        "tcp6": bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", PORT)),
        "udp4": bound(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", PORT)),
        "udp6": bound(socket.AF_INET6, socket.SOCK_DGRAM, ("::", PORT)),
        "abstract": bound(socket.AF_UNIX, socket.SOCK_STREAM, ABSTRACT),
        "file": bound(socket.AF_UNIX, socket.SOCK_STREAM, f"{folder}/agent.sock"),
        "datagram file": bound(socket.AF_UNIX, socket.SOCK_DGRAM, f"{folder}/log.sock"),
        "run": bound(socket.AF_UNIX, socket.SOCK_STREAM, f"{run_folder(folder)}/engine.sock"),
    }


def read(listener: socket.socket) -> str:
    if listener.type == socket.SOCK_DGRAM:
        return listener.recv(100).decode(errors="replace")
    visitor, _ = listener.accept()
    with visitor:
        visitor.settimeout(5)
        return visitor.recv(100).decode(errors="replace")


def count(listeners: dict[str, socket.socket], until: int) -> dict[str, list[str]]:
    """What came to each listener before ``until``, a pidfd, ended and all had been taken that was there."""
    seen: dict[str, list[str]] = {name: [] for name in listeners}
    watched: list[Any] = [*listeners.values(), until]
    ended = False
    while True:
        ready = select.select(watched, [], [], 0 if ended else None)[0]
        visited = [name for name, listener in listeners.items() if listener in ready]
        for name in visited:
            seen[name].append(read(listeners[name]))
        if ended and not visited:
            return seen
        ended = ended or until in ready


def main() -> None:
    folder, *command = sys.argv[1:]
    make_network()
    listeners = listen(folder)
    shmget = ctypes.CDLL(None, use_errno=True).shmget
    memory = shmget(SHARED_MEMORY_KEY, 4096, 0o1666)
    with subprocess.Popen(command, env=os.environ | {"OUTSIDE": folder}) as child:
        counted = count(listeners, os.pidfd_open(child.pid))
        code = child.wait()
    ctypes.CDLL(None).shmctl(memory, 0, None)
    with open(f"{folder}/counted.json", "w") as file:
        json.dump({"exit_code": code, "counted": counted, "shared_memory": memory >= 0}, file)
    os.unlink(f"{run_folder(folder)}/engine.sock")
    os.rmdir(run_folder(folder))


if __name__ == "__main__":
    main()
