"""Traces as one offline page: step forward and back, a lane per process, the record at each step, and "what if another had moved here?".

The page holds the system's tables, so its script steps the model itself, from any state. Without scripts it shows the ways as lists.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaoskit.page_templates import page_environment
from chaoskit.race.diagram import moves_of
from chaoskit.race.findings import Finding, Findings, Question
from chaoskit.race.invariants import PROGRESS
from chaoskit.race.report import bounds, set_name, verdict
from chaoskit.race.words import Vocabulary
from chaoskit.sim.system import System

TEMPLATES = Path(__file__).parent / "templates"


def trace_page(findings: Findings, question: Question, words: Vocabulary) -> str:
    """The page's HTML."""
    environment = page_environment(TEMPLATES)
    race = findings.race
    processes = [words.process(number) for number in range(race.enactors + 1)]
    meanings = {**{rule.name: rule.meaning for rule in question.safety}, **PROGRESS}
    ways = _ways(findings, words)
    return environment.get_template("traces.html.j2").render(
        title=f"The race: {bounds(race)}, {set_name(race.protections)}",
        bounds=bounds(race),
        protections=[(name, sentence) for name, sentence in _sentences(race.protections)],
        findings=[(finding, meanings[finding.invariant], verdict(finding, race)) for finding in findings.findings],
        states=findings.states,
        processes=processes,
        ways=ways,
        data=json.dumps(_model(race.system(question.safety), findings, question, words, ways)).replace("</", "<\\/"),
    )


def _sentences(names: tuple[str, ...]) -> list[tuple[str, str]]:
    from chaoskit.race.protections import sentence_of

    return [(name, sentence_of(name)) for name in names]


def _ways(findings: Findings, words: Vocabulary) -> list[dict[str, Any]]:
    """The distinct ways of all that is broken, each with its steps in words."""
    grouped: dict[tuple[tuple[int, ...], int], list[Finding]] = {}
    for finding in findings.findings:
        if finding.trace is not None:
            grouped.setdefault((finding.trace, finding.cycle), []).append(finding)
    return [
        {
            "names": [finding.invariant for finding in shared],
            "processes": list(trace),
            "cycle": cycle,
            "steps": [
                {
                    "process": move.process,
                    "says": words.step(move.call, move.answer),
                    "record": words.record(move.after.shared),
                    "empty": not move.after.shared.addresses,
                }
                for move in moves_of(findings.race, shared[0])
            ],
        }
        for (trace, cycle), shared in grouped.items()
    ]


def _model(
    system: System, findings: Findings, question: Question, words: Vocabulary, ways: list[dict[str, Any]]
) -> dict[str, Any]:
    """The tables, for the page's script. A pair of numbers is written as ``first * width + second``."""
    from chaoskit.sim.promela import closed_tables
    from chaoskit.sim.tables import ANSWER_MASK, ANSWER_SHIFT, BLOCKED, MARKS_MASK, OUTDATES, SHARED_SHIFT

    tables = closed_tables(system)
    calls, answers = len(tables.calls.values), len(tables.answers.values)
    effects: dict[int, list[int] | None] = {}
    says: dict[int, str] = {}
    for shared, call, effect in tables.known_effects():
        if effect == BLOCKED:
            effects[shared * calls + call] = None
            continue
        answer = (effect >> ANSWER_SHIFT) & ANSWER_MASK
        effects[shared * calls + call] = [
            effect >> SHARED_SHIFT,
            answer,
            effect & MARKS_MASK,
            int(bool(effect & OUTDATES)),
        ]
        says[call * answers + answer] = words.step(tables.calls.values[call], tables.answers.values[answer])
    roles = [
        {
            "calls": table.calls[: len(table.locals.values)].tolist(),
            "outdated": table.outdated[: len(table.locals.values)].tolist(),
            "replies": {local * answers + answer: reply for local, answer, reply in table.known_replies()},
            "start": table.start,
        }
        for table in tables.roles
    ]
    return {
        "calls": calls,
        "answers": answers,
        "start": tables.start,
        "roles": roles,
        "role_of": [number for number, role in enumerate(system.roles) for _ in range(role.count)],
        "processes": [words.process(number) for number in range(findings.race.enactors + 1)],
        "records": [[words.record(zone), int(not zone.addresses)] for zone in tables.shared.values],
        "effects": effects,
        "says": says,
        "marks": [rule.name for rule in question.safety],
        "ways": [{"names": way["names"], "processes": way["processes"], "cycle": way["cycle"]} for way in ways],
    }
