"""Which libc a program has, from its bytes alone; glibc and musl, dynamic and static."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.compose.libc import LibcFound, glibc_version, interpreter, is_elf, musl_version, of_static

SOURCE = """#include <netdb.h>
#include <stdio.h>
int main(int n, char **v) {
    struct addrinfo *found;
    int code = getaddrinfo(v[n - 1], "443", 0, &found);
    puts(code ? gai_strerror(code) : "ok");
    return 0;
}
"""


def compiled(folder: Path, compiler: str, *flags: str) -> bytes:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not here")
    (folder / "a.c").write_text(SOURCE)
    done = subprocess.run(
        [compiler, *flags, "-o", str(folder / "a"), str(folder / "a.c")], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"{compiler} {' '.join(flags)} does not work here: {done.stderr[:200]}")
    return (folder / "a").read_bytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no ELF here")
def test_this_python_names_its_loader() -> None:
    found = interpreter(Path(sys.executable).resolve().read_bytes())
    assert found is not None
    assert "ld-" in found


def test_a_dynamic_musl_program_names_musls_loader(tmp_path: Path) -> None:
    assert "ld-musl" in (interpreter(compiled(tmp_path, "musl-gcc")) or "")


def test_a_static_musl_program_is_known_by_its_texts(tmp_path: Path) -> None:
    program = compiled(tmp_path, "musl-gcc", "-static")
    assert interpreter(program) is None
    assert of_static(program).kind == "musl"


def test_a_static_glibc_program_is_known_by_its_texts(tmp_path: Path) -> None:
    program = compiled(tmp_path, "gcc", "-static", "-w")
    assert interpreter(program) is None
    assert of_static(program).kind == "glibc"


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + b"\x02\x01" + b"\xff" * 80])
def test_what_is_no_program_names_none(data: bytes) -> None:
    assert interpreter(data) is None


def test_scripts_are_told_from_programs() -> None:
    assert not is_elf(b"#!/bin/sh\n")


def test_go_carries_its_own_resolver() -> None:
    assert of_static(b"\x7fELF...\xff Go buildinf:...").kind == "Go"
    assert of_static(b"\x7fELF").kind == "static"


def test_versions() -> None:
    assert glibc_version(b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\n") == "2.36"
    assert musl_version(b"\0" + b"1.2.5\0") == "1.2.5"
    assert musl_version(b"Name does not resolve") == "before 1.2.4"


def test_an_empty_record_reads_otherwise_on_an_old_musl() -> None:
    assert "NODATA −2, like NXDOMAIN" in LibcFound("musl", "1.2.3").reads()
    assert "NODATA −5;" in LibcFound("musl", "1.2.5").reads()
    assert "NODATA −5," in LibcFound("glibc", "2.36").reads()
