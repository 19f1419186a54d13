"""Messages: sound, damaged, and none at all."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

LABEL = st.one_of(
    st.binary(min_size=1, max_size=63), st.sampled_from([b"p", b"P", b"test", b"www", b"*", b"sub", b"wild"])
)
KNOWN = [
    "p.test", "nothing.p.test", "www.p.test", "two.p.test", "sub.p.test", "x.sub.p.test", "wide.p.test", "fat.p.test", "mid.p.test",
    "many.p.test", "a.wild.p.test", "host.moved.p.test", "dynamodb.us-east-1.amazonaws.com", "example.com", "",
]  # fmt: skip
TYPES = [1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 43, 65, 97, 250, 251, 252, 255, 257, 65400]


def wire_name(labels: list[bytes]) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


known_names = st.sampled_from(KNOWN).map(lambda name: wire_name([label.encode() for label in name.split(".") if label]))
any_names = st.one_of(known_names, known_names, st.lists(LABEL, max_size=6).map(wire_name))


@st.composite
def opts(draw: st.DrawFn) -> bytes:
    size = draw(st.sampled_from([0, 100, 512, 700, 1232, 4096, 65535]))
    options = draw(st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=20)), max_size=3))
    data = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    version = draw(st.sampled_from([0, 0, 0, 1]))
    return (
        struct.pack("!BHHIH", 0, 41, size, version << 16 | draw(st.sampled_from([0, 0x8000, 0x4000])), len(data)) + data
    )


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """Mostly sound."""
    flags = draw(st.sampled_from([0, 0x0100, 0x0100, 0x0010, 0x0130, 0x8000, 0x0800, 0x2000]))
    body = draw(any_names) + struct.pack(
        "!HH", draw(st.sampled_from(TYPES)), draw(st.sampled_from([1, 1, 1, 1, 3, 255]))
    )
    records = draw(st.lists(opts(), max_size=2))
    counts = draw(st.sampled_from([(1, 0, 0, len(records))] * 6 + [(0, 0, 0, 0), (2, 0, 0, 0), (1, 0, 65535, 0)]))
    return struct.pack("!6H", draw(st.integers(0, 65535)), flags, *counts) + body + b"".join(records)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A query with some bytes changed, cut out, or put in."""
    data = bytearray(draw(queries()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "cut", "insert", "end"])):
            case "change" if at < len(data):
                data[at] = draw(st.sampled_from([0, 0xC0, 0x3F, 0x40, 0xFF, *range(1, 13)]))
            case "cut":
                del data[at : at + draw(st.integers(1, 8))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=16))
            case "end":
                del data[at:]
    return bytes(data)


garbage = st.one_of(st.binary(max_size=64), st.binary(max_size=600))
messages: Any = st.one_of(queries(), queries(), damaged(), damaged(), garbage)
