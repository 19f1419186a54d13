"""A survey's result: what every table, page and file is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoskit.sandbox.resolver_caches import ResolverCache
from chaoskit.survey.causes import Cause
from chaoskit.survey.dependency import Dependency
from chaoskit.survey.observation import WORST_FIRST, Observation
from chaoskit.survey.trial import Trial

FORMAT = "chaoskit survey 1"


@dataclass(frozen=True, slots=True)
class Row:
    """One trial and what became of it. ``folder`` is where its journal is, ``played`` the experiment as plain data."""

    trial: Trial
    observation: Observation
    cause: Cause | None
    folder: str
    played: Mapping[str, Any]

    @property
    def badness(self) -> tuple[int, int, str, str]:
        """What rows are sorted by: the worst status first, then how long it hung and stayed away."""
        observation, trial = self.observation, self.trial
        rank = WORST_FIRST.index(observation.status)
        return rank, -observation.hung_ns - (observation.back_ns or 0), trial.dependency.name, trial.fault.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was surveyed, as it may be shown, how long it takes without a fault (of clients, the median call), and the trials.

    ``unserved`` are names that it looked up and that nobody serves in the sandbox. ``left_out`` are trials that there was no time for.
    ``in_the_way`` are caches that stand between the app and a record.
    """

    subject: str
    usual_ns: int
    dependencies: tuple[Dependency, ...]
    unserved: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: tuple[Trial, ...] = ()
    in_the_way: tuple[ResolverCache, ...] = ()

    @property
    def worst_first(self) -> tuple[Row, ...]:
        """The rows in the order of the table."""
        return tuple(sorted(self.rows, key=lambda row: row.badness))

    def to_json(self) -> dict[str, Any]:
        """For programs. Times in nanoseconds; ``exit_code`` is null for clients, and for a command that had not ended."""
        return {
            "format": FORMAT,
            "subject": self.subject,
            "usual_ns": self.usual_ns,
            "dependencies": [
                {
                    "name": dependency.name,
                    "addresses": list(dependency.addresses),
                    "lookups": dependency.lookups,
                    "service": dependency.service,
                    "connections": dependency.connections,
                }
                for dependency in self.dependencies
            ],
            "unserved": list(self.unserved),
            "in_the_way": [{"program": cache.program, "cache": cache.cache} for cache in self.in_the_way],
            "trials": [_row_to_json(row) for row in self.worst_first],
            "left_out": [{"dependency": trial.dependency.name, "fault": trial.fault.key} for trial in self.left_out],
        }

    def text(self) -> str:
        """The JSON as a file."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"


def _row_to_json(row: Row) -> dict[str, Any]:
    observation = row.observation
    return {
        "dependency": row.trial.dependency.name,
        "fault": row.trial.fault.key,
        "status": observation.status,
        "exit_code": observation.exit_code,
        "elapsed_ns": observation.elapsed_ns,
        "calls": list(observation.calls) if observation.calls else None,
        "hung_ns": observation.hung_ns,
        "back_ns": observation.back_ns,
        "fault_ns": [observation.start_ns, observation.end_ns],
        "cause": row.cause.key if row.cause else None,
        "because": row.cause.because if row.cause else "",
        "cure": row.cause.cure if row.cause else "",
        "why": observation.why,
        "journal": row.folder,
    }
