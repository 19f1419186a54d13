"""Files of found schedules, and the words of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import InputError
from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead, Step
from chaoskit.hunt.stored import StoredHunt, read_file, split_commands, to_json, write_file
from chaoskit.hunt.trace import Trace

CALLS = st.builds(CallId, st.sampled_from("ABC"), st.integers(1, 99))
STEPS = st.one_of(
    st.builds(Hold, CALLS, CALLS),
    st.builds(Crash, CALLS),
    st.builds(StaleRead, CALLS, st.integers(0, 99)),
    st.builds(Failure, CALLS, st.sampled_from(["before", "after"])),
)


@given(st.lists(STEPS, max_size=5), st.lists(st.text(), min_size=1))
def test_a_schedule_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], argv: list[str]
) -> None:
    stored = StoredHunt((tuple(argv),), {"title": "x"}, ("never_empty=a.b",), Schedule(("B", "A"), tuple(steps)))
    path = tmp_path_factory.getbasetemp() / "hunt.json"
    write_file(path, to_json(stored, Trace(())))
    assert read_file(path) == stored


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "hunt.json", "{}")
    assert (tmp_path / "hunt.json").stat().st_mode & 0o077 == 0
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 9}', '{"format": 1, "programs": 3}'])
def test_what_no_hunt_wrote_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"--replay .*x\.json"):
        read_file(tmp_path / "x.json")


def test_commands_stand_between_dashes() -> None:
    assert split_commands(["a", "-x", "--", "b"]) == (("a", "-x"), ("b",))
    for words in ([], ["a", "--"], ["--", "a"]):
        with pytest.raises(InputError, match="a command is missing"):
            split_commands(words)
