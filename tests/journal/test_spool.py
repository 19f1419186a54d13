"""The compact query log: what goes in comes out, and damage is named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import JournalError
from chaoskit.journal import spool
from chaoskit.journal.spool import (
    Shape,
    SpoolReader,
    pack_block,
    pack_moment,
    pack_peer,
    pack_rows,
    pack_shape,
    unpack_peer,
)

SHAPE = Shape("cold", "udp", "api.test", "A", "answer", "NOERROR", 1, ("blank",))
HEAD = pack_block(spool.HEAD)


def read(tmp_path: Path, *blocks: bytes) -> tuple[list[object], SpoolReader]:
    path = tmp_path / "queries"
    path.write_bytes(HEAD + b"".join(blocks))
    reader = SpoolReader(path)
    return list(reader), reader


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6), st.integers(0, 65535))
def test_a_peer_comes_back(address: object, port: int) -> None:
    host = str(address)
    packed = pack_peer(host, port)
    assert len(packed) == (spool.PEER_V6 if ":" in host else spool.PEER_V4)
    back, _, back_port = unpack_peer(packed).rpartition(":")
    assert int(back_port) == port
    assert pack_peer(back.strip("[]"), port) == packed


def test_queries_come_back_in_order(tmp_path: Path) -> None:
    other = Shape("warm", "tcp", "é.test", "TYPE65400", "drop", "", 0, (), "answered")
    peers = pack_peer("127.0.0.1", 1) + pack_peer("127.0.0.2", 2)
    events, reader = read(
        tmp_path,
        pack_shape(0, SHAPE),
        pack_shape(7, other),
        pack_rows([0, 7], 10, 12, peers),
        pack_rows([7], 13, 14, pack_peer("::1", 53)),
        pack_block(spool.END, spool.TOTALS.pack(3, 0)),
    )
    assert events == [
        SHAPE.event(10, 12, "127.0.0.1:1"),
        other.event(10, 12, "127.0.0.2:2"),
        other.event(13, 14, "[::1]:53"),
    ]
    assert (reader.read, reader.lost, reader.complete) == (3, 0, True)
    again = SpoolReader(reader.path)
    assert again.count() == {SHAPE: 1, other: 2}
    assert again.complete


def test_what_was_lost_is_known(tmp_path: Path) -> None:
    _, reader = read(tmp_path, pack_block(spool.LOST, spool.COUNT.pack(5)))
    assert (reader.lost, reader.complete) == (5, False)
    _, reader = read(tmp_path, pack_block(spool.END, spool.TOTALS.pack(0, 9)))
    assert (reader.lost, reader.complete) == (9, True)


def test_a_spool_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = pack_shape(0, SHAPE) + pack_rows([0], 10, 12, pack_peer("127.0.0.1", 1)) * 2
    counts = []
    for cut in range(len(whole)):
        events, reader = read(tmp_path, whole[:cut])
        assert not reader.complete
        counts.append(len(events))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1}


@pytest.mark.parametrize(
    "block",
    [
        pack_block(b"what"),
        pack_rows([3], 1, 2, pack_peer("127.0.0.1", 1)),
        pack_block(spool.ROWS, spool.ROWS_HEAD.pack(1, 2, 5, 8)),
        pack_block(spool.SHAPE, b"\0\0\0\0{}"),
        pack_block(spool.SHAPE, b"\0\0\0\0nonsense"),
        pack_block(spool.END, b""),
    ],
)
def test_damage_is_named(tmp_path: Path, block: bytes) -> None:
    with pytest.raises(JournalError, match="damaged after 0 queries"):
        read(tmp_path, block)


def test_what_is_no_spool_is_said(tmp_path: Path) -> None:
    path = tmp_path / "no"
    with pytest.raises(JournalError, match="No such file"):
        list(SpoolReader(path))
    path.write_text('{"kind": "query"}\n')
    with pytest.raises(JournalError, match="not a query log"):
        list(SpoolReader(path))


PEER = pack_peer("127.0.0.1", 1)
ROWS = [pack_rows([0], at, at + 1, PEER) for at in (10, 20)]
END = pack_block(spool.END, spool.TOTALS.pack(2, 0))


@given(at=st.integers(0, 2**63), epoch_ns=st.integers(0, 2**63), later_ns=st.integers(0, 2**62))
def test_the_time_of_day_of_an_instant(
    tmp_path_factory: pytest.TempPathFactory, at: int, epoch_ns: int, later_ns: int
) -> None:
    _, reader = read(tmp_path_factory.mktemp("spool"), pack_moment(at, epoch_ns))
    assert reader.wall_ns(at + later_ns) == epoch_ns + later_ns


def test_a_log_of_an_older_version_has_no_time_of_day(tmp_path: Path) -> None:
    events, reader = read(tmp_path, pack_shape(0, SHAPE), *ROWS, END)
    assert len(events) == 2
    assert reader.complete
    assert reader.wall_ns(10) is None


class Writer:
    """Writes the next of ``steps`` whenever the reader waits for more; None makes the file empty."""

    def __init__(self, path: Path, *steps: bytes | None) -> None:
        self.path, self.steps = path, iter(steps)
        self.path.write_bytes(b"")

    def __call__(self) -> None:
        step = next(self.steps)
        with self.path.open("ab") as file:
            if step is None:
                file.truncate(0)
            else:
                file.write(step)


@given(cuts=st.lists(st.integers(1, 400), max_size=8))
def test_followed_in_whatever_pieces_it_is_written(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.mktemp("spool") / "queries"
    data = HEAD + pack_moment(0, 5) + pack_shape(0, SHAPE) + b"".join(ROWS) + END
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    reader = SpoolReader(path, Writer(path, *pieces))
    assert [event.at for event in reader] == [10, 20]
    assert reader.complete


def test_a_block_that_was_taken_back_is_read_as_what_replaced_it(tmp_path: Path) -> None:
    path = tmp_path / "queries"
    whole = HEAD + pack_shape(0, SHAPE)

    states = iter([whole + ROWS[0][:-3], whole + ROWS[1] + ROWS[0] + END])

    def wait() -> None:
        path.write_bytes(next(states))

    path.write_bytes(whole)
    reader = SpoolReader(path, wait)
    assert [event.at for event in reader] == [20, 10]


def test_a_followed_log_that_grows_shorter_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "queries"
    reader = SpoolReader(path, Writer(path, HEAD + pack_shape(0, SHAPE) + ROWS[0], None))
    with pytest.raises(JournalError, match="what was read is gone from it"):
        list(reader)


def test_what_is_no_log_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(JournalError, match="not a query log"):
        list(SpoolReader(path, Writer(path, b"CK", b"X")))
