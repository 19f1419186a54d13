"""What expectations about a record share: what was seen of one name, in changes of its zone and in honest answers.

Changes are exact: the DNS server tells what it serves at the name before and after each. Where a zone does not change at all, answers are
all there is. Those that a fault bent say nothing of the record and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.journal.events import NameChange, QueryAnswered, RaceStep, ServedRecord, ZoneChanged
from chaoskit.journal.run import Run

ADDRESSES = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Sight:
    """One moment at which a name was seen: by a change of its zone (``author`` made it) or in an answer.

    ``addresses`` is whether it had any; None where that cannot be told. ``exists`` likewise.
    """

    at: Instant
    seq: int
    how: str
    addresses: bool | None
    exists: bool | None


def plain_name(name: str) -> str:
    """A name as the journal has it. Raises ``ValueError`` for none at all."""
    plain = name.lower().removesuffix(".")
    if not plain:
        raise ValueError("name a record, such as api.example.com")
    return plain


def changes_of(run: Run, name: str) -> list[tuple[int, ZoneChanged, NameChange]]:
    """The changes that touched a name, in order, with their ``seq``."""
    return [
        (seq, event, change) for seq, event in run.of(ZoneChanged) for change in event.changes if change.name == name
    ]


def sights_of(run: Run, name: str) -> list[Sight]:
    """What was seen of a name, in order: from changes if there were any, else from honest answers."""
    changes = changes_of(run, name)
    if changes:
        seq, event, first = changes[0]
        before = Sight(
            event.at, seq, "before the first change", has_addresses(first.before), bool(first.before) or None
        )
        writers = {step.change: step.client for _, step in run.of(RaceStep) if step.change}
        return [before, *(_changed(seq, event, change, writers) for seq, event, change in changes)]
    return list(_answers(run, name))


def _changed(seq: int, event: ZoneChanged, change: NameChange, writers: Mapping[str, str]) -> Sight:
    writer = f" of {writers[event.author]}" if event.author in writers else ""
    how = f"a change by {event.author or event.source}{writer}"
    return Sight(event.at, seq, how, has_addresses(change.after), change.exists)


def has_addresses(records: tuple[ServedRecord, ...]) -> bool:
    """Whether there is an address, or a name (CNAME) that leads to one elsewhere."""
    return any(record.rtype in (*ADDRESSES, "CNAME") for record in records)


def _answers(run: Run, name: str) -> Iterator[Sight]:
    """Honest answers to questions for addresses. A type that never had one (AAAA, mostly) takes none away."""
    full: dict[str, bool] = {}
    for seq, query in run.queries:
        if query.name != name or query.rtype not in ADDRESSES or not _honest(query):
            continue
        if query.answers:
            full[query.rtype] = True
        elif query.rtype in full:
            full[query.rtype] = False
        how = f"an answer of {query.rcode} with {query.answers} records to {query.asker}"
        addresses = any(full.values()) if full else None
        exists = query.rcode != "NXDOMAIN" if query.rcode in ("NOERROR", "NXDOMAIN") else None
        yield Sight(query.at, seq, how, addresses, exists)


def _honest(query: QueryAnswered) -> bool:
    return query.reply == "answer" and not query.faults and query.rcode in ("NOERROR", "NXDOMAIN")
