"""Caches between an app and a record, as /proc shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.sandbox.resolver_caches import KNOWN, ResolverCache, cache_in, find_caches, processes_beside

MAP = "7f00-7f01 r-xp 00000000 08:01 42                         {path}\n"


@pytest.mark.parametrize(
    ("program", "path", "cache"),
    [
        ("python3", "/usr/lib/python3/site-packages/pycares/_cares.abi3.so", "c-ares"),
        ("app", "/usr/lib/x86_64-linux-gnu/libcares.so.2.14.0", "c-ares"),
        ("java", "/usr/lib/jvm/java-21/lib/server/libjvm.so", "JVM"),
        ("nscd", "/usr/lib/libc.so.6", "nscd"),
        ("python3", "/usr/lib/libc.so.6", None),
        ("python3", "/home/cares/app.so", None),
    ],
)
def test_a_cache_shows_in_what_is_mapped(program: str, path: str, cache: str | None) -> None:
    assert cache_in(program, MAP.format(path=path)) == cache
    assert cache is None or cache in KNOWN


def test_the_processes_of_one_network_are_looked_at(tmp_path: Path) -> None:
    for number, network, program in ((1, "net:[1]", "keeper"), (2, "net:[1]", "nscd"), (3, "net:[2]", "nscd")):
        folder = tmp_path / str(number)
        (folder / "ns").mkdir(parents=True)
        (folder / "ns" / "net").symlink_to(network)
        (folder / "comm").write_text(program + "\n")
        (folder / "maps").write_text(MAP.format(path="/usr/lib/libc.so.6"))
    assert sorted(processes_beside(1, tmp_path)) == [1, 2]
    assert sorted(processes_beside(None, tmp_path)) == [1, 2, 3]
    assert find_caches([1, 2, 9], tmp_path) == {ResolverCache("nscd", "nscd")}
    assert list(processes_beside(9, tmp_path)) == []
