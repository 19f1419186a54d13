"""Which libc a program of a container has, and so how it reads a DNS answer: told from the bytes of its files, without running anything.

The program's own ELF header names its loader (``PT_INTERP``, elf(5)): musl's and glibc's have names of their own. A program without one is
static, and carries its resolver in itself.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

PT_INTERP = 3
GLIBC_PLACES = (
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
)
MUSL_SAYS = b"Name does not resolve"
"""musl's text for EAI_NONAME (``src/network/gai_strerror.c``); glibc's is "Name or service not known"."""

MUSL_RESOLVER = (b"/etc/resolv.conf", b"attempts:", b"ndots:", b"timeout:")
"""What musl's resolver holds where the program does not print its errors (``src/network/resolvconf.c``)."""

MUSL_NODATA = b"Name has no usable address"
"""musl's text for EAI_NODATA, which is there from 1.2.4 on."""


@dataclass(frozen=True, slots=True)
class LibcFound:
    """``kind``: glibc, musl, Go, static or unknown; ``version`` empty where the bytes do not tell."""

    kind: str
    version: str = ""

    def reads(self) -> str:
        """How it takes what a name server may say (measured: docs/your-own-stack.md)."""
        match self.kind:
            case "glibc":
                return "asks one server after another, 2 × 5 s each; NODATA −5, NXDOMAIN −2, SERVFAIL, REFUSED and silence −3"
            case "musl":
                old = self.version and _number(self.version) < (1, 2, 4)
                nodata = "−2, like NXDOMAIN" if old else "−5 from 1.2.4 on, −2 before" if not self.version else "−5"
                rest = "SERVFAIL, REFUSED and silence −3 after 5 s; NXDOMAIN for AAAA alone is fatal"
                return f"asks all servers at once; NODATA {nodata}; {rest}"
            case "Go":
                return 'its own resolver reads resolv.conf, or libc\'s if built with cgo; NODATA and NXDOMAIN are both "no such host"'
        return "not known; look at what it was built with"


def interpreter(program: bytes) -> str | None:
    """The loader that an ELF program names; None for a static one or for what is no ELF program."""
    if program[:4] != b"\x7fELF" or len(program) < 64:
        return None
    wide, order = program[4] == 2, "<" if program[5] == 1 else ">"
    table, size, count = (
        (struct.unpack_from(f"{order}Q", program, 32)[0], *struct.unpack_from(f"{order}HH", program, 54))
        if wide
        else (struct.unpack_from(f"{order}I", program, 28)[0], *struct.unpack_from(f"{order}HH", program, 42))
    )
    for number in range(count):
        at = table + number * size
        if at + size > len(program):
            return None
        if struct.unpack_from(f"{order}I", program, at)[0] == PT_INTERP:
            start, length = (
                (
                    struct.unpack_from(f"{order}Q", program, at + 8)[0],
                    struct.unpack_from(f"{order}Q", program, at + 32)[0],
                )
                if wide
                else (
                    struct.unpack_from(f"{order}I", program, at + 4)[0],
                    struct.unpack_from(f"{order}I", program, at + 16)[0],
                )
            )
            return program[start : start + length].rstrip(b"\0").decode(errors="replace")
    return None


def is_elf(program: bytes) -> bool:
    """Whether it is a program and no script."""
    return program[:4] == b"\x7fELF"


def of_static(program: bytes) -> LibcFound:
    """The resolver inside a program that names no loader."""
    if b"Go buildinf:" in program:
        return LibcFound("Go")
    if b"GLIBC_TUNABLES" in program:
        return LibcFound("glibc", glibc_version(program))
    if MUSL_SAYS in program or all(word in program for word in MUSL_RESOLVER):
        return LibcFound("musl", musl_version(program))
    return LibcFound("static")


def musl_version(data: bytes) -> str:
    """The version in musl's loader, or what its texts say of its age."""
    if match := re.search(rb"\0(1\.\d+\.\d+)\0|musl-(1\.\d+\.\d+)", data):
        return (match[1] or match[2]).decode()
    return "" if MUSL_NODATA in data or MUSL_SAYS not in data else "before 1.2.4"


def glibc_version(data: bytes) -> str:
    """The version that glibc prints of itself."""
    match = re.search(rb"GNU C Library [^\n]*version (\d+\.\d+)", data)
    return match[1].decode() if match else ""


def _number(version: str) -> tuple[int, ...]:
    return (0,) if version.startswith("before") else tuple(int(part) for part in version.split("."))
