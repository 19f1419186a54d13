"""The filter of system calls for a user's command, compiled by libseccomp.

It forbids what leads out of the namespaces and what an ordinary program has no use for: sockets to a hypervisor or a device
(``AF_VSOCK``, ``AF_BLUETOOTH`` … know no network namespace, or only the first), io_uring (whose operations no filter sees), typing into
the caller's terminal (ioctl_tty(2), ``TIOCSTI``), and the kernel's key rings (request_key(2) starts a program outside). Docker's default
profile closes the same.

libseccomp is the library that systemd and the container runtimes use, so it is on nearly every Linux. It is called by ctypes: its
Python bindings are not on PyPI, and the packages that are there add nothing to these five calls or have not been kept since 2021.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import platform
import tempfile
from functools import cache

ALLOW = 0x7FFF0000  # seccomp.h: SCMP_ACT_ALLOW
ERRNO = 0x00050000  # SCMP_ACT_ERRNO(x)
GREATER, MASKED_EQUAL = 6, 7  # enum scmp_compare
WORD = 0xFFFFFFFF
"""An ``int`` argument is the lower half of its register."""

OTHER_ARCHITECTURES = {"x86_64": (b"x86", b"x32"), "aarch64": (b"arm",)}
"""What else a machine runs. A call of any other architecture kills the thread, which is libseccomp's default."""

UNIX, INET, INET6, NETLINK, PACKET = 1, 2, 10, 16, 17
USUAL_FAMILIES = (UNIX, INET, INET6, NETLINK, PACKET)
TIOCLINUX, TIOCSTI = 0x541C, 0x5412
ABSENT = (
    b"io_uring_setup", b"io_uring_enter", b"io_uring_register", b"add_key", b"request_key", b"keyctl", b"socketcall",
)  # fmt: skip
"""Calls that end as on a kernel without them, so that programs fall back as they do there. 32-bit x86 alone has socketcall(2), whose
arguments no filter sees; its libc uses socket(2) since Linux 4.3."""


class Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class FilterUnavailable(Exception):
    """There is no filter, and the message says why."""


@cache
def compile_filter() -> bytes:
    """The filter as the kernel takes it (``struct sock_filter``, 8 bytes each). Raises ``FilterUnavailable``."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        raise FilterUnavailable("libseccomp is not installed")
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise FilterUnavailable(f"libseccomp cannot be loaded: {error}") from error
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
    try:
        _add_rules(library, context)
        with tempfile.TemporaryFile() as file:
            _checked(library.seccomp_export_bpf(context, file.fileno()), "export the filter")
            file.seek(0)
            return file.read()
    finally:
        library.seccomp_release(context)


def _add_rules(library: ctypes.CDLL, context: ctypes.c_void_p) -> None:
    for architecture in OTHER_ARCHITECTURES.get(platform.machine(), ()):
        token = library.seccomp_arch_resolve_name(architecture)
        _checked(library.seccomp_arch_add(context, ctypes.c_uint32(token)), f"add {architecture.decode()}")

    def deny(call: bytes, number: int, *comparisons: Comparison) -> None:
        resolved = library.seccomp_syscall_resolve_name(call)
        array = (Comparison * len(comparisons))(*comparisons)
        result = library.seccomp_rule_add_array(
            context, ctypes.c_uint32(ERRNO | number), resolved, len(comparisons), array
        )
        _checked(result, f"forbid {call.decode()}")

    for family in range(max(USUAL_FAMILIES)):
        if family not in USUAL_FAMILIES:
            deny(b"socket", errno.EAFNOSUPPORT, Comparison(0, MASKED_EQUAL, WORD, family))
    deny(b"socket", errno.EAFNOSUPPORT, Comparison(0, GREATER, max(USUAL_FAMILIES), 0))
    for request in (TIOCSTI, TIOCLINUX):
        deny(b"ioctl", errno.EPERM, Comparison(1, MASKED_EQUAL, WORD, request))
    for call in ABSENT:
        deny(call, errno.ENOSYS)


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise FilterUnavailable(f"libseccomp cannot {what}: {os.strerror(-result)}")
