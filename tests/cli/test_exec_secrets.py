"""What ``chaoskit exec`` keeps of the command's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.cli.exec import without_values
from tests.cli.commands import make_place
from tests.cli.test_whole_run import namespaces_work

SECRET = "s3cr3t-f1b9"


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("curl", "-H", f"Authorization: {SECRET}", "https://u:p@x/"), ("curl", "-H", "…", "…")),
        (("app", f"--token={SECRET}", "--verbose", f"-p{SECRET}", "--"), ("app", "--token=…", "--verbose", "…", "--")),
        (("app",), ("app",)),
        (("env", f"TOKEN={SECRET}", "-i"), ("env", "…", "-i")),
    ],
)
def test_the_program_and_the_names_of_options_are_shown(argv: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert without_values(argv) == shown


@given(st.lists(st.text(), max_size=5).map(lambda words: ["program", *words]))
def test_no_value_is_shown_and_no_word_is_lost(argv: list[str]) -> None:
    shown = without_values(argv)
    assert len(shown) == len(argv)
    for word in shown[1:]:
        assert word.removesuffix("=…").lstrip("-").replace("-", "").isalnum() or word in ("…", "--")


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_values_are_in_no_file_unless_they_are_asked_for(tmp_path: Path, keep: bool) -> None:
    if reason := namespaces_work():
        pytest.skip(reason)
    place = make_place(tmp_path)
    options = ["--no-aws", "--env", f"TOKEN={SECRET}", *(["--keep-arguments"] if keep else [])]
    result = place.run(*options, "--", "sh", "-c", f"test $TOKEN = {SECRET} # {SECRET}")
    assert result.returncode == 0, result.stderr
    (folder,) = (place.root / "runs").iterdir()
    holding = sorted(path.name for path in folder.iterdir() if SECRET in path.read_text())
    assert holding == (["journal.jsonl", "report.html", "summary.json"] if keep else [])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (SECRET in result.stderr.decode()) is False
