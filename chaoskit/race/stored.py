"""Findings and tables as JSON, for machines: one object, ``format`` says which version of this shape."""

from __future__ import annotations

import json
from typing import Any

from chaoskit.race.diagram import moves_of
from chaoskit.race.findings import Finding, Findings, Question
from chaoskit.race.table import Table
from chaoskit.race.words import Engineering

FORMAT = 1


def findings_json(findings: Findings, question: Question) -> str:
    """One exploration with its traces, step by step."""
    body = {
        "format": FORMAT,
        **_row(findings),
        "meanings": {rule.name: rule.meaning for rule in question.safety},
        "traces": {
            finding.invariant: _trace(findings, finding) for finding in findings.findings if finding.trace is not None
        },
    }
    return json.dumps(body, indent=1) + "\n"


def table_json(table: Table) -> str:
    """All rows, and what follows from them."""
    names = table.question.names
    body = {
        "format": FORMAT,
        "rows": [_row(row) for row in table.rows],
        "sufficient": {"all": table.sufficient(names), **{name: table.sufficient([name]) for name in names}},
        "tempting": [row.race.protections for row in table.tempting()],
        "not_monotone": [
            {"protections": pair.names, "added": pair.added, "invariant": pair.invariant}
            for pair in table.not_monotone()
        ],
    }
    return json.dumps(body, indent=1) + "\n"


def _row(findings: Findings) -> dict[str, Any]:
    return {
        "enactors": findings.race.enactors,
        "plans": findings.race.plans,
        "protections": findings.race.protections,
        "engine": findings.engine,
        "symmetric": findings.symmetric,
        "whole": findings.whole,
        "states": findings.states,
        "transitions": findings.transitions,
        "cpu_seconds": round(findings.cpu_seconds, 3),
        "findings": {
            finding.invariant: {
                "holds": finding.holds,
                "steps": None if finding.trace is None else len(finding.trace),
                "cycle": finding.cycle,
                "shortest": finding.shortest,
            }
            for finding in findings.findings
        },
    }


def _trace(findings: Findings, finding: Finding) -> list[dict[str, Any]]:
    words = Engineering()
    return [
        {
            "process": words.process(move.process),
            "call": type(move.call).__name__,
            "answer": type(move.answer).__name__,
            "says": words.step(move.call, move.answer),
            "zone": move.after.shared._asdict(),
        }
        for move in moves_of(findings.race, finding)
    ]
