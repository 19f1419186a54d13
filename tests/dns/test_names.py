from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns import names

any_labels = (
    st.lists(st.binary(min_size=1, max_size=63), max_size=6).map(tuple).filter(lambda of: names.wire_length(of) <= 255)
)


@given(any_labels)
def test_the_text_of_a_name_says_all_of_it(of: tuple[bytes, ...]) -> None:
    text = names.text(of)
    assert names.labels(text) == tuple(label.lower() for label in of)
    assert names.canonical(text) == text
    assert len(names.parents(text)) == len(of), "the text can be split at its dots"


@given(any_labels)
def test_dnspython_reads_our_text_alike(of: tuple[bytes, ...]) -> None:
    assert dns.name.from_text(names.text(of) + ".").labels[:-1] == tuple(label.lower() for label in of)


@pytest.mark.parametrize("root", ["", "."])
def test_the_root(root: str) -> None:
    assert names.labels(root) == ()
    assert names.canonical(root) == ""
    assert names.parents("") == []


def test_parents() -> None:
    assert names.parents("a.b.c") == ["b.c", "c", ""]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a..b", "empty label"),
        (".a", "empty label"),
        ("a..", "empty label"),
        ("a\\", "lone backslash"),
        ("a b.test", r"has ' ' in it; where that is meant, write \\032"),
        ("a.test\n", r"write \\010"),
        ("a\\999", "digits up to 255"),
        ("a\\12", "three digits"),
        ("bücher.test", "xn--"),
        ("a" * 64, "63 are allowed"),
        (".".join(["a" * 60] * 5), "longer than the 255 bytes"),
    ],
)
def test_what_is_no_name(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        names.labels(name)


@pytest.mark.parametrize(
    ("data", "strings"),
    [
        ("a b", [b"a", b"b"]),
        ('"a b" c', [b"a b", b"c"]),
        ('"say \\"hi\\"" "\\065\\\\"', [b'say "hi"', b"A\\"]),
        ('""', [b""]),
        ("it's;fine", [b"it's;fine"]),
    ],
)
def test_fields_of_data(data: str, strings: list[bytes]) -> None:
    assert [names.string(field) for field in names.fields(data)] == strings


@pytest.mark.parametrize("data", ['"open', 'a "b', "a\\"])
def test_unfinished_data(data: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        names.fields(data)
