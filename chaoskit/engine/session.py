"""A run as a library: ``run`` opens a sandbox, plays an experiment in it, judges what happened and writes it down.

Every door calls this one function: ``chaoskit run``, ``exec``, ``margin``, ``sweep`` and ``lab``, and through ``record`` the entry
points of containers, whose sandbox is open already. Nothing here prints or reads the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from chaoskit.clock import Clock, WallClock
from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.engine.abort import Abort
from chaoskit.engine.backends import reachable_backends
from chaoskit.engine.folders import Folders
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.engine.ports import Sandbox, UserProgram
from chaoskit.engine.processes import LocalProcessManager
from chaoskit.engine.runner import Runner, RunSettings
from chaoskit.expect import judge
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import CANARY_LABEL
from chaoskit.journal.events import Entry
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal, Listener
from chaoskit.sandbox.choose import AnySandbox, open_sandbox
from chaoskit.sandbox.docker_toxiproxy import image_of
from chaoskit.sandbox.environment import client_environment, from_metadata, plane_environment
from chaoskit.verdict import Outcome, Verdict, outcome_of

JOURNAL = "journal.jsonl"
LOGS = "apps"
"""The folder of what the user's apps printed, in that of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run found: its journal as views, a verdict for each expectation and guard, and the outcome that follows.

    ``folder`` holds ``files``: the journal first, then the reports.
    """

    run: Run
    verdicts: Sequence[Verdict]
    outcome: Outcome
    folder: Path
    files: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a user's program is put: the open sandbox, the run's temporary folder, its journal and its clock."""

    sandbox: Sandbox
    work: Path
    journal: Journal
    clock: Clock
    fail: Callable[[str, str], None]
    """Ends the run as one in which the harness failed: the part, and a message."""
    send: Callable[[str, dict[str, Any]], None]
    """Sends a command to a plane's process, by its key."""
    restart: Callable[[str], Awaitable[None]]
    """Kills the process of a client or an app, by its label, and starts it anew."""


Program: TypeAlias = Callable[[Stage], AbstractAsyncContextManager[UserProgram]]
"""Prepares a program of the user's in a sandbox, and puts away what that needed."""


async def run(
    experiment: Experiment,
    *,
    folders: Folders,
    sandbox: str = "auto",
    listener: Listener | None = None,
    source: str = "",
    replay: Callable[[str], str] = lambda sandbox: "",
    toxiproxy: str | None = None,
    program: tuple[str, Program] | None = None,
    aborted: Abort | None = None,
    on_interrupted: Callable[[Path], None] | None = None,
    beside: Callable[[Stage], AbstractAsyncContextManager[None]] | None = None,
    gate: HoldGate | None = None,
) -> RunResult:
    """Play ``experiment`` in a sandbox of its own; the results are in ``folders.final`` when this returns, and never before.

    ``sandbox`` is a word of ``sandbox.choose.CHOICES``; ``listener`` hears of every event; ``source`` is how the user named the experiment,
    and ``replay`` tells the command that makes this run again in the sandbox of a name. ``toxiproxy`` None is the embedded proxy, else a
    program, a URL or ``docker[:IMAGE]``. ``program`` is a label and a program of the user's, which plays beside the experiment's clients,
    if any; the run ends with it. When ``aborted`` is set, the run ends before its time and is *invalid*. ``beside`` is a further witness.
    At ``gate`` the run waits where the experiment is held; without one it is played through.

    A run whose harness failed is complete: its journal says so (``HarnessFailed``), and its outcome is *invalid*. Cancellation, which is
    how a signal ends a run, cleans up and goes through; the journal stays, marked *interrupted*, and ``on_interrupted`` is told where.
    Raises ``InputError`` and ``SandboxError`` before anything runs, ``HarnessError`` where the results cannot be written.
    """
    opened = await _open(experiment, folders, sandbox, toxiproxy, [program[0]] if program else [])
    settings = RunSettings(
        run_id=folders.final.name,
        source=source or experiment.source,
        replay=replay(opened.name),
        certificates=str(folders.work),
        toxiproxy=toxiproxy,
        logs=str(folders.partial / LOGS),
    )
    result = None
    try:
        await asyncio.to_thread(folders.guard.release)
        with Journal(folders.partial / JOURNAL) as journal:
            if listener:
                journal.listen(listener)
            await record(
                experiment,
                settings,
                opened,
                journal,
                folders.work,
                program=program,
                aborted=aborted,
                beside=beside,
                gate=gate,
            )
        result = conclude(journal.entries, experiment, folders)
        return result
    finally:
        await asyncio.shield(opened.close())
        if result is None and on_interrupted and (folders.final / JOURNAL).exists():
            on_interrupted(folders.final / JOURNAL)


async def _open(
    experiment: Experiment, folders: Folders, sandbox: str, toxiproxy: str | None, programs: list[str]
) -> AnySandbox:
    """The run's sandbox, whose keeper removes the run's folders in the end; until there is one, the guard does."""
    try:
        return await open_sandbox(
            sandbox,
            folders.work,
            [*experiment.spec.clients, *programs, *experiment.spec.apps, CANARY_LABEL],
            [folders.work, folders.partial],
            list(folders.empty),
            _proxy_image(experiment, toxiproxy),
            _resolver_settings(experiment, programs),
            experiment.spec.link_local,
        )
    except BaseException:  # Ctrl-C too
        folders.guard.close()
        raise


def _proxy_image(experiment: Experiment, toxiproxy: str | None) -> str | None:
    """The image of the proxy for sandboxes that start one; ``""`` where nobody named it and a toxic is the embedded proxy's own."""
    if toxiproxy is None and any(not injection.fault.IN_TOXIPROXY for injection in experiment.planes["network"]):
        return ""
    return image_of(toxiproxy)


async def record(
    experiment: Experiment,
    settings: RunSettings,
    sandbox: Sandbox,
    journal: Journal,
    work: Path,
    *,
    authority: Path | None = None,
    begin: Callable[[], Awaitable[object]] | None = None,
    program: tuple[str, Program] | None = None,
    aborted: Abort | None = None,
    beside: Callable[[Stage], AbstractAsyncContextManager[None]] | None = None,
    gate: HoldGate | None = None,
) -> None:
    """Let the runner play ``experiment`` in an open ``sandbox`` into ``journal``; closing both is the caller's.

    ``work`` is a folder for the processes' temporary files; ``authority`` the file that will hold the throw-away certificate, by default
    in ``work``. ``begin`` is awaited when every process is ready, before 0 s of the experiment. When ``aborted`` is set, the run ends
    before its time.
    """
    clock = WallClock()
    variables = client_environment(work, authority or work / "ca.pem", experiment.spec.region)
    of_programs = from_metadata(variables) if experiment.spec.link_local else variables
    async with contextlib.AsyncExitStack() as stack:
        programs: dict[str, UserProgram] = {}
        manager = LocalProcessManager(
            journal, clock, sandbox, plane_environment(work), variables, MappingProxyType(programs), of_programs
        )
        stage = Stage(sandbox, work, journal, clock, manager.fail, manager.send, manager.start_anew)
        if program:
            label, prepare = program
            programs[label] = await stack.enter_async_context(prepare(stage))
        if beside:
            await stack.enter_async_context(beside(stage))
        label_of_program = program[0] if program else None
        backends = await stack.enter_async_context(reachable_backends(experiment.spec, sandbox, work, manager.fail))
        settings = replace(settings, backends=backends)
        await Runner(experiment, settings, sandbox, manager, journal, label_of_program, begin, aborted, gate).run(clock)


def _resolver_settings(experiment: Experiment, programs: list[str]) -> dict[str, ResolverSettings]:
    """Those of everyone in the sandbox but the canary, whose name must resolve whatever the settings; nothing where all is default."""
    spec = experiment.spec
    return dict.fromkeys((*spec.clients, *programs, *spec.apps), spec.resolver) if spec.resolver.lines else {}


def judged(entries: Sequence[Entry], experiment: Experiment) -> tuple[Run, Sequence[Verdict], Outcome]:
    """The views of a journal, its verdicts by ``experiment``'s expectations, and the outcome."""
    view = Run(entries)
    verdicts = judge(view, experiment.expectations)
    return view, verdicts, outcome_of(verdicts)


def conclude(
    entries: Sequence[Entry],
    experiment: Experiment,
    folders: Folders,
    more: Mapping[str, Callable[[Run], str]] = MappingProxyType({}),
) -> RunResult:
    """Judge a journal that stands in ``folders.partial``, write the reports beside it, and put the folder in its place.

    ``more`` are further files, by name, each a text made from the run. Raises ``HarnessError`` when the disk refuses.
    """
    from chaoskit.report.write import write_reports, write_text

    view, verdicts, outcome = judged(entries, experiment)
    paths = write_reports(folders.partial, entries, verdicts, outcome)
    paths += [write_text(folders.partial / name, text(view)) for name, text in more.items()]
    paths += sorted((folders.partial / LOGS).glob("*.log"))
    folders.publish()
    files = [folders.final / JOURNAL, *(folders.final / path.relative_to(folders.partial) for path in paths)]
    return RunResult(run=view, verdicts=verdicts, outcome=outcome, folder=folders.final, files=files)
