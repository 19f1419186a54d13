"""From a scenario file to its experiment and its sealed plan, or to errors that name the line; and the scenarios that are shipped."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chaoskit.cascade.live import PARTS
from chaoskit.drill.plan import DrillSpec, LevelSpec, OrderSpec
from chaoskit.errors import ExperimentError, FieldPath, InputError, Problem, dotted
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, read, resolve
from chaoskit.experiment.problems import problems_of
from chaoskit.experiment.schema import ClientSpec
from chaoskit.experiment.shipped import root
from chaoskit.race.live.orders import ORDERS
from chaoskit.strict import FROM_A_FILE

REPAIR = ("repair",)
"""What an operator of the race obeys."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A drill that can be played. ``plain`` is the sealed part as it is written."""

    name: str
    experiment: Experiment
    drill: DrillSpec
    plain: dict[str, Any]


def scenario_files() -> list[Path]:
    """The shipped scenarios, by name."""
    return sorted((root() / "drills").glob("*.yaml"))


def find_scenario(name: str) -> Path:
    """The file that ``name`` means: a path, or the name of a shipped scenario. Raises ``InputError``."""
    if Path(name).is_file():
        return Path(name)
    files = {path.stem: path for path in scenario_files()}
    stem = name.removeprefix("drills/").removesuffix(".yaml")
    if stem in files:
        return files[stem]
    near = difflib.get_close_matches(stem, files, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise InputError(f"{name}: no such file, and no shipped scenario has this name.{hint} See: chaoskit drill")


def load_scenario(path: Path, seed: int | None = None) -> Scenario:
    """Read and validate a scenario; ``seed`` replaces the file's. Raises ``InputError`` with every problem found."""
    document = read(path)
    if not isinstance(document.data, dict) or not isinstance(document.data.get("drill"), dict):
        message = "is missing, so this is an experiment and no scenario."
        raise ExperimentError(str(path), [Problem(1, "drill", message, "Add 'drill:'; see docs/drills.md.")])
    plain = document.data["drill"]
    rest = {key: value for key, value in document.data.items() if key != "drill"}
    rest.update({} if seed is None else {"seed": seed})
    experiment = resolve(Document(document.path, rest, document.lines), time_scale=1.0)
    try:
        drill = DrillSpec.model_validate(plain, context=FROM_A_FILE)
    except ValidationError as error:
        raise ExperimentError(document.path, problems_of(error, document, ("drill",))) from error
    if problems := _Checks(document, experiment, drill).problems:
        raise ExperimentError(document.path, problems)
    return Scenario(path.stem, experiment, drill, plain)


def orders_of(client: ClientSpec) -> Sequence[str]:
    """What an operator can order of a client; empty for one that obeys nobody."""
    if client.use == "participant" and client.part is not None:
        orders: Sequence[str] = PARTS.get(client.part).ORDERS
        return orders
    if client.race is None:
        return ()
    return REPAIR if client.race.role == "operator" else ORDERS


class _Checks:
    """What the fields of a drill say of each other, and of the experiment that it is in."""

    def __init__(self, document: Document, experiment: Experiment, drill: DrillSpec) -> None:
        self._document, self._experiment = document, experiment
        self.problems: list[Problem] = []
        faults = [injection.id for injection in experiment.planes["dns"]]
        truth, lists = drill.diagnosis.truth, drill.diagnosis
        at: FieldPath = ("drill", "diagnosis", "truth")
        self._is_of((*at, "name"), truth.name, lists.names)
        self._is_of((*at, "mechanism"), truth.mechanism, lists.mechanisms)
        self._is_of((*at, "scope"), truth.scope, lists.scopes)
        if truth.since:
            self._is_of((*at, "since"), truth.since, [injection.id for injection in experiment.injections])
        if drill.trigger.injection:
            self._is_of(("drill", "trigger", "injection"), drill.trigger.injection, faults)
        self._orders(("drill", "trigger", "orders"), drill.trigger.orders)
        for number, label in enumerate(drill.customers):
            self._is_of(("drill", "customers", number), label, list(experiment.spec.clients))
        levels = [spec for spec in (*drill.healthy, *drill.guards.values()) if not isinstance(spec, str)]
        for spec in levels:
            self._is_of(
                ("drill", "healthy" if isinstance(spec, LevelSpec) else "guards"),
                spec.client,
                list(experiment.spec.clients),
            )
        switched = [name for name, guard in drill.guards.items() if isinstance(guard, str)]
        processes = [*experiment.spec.clients, *experiment.spec.apps]
        for number, action in enumerate(drill.actions):
            at = ("drill", "actions", number)
            self._orders((*at, "orders"), action.orders)
            for key, values, known in (
                ("needs", action.needs, [other.words for other in drill.actions]),
                ("lifts", action.lifts, faults),
                ("guards_off", action.guards_off, switched),
                ("guards_on", action.guards_on, switched),
                ("restarts", action.restarts, processes),
            ):
                for value in values:
                    self._is_of((*at, key), value, known)
        if not experiment.spec.clients:
            self._say(("clients",), "a drill needs clients, which are the customers.", "Add one.")
        if experiment.duration_ns <= drill.whole_watch_ns:
            self._say(("duration",), "is no longer than the watch after the trainee's end.", "Write a longer one.")

    def _orders(self, field: FieldPath, orders: Sequence[OrderSpec]) -> None:
        """Each order is one that its client obeys."""
        obeying = {label: orders_of(client) for label, client in self._experiment.spec.clients.items()}
        for number, order in enumerate(orders):
            self._is_of((*field, number, "to"), order.to, [label for label in obeying if obeying[label]])
            if obeying.get(order.to):
                self._is_of((*field, number, "order"), order.order, obeying[order.to])

    def _is_of(self, field: FieldPath, value: str, known: Any) -> None:
        if value not in known:
            self._say(
                field, f"{value!r} is not known here.", f"Write one of {', '.join(known) or 'none: there is none'}."
            )

    def _say(self, field: FieldPath, message: str, fix: str) -> None:
        self.problems.append(Problem(self._document.line(field), dotted(field), message, fix, field))
