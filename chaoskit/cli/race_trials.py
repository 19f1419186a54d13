"""The trials of ``chaoskit race live``: variants of an experiment, their runs, and how often a record became empty in them."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.experiment.schema import ServiceSpec
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.network.toxics.latency import Latency
from chaoskit.process.faults.operate import Operate
from chaoskit.race.findings import judge, question_of
from chaoskit.race.live.call_times import measured_times
from chaoskit.race.live.evidence import RaceEvidence
from chaoskit.race.live.participant import Schedule
from chaoskit.race.live.simulated import Part, Setting, simulate
from chaoskit.race.live.spec import IN_THE_CONTROL_PLANE
from chaoskit.race.live.trials import NOT_REPLAYED, Replays, Row, Tally, curve_lines, refutations, table_lines
from chaoskit.race.model import Race
from chaoskit.race.protections import ORDER, PROTECTIONS, ordered
from chaoskit.search.guard import run_guarded
from chaoskit.search.points import FinishedRun, RunRequest, experiment_text, finished_run, make_here
from chaoskit.search.store import Store, open_store
from chaoskit.units import format_duration, parse_duration
from chaoskit.verdict import Outcome

LIVE_PROTECTIONS = tuple(name for name in ORDER if name != "atomic")
VELOCITY = {"addresses": 1, "per": "10s"}
"""The limit of ``velocity_limit``: the model's, with a window of time."""
BOUNDS = Race(enactors=3, plans=5)
"""The least in which the explorer tells every protection that suffices from one that does not: with 4 plans a velocity limit holds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the table: the experiment under these protections and with this latency on the slow path."""

    protections: tuple[str, ...]
    latency_ns: int
    document: Document
    experiment: Experiment

    @property
    def first(self) -> str:
        """The first endpoint's name: that of the hosted zone."""
        return _apex(self.experiment).lower().removesuffix(".")

    def name(self, number: int) -> str:
        """The name of its run of that number."""
        return f"{'-'.join(self.protections) or 'none'}-{self.latency_ns // 1_000_000}ms-{number:03}"


@dataclass(frozen=True, slots=True)
class Trials:
    """What is run: each of ``settings`` live ``runs`` times and simulated ``simulated`` times, with seeds from ``seed`` on."""

    settings: tuple[Trial, ...]
    runs: int
    simulated: int
    seed: int
    sandbox: str


def run_trials(trials: Trials, folder: Path, tell: Callable[[str], object]) -> Outcome:
    """Make the runs in ``folder`` and tell the table. Goes on with what an interrupted one left there.

    Failed where a record became empty although the explorer proves that none can; invalid where a run was.
    """
    if not trials.runs:
        nothing = Tally(0, 0, 0, 0)
        rows = [_row(trial, trials, nothing) for trial in trials.settings]
        return _conclude(rows, tell)
    plan = {
        "kind": "race",
        "experiments": [trial.document.data for trial in trials.settings],
        "runs": trials.runs,
        "seed": trials.seed,
        "sandbox": trials.sandbox,
    }
    with open_store(folder, plan) as store:
        tell(f"{len(trials.settings)} settings, {trials.runs} runs of each; in {store.folder}")
        rows = run_guarded(_play(trials, store, tell), folder)
        path = store.write("race.json", json.dumps([row.plain() for row in rows], indent=1) + "\n")
    tell("")
    outcome = _conclude(rows, tell)
    tell(f"\n{path}")
    return outcome


def _conclude(rows: Sequence[Row], tell: Callable[[str], object]) -> Outcome:
    """Tell what came of it."""
    tell("\n".join(table_lines(rows)))
    tell(f"model: never_empty, explored whole with {BOUNDS.enactors} enactors and {BOUNDS.plans} plans")
    for lines in (curve_lines(rows), refutations(rows)):
        if lines:
            tell("\n" + "\n".join(lines))
    if any(row.invalid for row in rows):
        return Outcome.INVALID
    return Outcome.FAILED if any(row.refuted for row in rows) else Outcome.PASSED


def _row(trial: Trial, trials: Trials, live: Tally, invalid: int = 0, replays: Replays = NOT_REPLAYED) -> Row:
    """A line of the table: what the model says, and what was seen in both drivers."""
    breaks_in = _breaks_in(trial.protections)
    return Row(trial.protections, trial.latency_ns, breaks_in, live, _simulated(trial, trials), invalid, replays)


@functools.cache
def _breaks_in(protections: tuple[str, ...]) -> int | None:
    """In how many steps ``never_empty`` is broken under these protections; None where it holds."""
    finding = judge(BOUNDS.with_protections(protections), question_of(["never_empty"])).of("never_empty")
    return None if finding.trace is None else len(finding.trace)


async def _play(trials: Trials, store: Store, tell: Callable[[str], object]) -> list[Row]:
    rows = []
    explained = False
    for trial in trials.settings:
        evidences: list[RaceEvidence] = []
        for number in range(trials.runs):
            name = trial.name(number + 1)
            finished = await _run(trial, name, trials.seed + number, trials.sandbox, store)
            evidence = _evidence(finished)
            tell(f"{name}  {_in_a_line(finished, evidence)}")
            if evidence is None:
                continue
            evidences.append(evidence)
            emptying = next((entry for entry in evidence.emptyings if entry.name == trial.first), None)
            if emptying and not explained:
                explained = True
                tell("\n".join(f"    {line}" for line in evidence.explain(emptying)))
        invalid = trials.runs - len(evidences)
        rows.append(_row(trial, trials, _tally(evidences, trial), invalid, _replays(evidences, trial)))
    return rows


async def _run(trial: Trial, name: str, seed: int, sandbox: str, store: Store) -> FinishedRun:
    """Make the run unless it is there."""
    if name in store.done():
        return finished_run(store.run(name))
    order = RunRequest(text=experiment_text(trial.document), seed=seed, sandbox=sandbox)
    return await make_here(order, store.experiment(name), store.run(name))


def _evidence(finished: FinishedRun) -> RaceEvidence | None:
    """None for a run that says nothing."""
    if finished.folder is None or finished.outcome == "invalid":
        return None
    return RaceEvidence(Run(read_journal(finished.folder / "journal.jsonl")))


def _in_a_line(finished: FinishedRun, evidence: RaceEvidence | None) -> str:
    """One run in one line."""
    if evidence is None:
        return f"invalid: {finished.because}"
    origin = evidence.run.origin or 0
    parts = []
    for emptying in evidence.emptyings:
        writer = emptying.step.client if emptying.step else "nobody that is known"
        end = f" until {(emptying.until - origin) / 1e9:.1f} s ({emptying.ended_by})" if emptying.until else ""
        parts.append(f"{emptying.name} from {(emptying.at - origin) / 1e9:.1f} s{end}, by {writer}")
    more = f"; and {len(parts) - 2} more" if len(parts) > 2 else ""
    return f"empty: {'; '.join(parts[:2])}{more}" if parts else "no record became empty"


def _tally(evidences: Sequence[RaceEvidence], trial: Trial) -> Tally:
    clients = trial.experiment.spec.clients
    enactors = {name for name, client in clients.items() if client.race and client.race.role == "enactor"}
    of_first = [[entry for entry in evidence.emptyings if entry.name == trial.first] for evidence in evidences]
    return Tally(
        runs=len(evidences),
        first=sum(map(bool, of_first)),
        any=sum(bool(evidence.emptyings) for evidence in evidences),
        unrepaired=sum(entries[0].ended_by not in enactors for entries in of_first if entries),
    )


def _replays(evidences: Sequence[RaceEvidence], trial: Trial) -> Replays:
    """Each live run again in virtual time, with its own seed and the times that its calls took."""
    setting = setting_of(trial.experiment)
    latencies_ns = {part.name: part.latency_ns for part in setting.parts}
    first = any_endpoint = alike = 0
    for evidence in evidences:
        times = measured_times(evidence.steps.values(), evidence.run.origin, latencies_ns)
        replay = simulate(setting, evidence.run.header.seed, times)
        live = any(emptying.name == trial.first for emptying in evidence.emptyings)
        first += 0 in replay.emptied
        any_endpoint += bool(replay.emptied)
        alike += (0 in replay.emptied) == live
    return Replays(first, any_endpoint, alike)


def settings_of(
    document: Document, latencies: Sequence[str], protections: Sequence[str], *, each: bool
) -> Iterator[Trial]:
    """The settings that are asked for, each valid as if it had been written so. Raises ``InputError``."""
    names = [name.replace("-", "_") for name in protections]
    for name in names:
        if name not in PROTECTIONS.kinds:
            raise InputError(f"--protection {name}: there is none of this name; {PROTECTIONS.unknown(name)}")
        if name not in LIVE_PROTECTIONS:
            raise InputError(f"--protection {name}: it is of the model alone; explore it with chaoskit race explore")
    if each and names:
        raise InputError("--each-protection switches each on by itself; leave out --protection")
    slow = _slow_path(document)
    latencies_ns = [_latency(text) for text in latencies] or [_file_latency(document, slow)]
    sets: list[tuple[str, ...]] = [(), *((name,) for name in LIVE_PROTECTIONS)] if each else [ordered(names)]
    for chosen in sets:
        for latency_ns in latencies_ns:
            variant = _variant(document, slow, chosen, latency_ns)
            yield Trial(chosen, latency_ns, variant, resolve(variant, 1.0))


def _latency(written: str) -> int:
    try:
        return parse_duration(written)
    except ValueError as error:
        raise InputError(f"--latency {written}: {error}") from error


def _slow_path(document: Document) -> int:
    """Which entry of the timeline is the latency on the slow enactor's path."""
    for number, entry in enumerate(document.data.get("timeline") or ()):
        toxic = entry.get("network")
        if isinstance(toxic, dict) and "latency" in toxic and "route53" in str(entry.get("where")):
            return number
    raise InputError(
        f"{document.path}: no latency on a path to route53 in its timeline; see experiments/race/live.yaml"
    )


def _file_latency(document: Document, slow: int) -> int:
    toxic = document.data["timeline"][slow]["network"]["latency"]
    return parse_duration(toxic["latency"] if isinstance(toxic, dict) else toxic)


def _variant(document: Document, slow: int, protections: tuple[str, ...], latency_ns: int) -> Document:
    """The experiment with other protections and another latency, valid as if it had been written so."""
    data: dict[str, Any] = copy.deepcopy(document.data)
    data["timeline"][slow]["network"]["latency"]["latency"] = format_duration(latency_ns) if latency_ns else 0
    enactors = [c["race"] for c in data["clients"].values() if (c.get("race") or {}).get("role") == "enactor"]
    if not enactors:
        raise InputError(f"{document.path}: no client of it is an enactor (use: race, race: {{role: enactor}})")
    if protections:
        for race in enactors:
            race["protections"] = list(protections)
    guarded = [IN_THE_CONTROL_PLANE[name] for name in protections if name in IN_THE_CONTROL_PLANE]
    if guarded:
        apex = enactors[0]["hosted_zone"]
        guards: dict[str, Any] = {"names": [apex, f"cell-*.{apex}"]}
        guards |= {"never_empty": True} if "never_empty" in guarded else {}
        guards |= {"velocity": VELOCITY} if "velocity" in guarded else {}
        data["services"]["route53"].setdefault("control_plane", {})["guards"] = guards
    return Document(document.path, data, document.lines)


def _apex(experiment: Experiment) -> str:
    return next(client.race.hosted_zone for client in experiment.spec.clients.values() if client.race)


def _simulated(trial: Trial, trials: Trials) -> Tally:
    setting = setting_of(trial.experiment)
    outcomes = [simulate(setting, trials.seed + number) for number in range(trials.simulated)]
    return Tally(
        runs=trials.simulated,
        first=sum(0 in outcome.emptied for outcome in outcomes),
        any=sum(bool(outcome.emptied) for outcome in outcomes),
        unrepaired=sum(0 in outcome.emptied and 0 not in outcome.repaired for outcome in outcomes),
    )


def setting_of(experiment: Experiment) -> Setting:
    """The race of an experiment as the simulated driver plays it: until the first operator acts, or to its end."""
    spec = experiment.spec
    acts = [injection for injection in experiment.planes["process"] if isinstance(injection.fault, Operate)]
    starts = [span[0] for injection in acts for span in injection.when.spans(experiment.duration_ns)]
    parts = []
    for name, client in spec.clients.items():
        race = client.race
        if race is None or race.role == "operator":
            continue
        schedule = Schedule(client.every, race.first, race.pace)
        rules = race.rules if race.role == "enactor" else None
        parts.append(Part(name, schedule, rules, _latency_in_zone(experiment, race.zone)))
    route53 = spec.services.get("route53")
    guards = route53.control_plane.guards if isinstance(route53, ServiceSpec) and route53.control_plane else None
    races = [client.race for client in spec.clients.values() if client.race]
    return Setting(
        parts=tuple(parts),
        endpoints=races[0].endpoints,
        addresses=len(races[0].addresses),
        ends=min([*starts, experiment.duration_ns]),
        window_ns=guards.velocity.per if guards and guards.velocity else 0,
    )


def _latency_in_zone(experiment: Experiment, zone: int) -> int:
    """The latency on the path of whoever uses Route 53 in this zone."""
    return sum(
        injection.fault.latency
        for injection in experiment.planes["network"]
        if isinstance(injection.fault, Latency)
        and injection.where.service == "route53"
        and injection.where.zone in (None, zone)
    )
