from __future__ import annotations

import signal

from chaoskit import errors
from chaoskit.errors import ChaoskitError, ExperimentError, HarnessError, InputError, Interrupted, Problem


def every_class() -> list[type[ChaoskitError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ChaoskitError)]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    lines = {
        each.__name__: line
        for each in every_class()
        for line in drawn.splitlines()
        if f" {each.__name__} " in f"{line} "
    }
    assert set(lines) == {each.__name__ for each in every_class()}
    depth = {name: line.index(name) // 4 for name, line in lines.items()}
    for each in every_class():
        assert depth[each.__name__] == len(each.__mro__) - len(ChaoskitError.__mro__) + 1


def test_exit_codes() -> None:
    assert (InputError.exit_code, HarnessError.exit_code) == (2, 4)
    assert Interrupted(signal.SIGINT).exit_code == 130
    assert Interrupted(signal.SIGTERM).exit_code == 143


def test_a_harness_error_is_no_input_error() -> None:
    assert not issubclass(HarnessError, InputError)
    assert not issubclass(InputError, HarnessError)


def test_an_experiments_problems_are_all_told_with_place_and_fix() -> None:
    problems = [
        Problem(line=3, field="clients.cold.every", message="a duration needs a unit.", fix="Write 250ms."),
        Problem(line=0, field="", message="the file is empty."),
    ]
    error = ExperimentError("x.yaml", problems)
    assert str(error).splitlines() == [
        "x.yaml:3: clients.cold.every: a duration needs a unit. Write 250ms.",
        "x.yaml: the file is empty.",
    ]
    assert error.problems == problems
