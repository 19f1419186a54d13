"""The YAML of a system: a dozen lines are read, and what is wrong is told with its line and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaoskit.cascade.policies.retry_budget import RetryBudget
from chaoskit.cascade.system.model import System
from chaoskit.cascade.system.plain import plain_of, system_of
from chaoskit.cascade.system.spec import read_system
from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.units import MILLISECOND, SECOND

MODELS = sorted((Path(__file__).parents[2] / "experiments" / "cascade" / "models").glob("*.yaml"))

SHOP = """\
kind: cascade-system
title: A shop
load_per_s: 50
callers: {call: web, timeout: 2s, tries: 2, back_off: {base: 100ms, jitter: equal}}
services:
  web: {capacity_per_s: 400, queue: 800, calls: {store: {timeout: 300ms, tries: 3, retry_budget: 0.1}}}
  store: {capacity_per_s: 150, queue: 300, order: lifo, drops_abandoned: true, shed: {low: 10, high: 200}}
outage: {service: store, for: 5s}
"""


def read(text: str) -> System:
    return read_system(read_document("shop.yaml", text))


def test_all_that_may_be_written_is_read() -> None:
    shop = read(SHOP)
    assert [service.name for service in shop.order()] == ["web", "store"]
    assert shop.callers.back_off.base_ns == 100 * MILLISECOND
    (call,) = shop.services["web"].calls
    assert (call.tries, call.timeout_ns, call.budget) == (3, 300 * MILLISECOND, RetryBudget(earn=0.1))
    assert shop.services["store"].drops_abandoned
    assert shop.outage.for_ns == 5 * SECOND
    assert shop.outage.capacity_left == 0
    assert (shop.bottleneck(), shop.most_load_per_s()) == ("store", 150)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_shipped_system_is_valid_and_short(path: Path) -> None:
    text = path.read_text()
    assert read_system(read_document(str(path), text)).title
    assert text.count("\n") <= 12


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "queue: 800",
            "queu: 800",
            "shop.yaml:6: services.web.queu: there is no such field. Did you mean 'queue'? Known:",
        ),
        ("tries: 3", "tires: 3", "services.web.calls.store.tires: there is no such field. Did you mean 'tries'?"),
        ("load_per_s: 50\n", "", "load_per_s: is missing. Add 'load_per_s' here."),
        ("call: web", "call: wep", "shop.yaml:4: callers.call: there is no service 'wep'. Did you mean 'web'?"),
        ("timeout: 2s", "timeout: 2", "shop.yaml:4: callers.timeout: a duration needs a unit"),
        ("order: lifo", "order: random", "shop.yaml:7: services.store.order: 'random' is not known here."),
        (
            "capacity_per_s: 150",
            "capacity_per_s: 0",
            "shop.yaml:7: services.store.capacity_per_s: Input should be greater",
        ),
        ("low: 10, high: 200", "low: 10, high: 5", "shop.yaml:7: services.store.shed.high: must be above low."),
        ("service: store, for", "for", "shop.yaml:8: outage: nothing goes wrong in it. Write 'service: NAME'"),
        (
            "queue: 300,",
            "queue: 300, calls: {web: {timeout: 1s}},",
            "services: web → store → web is a circle of calls. Take one",
        ),
        ("calls: {store: {timeout: 300ms, tries: 3, retry_budget: 0.1}}", "law: 1", "there is no such field"),
        ("kind: cascade-system", "kind: cascade", "shop.yaml:1: kind: 'cascade' is not known here."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before: str, after: str, message: str) -> None:
    assert before in SHOP
    with pytest.raises(ExperimentError) as refused:
        read(SHOP.replace(before, after))
    assert message in str(refused.value)


def test_a_service_that_nobody_calls_is_refused() -> None:
    with pytest.raises(ExperimentError, match=r"shop.yaml:8: services.spare: nobody calls it"):
        read(SHOP.replace("outage:", "  spare: {capacity_per_s: 1}\noutage:"))


def test_the_documents_first_system_is_the_shipped_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cascade.md").read_text()
    (example,) = re.findall(r"```yaml\n(kind: cascade-system.*?)```", page, re.DOTALL)
    shipped = next(path for path in MODELS if path.stem == "small-queue").read_text()
    assert read(example) == read(shipped)


@pytest.mark.parametrize("text", [SHOP, *(path.read_text() for path in MODELS)])
def test_a_system_goes_to_another_process_and_back(text: str) -> None:
    assert system_of(plain_of(read(text))) == read(text)
