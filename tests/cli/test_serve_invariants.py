"""``chaoskit serve --invariant``: what breaks is told by the change that breaks it."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path

import dns.query
import dns.update
import pytest

from chaoskit.cli import main
from chaoskit.cli.serve_invariants import InvariantWatch, invariant_watch
from chaoskit.dns.zone import Zone, Zones
from chaoskit.errors import InputError
from chaoskit.journal.events import NameChange, ServedRecord, ZoneChanged
from chaoskit.units import SECOND
from tests.cli.serving import PATIENCE_S, Served, serving

NAME = "api.example.com"
ZONES = Zones.of([Zone.from_plan({"apex": "example.com"})])


def watch(*written: str) -> InvariantWatch:
    made = invariant_watch(written, ZONES)
    assert made is not None
    return made


def change(before: tuple[str, ...], after: tuple[str, ...], at: int = 0, *, exists: bool = True) -> ZoneChanged:
    records = [
        tuple(ServedRecord(rtype="A", ttl=5, data=address) for address in addresses) for addresses in (before, after)
    ]
    names = (NameChange(name=NAME, exists=exists, before=records[0], after=records[1]),)
    return ZoneChanged(at=at * SECOND, zone="example.com", serial=7, source="update", author="key", changes=names)


def test_the_change_that_empties_a_record_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    invariants = watch(f"never_empty={NAME}")
    assert invariants.changed(change(("192.0.2.1",), ("192.0.2.2",))) == []
    (broken,) = invariants.changed(change(("192.0.2.2",), ()))
    assert (broken.invariant, broken.author, broken.serial) == (f"never_empty={NAME}", "key", 7)
    assert "was left without an address by a change by key" in broken.because
    assert "invariant broken: never_empty=api.example.com" in capsys.readouterr().err


def test_a_break_is_told_once_and_the_next_one_again() -> None:
    invariants = watch(f"never_empty={NAME}")
    assert len(invariants.changed(change(("192.0.2.1",), ()))) == 1
    assert invariants.changed(change((), ("192.0.2.3",))) == []
    assert len(invariants.changed(change(("192.0.2.3",), ()))) == 1
    assert invariants.broken == 2


def test_other_names_are_not_judged() -> None:
    invariants = watch("never_empty=other.example.com")
    assert invariants.changed(change(("192.0.2.1",), ())) == []
    assert [state.finding for state in invariants.states()] == ["unknown"]


def test_a_name_that_goes_away_and_a_version_that_goes_back() -> None:
    invariants = watch(f"never_missing={NAME}", rf"never_older={NAME},192\.0\.2\.(\d+)")
    assert invariants.changed(change(("192.0.2.1",), ("192.0.2.9",))) == []
    assert [one.invariant.partition("=")[0] for one in invariants.changed(change(("192.0.2.9",), ("192.0.2.4",)))] == [
        "never_older"
    ]
    assert [one.invariant for one in invariants.changed(change(("192.0.2.4",), (), exists=False))] == [
        f"never_missing={NAME}"
    ]


def test_a_record_that_changes_too_fast() -> None:
    invariants = watch(f"changes_at_most={NAME},2,10s")
    changes = [change((f"192.0.2.{n}",), (f"192.0.2.{n + 1}",), at) for n, at in enumerate((0, 20, 25, 29), 1)]
    assert [len(invariants.changed(one)) for one in changes] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("never_empty", "write never_empty=NAME"),
        ("never_empty=", "name a record"),
        ("never_empty=a.test", "a.test lies in no zone that is served; served: example.com"),
        (f"always_full={NAME}", "write never_empty=NAME"),
        (f"never_empty={NAME},3", "write never_empty=NAME"),
        (f"never_older={NAME},x", "has no group"),
        (f"changes_at_most={NAME},many,1m", "is no number of changes"),
        (f"changes_at_most={NAME},3", "is not a duration"),
    ],
)
def test_what_is_no_invariant_is_refused(written: str, message: str) -> None:
    with pytest.raises(InputError, match="--invariant") as refused:
        watch(written)
    assert message in str(refused.value)


def update(served: Served, address: str | None) -> None:
    message = dns.update.UpdateMessage("example.com")
    if address:
        message.replace("api", 5, "A", address)
    else:
        message.delete("api", "A")
        message.replace("api", 5, "TXT", "still here")
    dns.query.tcp(message, "127.0.0.1", port=served.port, timeout=PATIENCE_S)


def test_serve_tells_a_break_in_api_metrics_log_and_code(tmp_path: Path) -> None:
    words = ("--allow-update", "example.com", "--invariant", f"never_empty={NAME}", "--control", "127.0.0.1:0")
    with serving(tmp_path, *words) as served:
        control = next(line.split()[1] for line in served.printed.splitlines() if line.startswith("control:"))

        def fetch(path: str) -> str:
            with urllib.request.urlopen(f"{control}{path}", timeout=PATIENCE_S) as page:
                return str(page.read().decode())

        assert json.loads(fetch("/invariants"))["invariants"][0]["finding"] == "unknown"
        update(served, "192.0.2.2")
        assert json.loads(fetch("/invariants"))["invariants"][0]["finding"] == "held"
        update(served, None)
        (state,) = json.loads(fetch("/invariants"))["invariants"]
        assert (state["finding"], state["broken"]) == ("broken", 1)
        assert 'chaoskit_invariants_broken_total{invariant="never_empty"} 1.0' in fetch("/metrics")
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE_S) == 1


def test_a_wrong_invariant_ends_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "zone.yaml").write_text("example.com: {records: {api.example.com: {A: [192.0.2.1]}}}\n")
    words = ["chaoskit", "serve", "--zone", str(tmp_path / "zone.yaml"), "--invariant", "never_empty=a.test"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    assert "lies in no zone that is served" in capsys.readouterr().err
