"""What the lab was made to show, each as one sentence with its figures, or with the reason why it is not measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.lab import words
from chaoskit.lab.compare import retries_until_drained
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.rows import Row
from chaoskit.sim.documented import numbers
from chaoskit.sim.policies import policy_of
from chaoskit.spread import Spread, spread
from chaoskit.units import format_duration


@dataclass(frozen=True, slots=True)
class Finding:
    """``said`` is empty of figures when ``measured`` is false: then it says what would have to run."""

    title: str
    said: str
    measured: bool


BURYING = ("empty", "wrong-black-hole", "no-answer")
"""Faults under which a burst is looked at: the longer a failing dial takes, the surer its empty place lands on top of the pool."""


class NotMeasured(Exception):
    """The cells that a finding needs are not there; the text says which."""


def findings_of(rows: Sequence[Row]) -> tuple[Finding, ...]:
    """Every finding, in the order in which they are told."""
    return tuple(_finding(title, tell, rows) for title, tell in TOLD)


def _finding(title: str, tell: Callable[[Sequence[Row]], str], rows: Sequence[Row]) -> Finding:
    try:
        return Finding(title, tell(rows), measured=True)
    except NotMeasured as missing:
        return Finding(title, f"not measured: {missing}", measured=False)


def _find(
    rows: Sequence[Row], what: str, accept: Callable[[Row], bool], *, fault: str = "empty", connection: str = "cold"
) -> list[Row]:
    matching = [
        row for row in rows if (row.subject.fault, row.subject.connection) == (fault, connection) and accept(row)
    ]
    if not matching:
        raise NotMeasured(f"it takes {what}, {connection}, under “{BY_KEY[fault].title}”")
    return matching


def _is_botocore(row: Row, *, new: bool) -> bool:
    subject = row.subject
    return (
        subject.sdk == "boto3"
        and subject.service == "dynamodb"
        and subject.retry_mode is None
        and (numbers(subject.version) >= (1, 44)) == new
    )


def _defaults(rows: Sequence[Row]) -> str:
    new = _find(rows, "botocore 1.44 or later, default retries", lambda row: _is_botocore(row, new=True))[-1]
    try:
        old = _find(rows, "botocore 1.43", lambda row: _is_botocore(row, new=False))[-1]
        old_name = words.who(old.subject)
    except NotMeasured:
        old = _find(
            rows,
            "botocore 1.43, or retry mode legacy",
            lambda row: (
                (row.subject.sdk, row.subject.service, row.subject.retry_mode) == ("boto3", "dynamodb", "legacy")
            ),
        )[-1]
        old_name = f"{words.who(old.subject)} in retry mode legacy, the default until 1.43,"
    before, after = _time(old), _time(new)
    return (
        f"On an empty record a cold DynamoDB call of {old_name} rides on for {words.times(before)}, n = {before.n}; "
        f"of {words.who(new.subject)} for {words.times(after)}, n = {after.n}: {before.middle / after.middle:.0f} times shorter."
    )


def _time(row: Row) -> Spread:
    lengths = row.gave_up_ns
    if lengths is None:
        raise NotMeasured(f"no first call of {words.who(row.subject)} gave up in the fault")
    return lengths


def _go(rows: Sequence[Row]) -> str:
    def is_go(row: Row) -> bool:
        return row.subject.sdk == "go" and row.subject.retry_mode is None

    sentences = []
    for fault in ("empty", "nxdomain", "servfail"):
        row = _find(rows, "the Go client", is_go, fault=fault)[0]
        failed = spread(call.attempts for call in row.firsts if not call.ok)
        sentences.append(
            f"{BY_KEY[fault].title}: attempts {words.counts(failed)}, given up after {words.times(row.gave_up_ns)}"
        )
    return f"{words.who(row.subject)}: {'; '.join(sentences)}; n = {row.n} each."


def _jvm(rows: Sequence[Row]) -> str:
    def is_jvm(row: Row) -> bool:
        return row.subject.sdk == "java" and row.subject.dns_cache != "advised"

    sentences = []
    for fault in ("empty-no-soa", "empty"):
        for row in _having(rows, fault, "cold"):
            if is_jvm(row):
                lengths = spread(sample.blank_ns for sample in row.samples)
                met = sum(sample.met for sample in row.samples)
                sentences.append(
                    f"a blank of {words.times(lengths)} was met by {met} DNS queries (n = {row.n}), "
                    f"and {words.share(row.ok_share)} of the calls in it succeeded"
                )
    if not sentences:
        raise NotMeasured("it takes the Java client with the JVM's default DNS cache, cold, under an empty record")
    return f"Java v2 with the JVM's default DNS cache, dialling for every call: {'; '.join(sentences)}."


def _keep_alive(rows: Sequence[Row]) -> str:
    matching = _find(rows, "a warm client", lambda row: row.subject.service == "dynamodb", connection="warm")
    calls = [call for row in matching for call in row.calls]
    names = sorted({words.who(row.subject) for row in matching})
    return (
        f"Under an empty record {sum(call.pooled for call in calls)} of {len(calls)} calls of warm clients rode on a pooled connection, "
        f"{sum(call.ok for call in calls)} succeeded ({', '.join(names)})."
    )


def _burial(rows: Sequence[Row]) -> str:
    buried: list[str] = []
    spared = 0
    for fault in BURYING:
        for row in _having(rows, fault, "burst"):
            processes = [
                around for around in row.around_bursts() if all(around.before) and around.before and around.after
            ]
            lost = [around for around in processes if not any(around.after)]
            name = f"{words.who(row.subject)}, {words.mode(row.subject)}, {BY_KEY[fault].title}"
            if lost:
                calls = sum(len(around.after) for around in lost)
                buried.append(
                    f"{name}: {len(lost)} of {len(processes)} processes, whose {calls} calls after it all failed"
                )
            elif processes:
                spared += len(processes)
    if not buried and not spared:
        raise NotMeasured("it takes a burst client, and no burst fell into a fault")
    sentences = [f"After a burst no call that ran alone succeeded any more in {'; '.join(buried)}."] if buried else []
    sentences += [f"It was not seen in {spared} processes of {'other' if buried else 'all'} cells."] if spared else []
    return f"Before the burst every call rode on the one live connection of the pool. {' '.join(sentences)}"


def _having(rows: Sequence[Row], fault: str, connection: str) -> list[Row]:
    return [row for row in rows if (row.subject.fault, row.subject.connection) == (fault, connection)]


def _drain(rows: Sequence[Row]) -> str:
    sentences = []
    for row in _find(rows, "a client with a retry quota", lambda row: row.subject.service == "dynamodb"):
        subject = row.subject
        policy = policy_of(subject.sdk, subject.version, subject.retry_mode, subject.service)
        trouble = BY_KEY[subject.fault].trouble
        if policy is None or policy.quota is None or trouble is None or policy.tries(trouble) == 1:
            continue
        spent = spread(
            retries
            for sample in row.samples
            if (retries := retries_until_drained(sample, policy.tries(trouble))) is not None
        )
        if spent:
            sentences.append(
                f"{words.who(subject)}, {words.mode(subject)}: no retry is left after {words.counts(spent)} retries (n = {spent.n}), "
                f"documented {policy.quota.capacity // policy.quota.price(trouble)}"
            )
    if not sentences:
        raise NotMeasured("no quota was drained in the time that the faults lasted")
    return f"Counted over a process's calls: {'; '.join(sentences)}."


def _unbounded(rows: Sequence[Row]) -> str:
    phrases = []
    for row in _find(rows, "a client under silence", lambda row: row.subject.service == "dynamodb", fault="no-answer"):
        limit_ns = row.samples[0].connect_timeout_ns
        if row.tries_ns and limit_ns is not None:
            phrases.append(
                f"{words.who(row.subject)}, {words.mode(row.subject)}: {format_duration(round(row.tries_ns.most))} "
                f"with connect_timeout {format_duration(limit_ns)}"
            )
    if not phrases:
        raise NotMeasured("no client that tells its tries, and whose connect_timeout was set, met silence")
    return f"While nobody answers DNS, the longest try: {'; '.join(phrases)}."


TOLD: tuple[tuple[str, Callable[[Sequence[Row]], str]], ...] = (
    ("An upgrade of one minor version shortens the blank that is ridden out", _defaults),
    ("Go gives up at once where there is no name, and retries where the resolver cannot tell", _go),
    ("The JVM's cache hides a short blank", _jvm),
    ("Keep-alive sails through", _keep_alive),
    ("A burst can bury the live connection", _burial),
    ("The retry quota drains across calls", _drain),
    ("What connect_timeout does not bound", _unbounded),
)
