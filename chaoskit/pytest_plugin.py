"""The pytest plug-in: fixtures ``dns_chaos``, ``aws_sandbox`` and ``chaos_run``, and the marker ``chaos``; see docs/pytest.md.

It is loaded with every pytest that has chaoskit installed, so nothing but pytest is imported until a test asks for something.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chaoskit.engine.resident import ResidentRun
    from chaoskit.engine.session import RunResult
    from chaoskit.experiment.loader import Experiment
    from chaoskit.in_process import InProcessFault

_BLOCKS = pytest.StashKey[list["InProcessFault"]]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "chaos(fault, *names, time_scale=1.0, optional=False): fail this process's lookups of the names while the test runs; "
        "fault is empty, nxdomain, servfail, refused or drop. A fault that met no lookup fails the test unless it is optional.",
    )


@contextmanager
def _block(
    item: pytest.Item, fault: Any, *names: str, time_scale: float = 1.0, optional: bool = False
) -> Iterator[InProcessFault]:
    """One block, noted for the report of the test. Fails the test where the block tested nothing."""
    from chaoskit.in_process import inject

    with inject(fault, *names, time_scale=time_scale) as block:
        item.stash.setdefault(_BLOCKS, []).append(block)
        yield block
    if not block.met and not optional:
        pytest.fail(
            f"{fault} for {', '.join(names)} met no lookup, so it tested nothing: a connection was open already, the lookup was not "
            "Python's, or the name is another; say optional=True if that is right",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Open the blocks of the test's ``chaos`` markers around its call: fixtures are set up before, and put away after."""
    markers = list(item.iter_markers("chaos"))
    if not markers:
        return (yield)
    with ExitStack() as stack:
        for marker in reversed(markers):  # the nearest to the test is the innermost
            stack.enter_context(_block(item, *marker.args, **marker.kwargs))
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows which lookups were made, and what they met."""
    report = yield
    blocks = item.stash.get(_BLOCKS, [])
    if report.failed and blocks:
        report.sections.append(("chaoskit: lookups", "\n".join(block.describe() for block in blocks)))
    return report


@pytest.fixture
def dns_chaos(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[InProcessFault]]:
    """``with dns_chaos("empty", "dynamodb.*") as fault:`` fails this process's lookups of those names until the block ends.

    Takes what ``chaoskit.inject`` takes, and ``optional=True`` where it is right that no lookup meets the fault: otherwise the test fails.
    """

    def open_block(fault: Any, *names: str, **named: Any) -> AbstractContextManager[InProcessFault]:
        return _block(request.node, fault, *names, **named)

    return open_block


@pytest.fixture(scope="session")
def _resident_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResidentRun]:
    from chaoskit.engine.resident import ResidentRun

    resident = ResidentRun(tmp_path_factory.mktemp("chaoskit") / "aws_sandbox")
    resident.start()
    yield resident
    resident.close()


@pytest.fixture
def aws_sandbox(_resident_run: ResidentRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResidentRun]:
    """Mock AWS behind real host names, real TLS and a DNS of its own, for boto3 and others in this process.

    ``aws_sandbox.blank("dynamodb.us-east-1.amazonaws.com")`` and ``restore()`` steer its DNS; at the end of the test every fault is over.
    The servers are started once for the session, so what one test creates is there in the next.
    """
    for name, value in _resident_run.environment.items():
        monkeypatch.setenv(name, value)
    with _resident_run.entered():
        yield _resident_run


@pytest.fixture
def chaos_run(tmp_path: Path) -> Callable[..., RunResult]:
    """``chaos_run("experiment.yaml")`` runs an experiment and returns its ``RunResult``; the test fails unless it passed.

    Takes what ``chaoskit.run`` takes; ``out`` is in ``tmp_path`` by default.
    """

    def play(experiment: Experiment | Path | str, *, out: Path | None = None, **named: Any) -> RunResult:
        import chaoskit
        from chaoskit.report.ci.failure import failure_text
        from chaoskit.verdict import Outcome

        result = chaoskit.run(experiment, out=out or tmp_path / "runs", **named)
        if result.outcome is not Outcome.PASSED:
            pytest.fail(failure_text(result.run, result.verdicts, result.outcome, result.folder), pytrace=False)
        return result

    return play
