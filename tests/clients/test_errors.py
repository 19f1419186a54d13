from __future__ import annotations

import socket

import pytest

from chaoskit.clients.errors import MESSAGE_LENGTH_MAX, error_chain
from chaoskit.journal.events import ErrorLink


def raised(outer: Exception, inner: Exception, *, how: str) -> Exception:
    """``outer`` as it comes out of a handler of ``inner``: raised from it, from none, or just so."""

    def fail() -> None:
        try:
            raise inner
        except type(inner) as error:
            if how == "within":
                raise outer  # noqa: B904 - the implicit context is what is tested
            raise outer from (error if how == "from" else None)

    with pytest.raises(type(outer)) as caught:
        fail()
    return caught.value


def types(error: BaseException) -> list[str]:
    return [link.type for link in error_chain(error)]


NODATA = socket.gaierror(-5, "No address associated with hostname")


def test_the_errno_of_the_resolver_comes_last() -> None:
    chain = error_chain(raised(RuntimeError("call failed"), NODATA, how="from"))
    assert chain == (
        ErrorLink(type="RuntimeError", message="call failed"),
        ErrorLink(type="gaierror", message="[Errno -5] No address associated with hostname", errno=-5),
    )


def test_an_implicit_cause_counts_and_a_suppressed_one_does_not() -> None:
    assert types(raised(RuntimeError(), KeyError("k"), how="within")) == ["RuntimeError", "KeyError"]
    assert types(raised(RuntimeError(), KeyError("k"), how="from none")) == ["RuntimeError"]


def test_causes_kept_as_libraries_keep_them() -> None:
    class Wrapped(Exception):
        def __init__(self, reason: BaseException) -> None:
            self.reason = reason
            super().__init__("wrapped")

    class LikeBotocore(Exception):
        def __init__(self, error: BaseException) -> None:
            self.kwargs = {"error": error, "endpoint_url": "https://x"}
            super().__init__("like botocore")

    assert types(Wrapped(NODATA)) == ["Wrapped", "gaierror"]
    assert types(LikeBotocore(Wrapped(NODATA))) == ["LikeBotocore", "Wrapped", "gaierror"]
    assert types(ValueError("pool", NODATA)) == ["ValueError", "gaierror"]


def test_each_exception_once_even_in_a_circle() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    assert [link.message for link in error_chain(one)] == ["one", "two"]


def test_only_a_number_is_an_errno() -> None:
    assert error_chain(OSError("no number"))[0].errno is None
    assert error_chain(ConnectionRefusedError(111, "refused"))[0].errno == 111
    odd = RuntimeError("odd")
    odd.errno = 5  # type: ignore[attr-defined]
    assert error_chain(odd)[0].errno is None


def test_a_long_message_is_cut() -> None:
    assert len(error_chain(RuntimeError("x" * 10_000))[0].message) == MESSAGE_LENGTH_MAX
