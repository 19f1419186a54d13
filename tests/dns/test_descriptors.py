"""File descriptors are shared out so that askers never take those of the operator."""

from __future__ import annotations

import errno
import os

import pytest

from chaoskit.dns.descriptors import BURST, OWN, in_use, is_scarcity, shares


@pytest.mark.parametrize("forwards", [False, True])
@pytest.mark.parametrize("limit", [256, 512, 1024, 4096, 1 << 20])
def test_all_together_stay_below_the_limit(limit: int, forwards: bool) -> None:
    share = shares(limit, forwards=forwards)
    assert OWN + BURST + share.tcp + 2 * share.control + share.upstream <= limit or share.tcp == 8
    assert share.tcp <= 512
    assert share.control >= 32
    assert (share.upstream > 0) == forwards


def test_a_large_limit_gives_each_its_most() -> None:
    share = shares(4096, forwards=True)
    assert (share.tcp, share.control, share.upstream) == (512, 64, 256)


def test_what_is_open_is_counted() -> None:
    before = in_use()
    if before is None:
        pytest.skip("/dev/fd cannot be read here")
    reading, writing = os.pipe()
    assert in_use() == before + 2
    os.close(reading)
    os.close(writing)
    assert in_use() == before


def test_only_scarcity_is_none_of_our_failures() -> None:
    assert is_scarcity({"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "x")})
    assert not is_scarcity({"message": "x", "exception": OSError(errno.EBADF, "x")})
    assert not is_scarcity({"message": "x"})
