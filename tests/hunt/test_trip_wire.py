"""The trip-wire, and invariants as the command line has them."""

from __future__ import annotations

import pytest

from chaoskit.errors import InputError
from chaoskit.hunt.schedule import CallId
from chaoskit.hunt.trip_wire import TripWire, parse_invariant, words_of
from chaoskit.journal.events import NameChange, ServedRecord, ZoneChanged


def change(before: tuple[str, ...], after: tuple[str, ...], name: str = "api.example.com") -> ZoneChanged:
    served = [tuple(ServedRecord(rtype="A", ttl=60, data=data) for data in state) for state in (before, after)]
    entry = NameChange(name=name, exists=bool(after), before=served[0], after=served[1])
    return ZoneChanged(at=1, zone="example.com", serial=1, source="update", author="somebody", changes=(entry,))


def feel(invariant: str, *states: tuple[str, ...]) -> list[str | None]:
    """What the wire says to each change from one state to the next."""
    wire = TripWire([parse_invariant(invariant)])
    trips = [
        wire.feel(CallId("A", number), [change(states[number - 1], state)])
        for number, state in enumerate(states[1:], 1)
    ]
    return [trip.because if trip else None for trip in trips]


def test_the_write_that_empties_is_named() -> None:
    assert feel("never_empty=api.example.com", ("1",), ("2",), ()) == [
        None,
        "api.example.com was left without an address by a change by A call 2",
    ]


def test_a_name_that_goes_is_missing() -> None:
    assert feel("never_missing=api.example.com", ("1",), ("2",), ())[0] is None
    assert "A call 2" in str(feel("never_missing=api.example.com", ("1",), ("2",), ())[1])


def test_changes_are_counted_over_the_whole_run() -> None:
    assert [bool(trip) for trip in feel("changes_at_most=api.example.com,n=1", ("1",), ("2",), ("3",))] == [False, True]


def test_an_older_version_over_a_newer_is_seen() -> None:
    trips = feel(r"never_older=api.example.com,pattern=10\.0\.0\.(\d+)", ("10.0.0.1",), ("10.0.0.3",), ("10.0.0.2",))
    assert [bool(trip) for trip in trips] == [False, True]


def test_what_was_never_seen_is_not_observed() -> None:
    wire = TripWire([parse_invariant("never_empty=api.example.com")])
    assert wire.feel(CallId("A", 1), []) is None
    assert wire.feel(CallId("A", 2), [change((), ("1",), name="other.example.com")]) is None
    assert not wire.observed
    wire.feel(CallId("A", 3), [change(("1",), ("2",))])
    assert wire.observed


@pytest.mark.parametrize(
    "written", ["never_empty=a.b", "never_missing=a.b", "changes_at_most=a.b,n=3", r"never_older=a.b,pattern=v(\d+),x"]
)
def test_invariants_are_written_as_they_are_read(written: str) -> None:
    assert words_of(parse_invariant(written)) == written


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("never_full=a.b", "the kinds are never_empty"),
        ("never_empty", "name a record"),
        ("never_empty=a.b,n=3", "write never_empty=NAME"),
        ("changes_at_most=a.b", "n=3"),
        ("changes_at_most=a.b,n=many", "n=3"),
        ("never_older=a.b,pattern=x", "no group"),
    ],
)
def test_a_wrong_invariant_is_refused_in_words(written: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_invariant(written)
