"""What closes the sandbox around a user's command: file-system sockets, kernel settings, capabilities and system calls.

Part of ``launcher.py``, so it needs the standard library alone and no site packages. The order matters and is the launcher's: mounts
while it is still the owner of the mount namespace, then a user namespace that owns neither mounts nor network (user_namespaces(7)), then
the capability bounding set (capabilities(7)), ``no_new_privs`` (PR_SET_NO_NEW_PRIVS(2const)) and the filter (seccomp(2)).
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Collection

# linux/sched.h, sys/mount.h, linux/mount.h, sys/prctl.h
CLONE_NEWUSER = 0x10000000
MS_BIND, MS_REC = 4096, 16384
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
SYS_MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 23, 24, 38, 22
SECCOMP_MODE_FILTER = 2

KEPT_CAPABILITIES = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 18, 31})
"""What root needs to work with files, users and its own processes
(linux/capability.h): CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT,
SETFCAP. None of them speaks of mounts, networks or other namespaces."""

KERNEL_SETTINGS = ("/proc/sys", "/sys")
"""Where root may tell the kernel to run a program outside of every sandbox:
``kernel.core_pattern`` (core(5)), ``uevent_helper``, ``release_agent``."""

KERNEL_TRIGGERS = ("/proc/sysrq-trigger",)

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise OSError naming ``what`` when a call of libc failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2); raises OSError naming the target."""
    words = [word.encode() if word else None for word in (source, target, kind, options)]
    checked(libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount on {target}")


def close_sockets(closed: Collection[str], folders: Collection[str], opened: Collection[str]) -> None:
    """Take away every socket file of ``closed``, and of the folders below each of ``folders``, but those of ``opened``.

    All are absolute and without symbolic links. A folder that has a socket in it becomes a copy of itself with the same files and no
    socket, so a socket that is made there later does not appear either. Elsewhere the file alone is covered, by one that takes no
    connection. What this process may not reach, the command may not reach either, and it is left alone.
    """
    sockets = frozenset(opened)
    holding: set[str] = set()
    for top in folders:
        for folder, _, names in os.walk(top):
            paths = [os.path.join(folder, name) for name in names]
            if any(_is_socket(path) for path in paths):
                holding.add(folder)
    for folder in sorted(holding, key=lambda path: path.count("/")):
        _copy_without_sockets(folder, sockets)
    for path in closed:
        if path not in sockets and _is_socket(path):
            mount("/dev/null", path, None, MS_BIND)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def _copy_without_sockets(folder: str, sockets: Collection[str]) -> None:
    """Mount an empty file system on ``folder`` and put back what was there, its sockets left out."""
    try:
        before = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        names = os.listdir(folder)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.ENOENT):
            return
        raise
    mode = stat.S_IMODE(os.fstat(before).st_mode)
    mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode:o}")
    for name in names:
        path = os.path.join(folder, name)
        try:
            kind = stat.S_IFMT(os.lstat(name, dir_fd=before).st_mode)
            if kind == stat.S_IFSOCK and path not in sockets:
                continue
            _put_back(before, name, path, kind)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENOENT):  # it has gone since, or is not ours to see
                raise
    os.close(before)


def _put_back(before: int, name: str, path: str, kind: int) -> None:
    if kind == stat.S_IFLNK:
        os.symlink(os.readlink(name, dir_fd=before), path)
        return
    if kind == stat.S_IFDIR:
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    mount(f"/proc/self/fd/{before}/{name}", path, None, MS_BIND | MS_REC)


def close_kernel_settings() -> None:
    """Make the kernel's settings read-only, with all that is mounted below them. Raises OSError where that cannot be done."""
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    for folder in KERNEL_SETTINGS:
        mount(folder, folder, None, MS_BIND | MS_REC)
        result = libc.syscall(
            SYS_MOUNT_SETATTR, AT_FDCWD, folder.encode(), AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes))
        )
        checked(result, f"make {folder} read-only")
    for path in KERNEL_TRIGGERS:
        if os.path.exists(path):
            mount("/dev/null", path, None, MS_BIND)


def map_users(pid: int, uid: int, gid: int) -> None:
    """Give the user namespace of process ``pid`` its users: all of ours where we have many, else ``uid`` and ``gid`` for our own."""
    for name, inside, own in (("uid_map", uid, os.geteuid()), ("gid_map", gid, os.getegid())):
        with open(f"/proc/self/{name}") as mine:
            ranges = [line.split() for line in mine]
        many = sum(int(count) for _, _, count in ranges) > 1
        if not many:
            _write(f"/proc/{pid}/setgroups", "deny")
        text = "".join(f"{first} {first} {count}\n" for first, _, count in ranges) if many else f"{inside} {own} 1"
        _write(f"/proc/{pid}/{name}", text)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def own_user_namespace() -> None:
    """Enter a new user namespace; its users are still to be mapped, by ``map_users`` of another process."""
    checked(libc.unshare(CLONE_NEWUSER), "make a user namespace")


def drop_capabilities() -> None:
    """Take every capability but ``KEPT_CAPABILITIES`` out of what any program can have from here on."""
    number = 0
    while libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        if number not in KEPT_CAPABILITIES:
            checked(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), f"drop capability {number}")
        number += 1


def forbid_new_privileges() -> None:
    """No program that is started from here on gains anything by its file: setuid bits and file capabilities do nothing."""
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "forbid new privileges")


def filter_calls(program: bytes) -> None:
    """Put the filter ``program`` (``struct sock_filter``, 8 bytes each) before every system call from here on."""
    instructions = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0), "filter system calls")
