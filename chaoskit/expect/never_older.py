"""``never_older``: a record that carries a version never goes back to an older one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from chaoskit.expect import Expectation
from chaoskit.expect._zones import changes_of, plain_name
from chaoskit.journal.events import HostedZoneChanged
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class NeverOlder(Expectation):
    r"""Each version written to the record ``name`` was at least the one before it.

    ``pattern`` finds the version: the first group of a regular expression, digits, in what was written. In a hosted zone of Route 53 that
    is the target of an alias or the values of a set; elsewhere the data of the records. Of several matches in a change the highest counts.
    """

    name: str
    pattern: str = r"(\d+)"

    def __post_init__(self) -> None:
        plain_name(self.name)
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression ({error})") from error
        if groups < 1:
            raise ValueError(f"{self.pattern!r} has no group; put the version in parentheses, as in plan-(\\d+)")

    def judge(self, run: Run) -> Verdict:
        title, name = f"never_older {self.name}", plain_name(self.name)
        writes = list(_hosted(run, name)) or list(_served(run, name))
        versions = [
            (seq, author, version) for seq, author, text in writes if (version := self._version(text)) is not None
        ]
        if not versions:
            reason = (
                f"none of the {len(writes)} writes to {name} carries a version"
                if writes
                else f"no write to {name} was seen"
            )
            return Verdict(expectation=title, finding="unknown", because=reason)
        for (before, _, older), (seq, author, version) in pairwise(versions):
            if version < older:
                because = f"{name} went from {older} back to {version}, by {author}"
                return Verdict(expectation=title, finding="broken", because=because, evidence=(before, seq))
        because = f"{name} went from {versions[0][2]} to {versions[-1][2]} in {len(versions)} writes, never back"
        return Verdict(expectation=title, finding="held", because=because, evidence=(versions[0][0], versions[-1][0]))

    def _version(self, texts: tuple[str, ...]) -> int | None:
        matches = [match[1] for text in texts for match in re.finditer(self.pattern, text)]
        return max((int(digits) for digits in matches if digits and digits.isdecimal()), default=None)


def _hosted(run: Run, name: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """What was written to the name in a hosted zone: its ``seq``, who wrote it, and the texts."""
    for seq, event in run.of(HostedZoneChanged):
        for change in event.changes:
            if change.name == name and change.action != "DELETE":
                yield seq, f"change {event.change}", (change.alias,) if change.alias else change.values


def _served(run: Run, name: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for seq, event, change in changes_of(run, name):
        if change.after:
            yield seq, event.author or event.source, tuple(record.data for record in change.after)
