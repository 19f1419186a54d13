"""A run as JUnit XML, which every CI reads: a test case for each verdict. Pure.

Of a run that is invalid or was not exercised nothing is a pass: what held is *skipped*, with the reason, and the case ``the run counts``
is an error.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from chaoskit.printable import printable

_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to hold (section 2.2, Char)."""

_WORTHLESS = ("not exercised", "invalid")


def junit(summary: dict[str, Any]) -> str:
    """The XML of a ``summary`` (``report.summary.summarize``): broken verdicts are failures, unknown ones errors."""
    title, outcome = summary["run"]["title"] or "experiment", summary["outcome"]
    counts = outcome["word"] not in _WORTHLESS
    cases = [_case(title, "the run counts", "" if counts else "error", outcome["word"], " ".join(outcome["because"]))]
    for verdict in summary["verdicts"]:
        kind = {"broken": "failure", "unknown": "error"}.get(verdict["finding"], "" if counts else "skipped")
        word = f"held, but the run is {outcome['word']}" if kind == "skipped" else verdict["finding"]
        cases.append(_case(title, verdict["expectation"], kind, word, verdict["because"]))
    kinds = [child.tag for case in cases for child in case]
    suite = ElementTree.Element(
        "testsuite",
        name=_text(title),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{summary['run']['length_ns'] / 1e9:.3f}",
    )
    suite.extend(cases)
    properties = ElementTree.Element("properties")
    for name in ("id", "replay", "seed"):
        ElementTree.SubElement(properties, "property", name=name, value=_text(str(summary["run"][name])))
    suite.insert(0, properties)
    suites = ElementTree.Element("testsuites", name="chaoskit")
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _case(title: str, name: str, kind: str, word: str, because: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_text(f"chaoskit.{title}"), name=_text(name))
    if kind:
        detail = ElementTree.SubElement(case, kind, message=_text(f"{word}: {because}"), type=_text(word))
        detail.text = _text(because)
    return case


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", printable(text))
