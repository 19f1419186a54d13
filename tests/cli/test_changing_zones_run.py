"""A whole run in which a program empties its own record through the Route 53 API, and nobody injects anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.expect import judge
from chaoskit.experiment.loader import resolve_plain
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.units import MILLISECOND
from tests.cli.test_whole_run import namespaces_work

pytestmark = pytest.mark.slow

ENACTOR = """\
import boto3

api = boto3.client("route53", region_name="us-east-1")
zone = api.list_hosted_zones()["HostedZones"][0]["Id"]


def send(*changes):
    batch = [{"Action": action, "ResourceRecordSet": one} for action, one in changes]
    api.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})


def tree(plan):
    records = [{"Value": f"192.0.2.{plan}"}]
    return {"Name": f"plan-{plan}.live.test", "Type": "A", "TTL": 5, "ResourceRecords": records}


def alias(plan):
    target = {"HostedZoneId": zone.split("/")[-1], "DNSName": f"plan-{plan}.live.test", "EvaluateTargetHealth": False}
    return {"Name": "active.live.test", "Type": "A", "AliasTarget": target}


send(("CREATE", tree(110)), ("CREATE", alias(110)))
send(("CREATE", tree(146)), ("UPSERT", alias(146)))
send(("UPSERT", alias(110)))
send(("DELETE", tree(110)))
"""

EXPERIMENT = """\
title: an enactor and a cleaner in one
services:
  route53: {{hosted_zones: [live.test], control_plane: {{propagation: 50ms}}}}
zones:
  live.test: {{source: route53}}
clients:
  enactor: {{use: command, service: route53, argv: [{python}, {script}], every: 1m}}
duration: 8s
timeline:
  - {{dns: servfail, where: nobody.live.test, when: {{from: 1s, for: 1s}}, optional: true}}
expect:
  - never_empty: {{name: active.live.test}}
  - never_missing: {{name: active.live.test}}
  - never_older: {{name: active.live.test, pattern: 'plan-(\\d+)'}}
  - changes_at_most: {{name: active.live.test, n: 9, per: 1m}}
"""


def test_the_journal_shows_how_the_record_became_empty(tmp_path: Path) -> None:
    if reason := namespaces_work():
        pytest.skip(reason)
    script, file = tmp_path / "enactor.py", tmp_path / "race.yaml"
    script.write_text(ENACTOR)
    file.write_text(EXPERIMENT.format(python=sys.executable, script=script))
    words = [sys.executable, "-m", "chaoskit", "run", str(file), "--out", str(tmp_path / "runs")]
    result = subprocess.run(words, capture_output=True, text=True, timeout=120)
    (journal,) = (tmp_path / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    expectations = resolve_plain(run.header.experiment, "journal").expectations
    verdicts = {verdict.kind: verdict for verdict in judge(run, expectations)}
    assert verdicts["never_empty"].finding == "broken", result.stdout
    assert "left without an address by a change by C0000000000004" in verdicts["never_empty"].because
    assert (verdicts["never_missing"].finding, verdicts["changes_at_most"].finding) == ("held", "held")
    assert "went from 146 back to 110, by change C0000000000003" in verdicts["never_older"].because
    accepted = {event.change: event for _, event in run.of(HostedZoneChanged)}
    served = {event.author: event for _, event in run.of(ZoneChanged)}
    assert served.keys() == accepted.keys(), "what was served is what was accepted"
    assert all(event.at >= accepted[author].effective_at for author, event in served.items())
    assert [change.action for change in accepted["C0000000000004"].changes] == ["DELETE"]
    lags = [event.lag_ns for event in served.values() if event.lag_ns is not None]
    print("lags in ms:", [round(lag / MILLISECOND, 2) for lag in lags])  # noqa: T201 - measured, and not judged
    assert len(lags) == len(served)
