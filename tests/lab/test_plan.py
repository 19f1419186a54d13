"""Cells become runs in which each client has a fault of its own."""

from __future__ import annotations

import pytest

from chaoskit.errors import InputError
from chaoskit.lab.available import split
from chaoskit.lab.cells import BOTO3, BOTO3_LEGACY, Cell, Variant, chosen, full_cells, quick_cells
from chaoskit.lab.faults import BY_KEY, FAULTS
from chaoskit.lab.plan import CAPACITY, batches, blank_ns
from chaoskit.units import SECOND


def test_each_client_of_a_run_has_a_fault_of_its_own() -> None:
    (batch,) = batches(quick_cells())
    experiment = batch.experiment
    labels = list(experiment.spec.clients)
    aimed = {injection.id: injection for injection in experiment.planes["dns"]}
    for label, cell in zip(labels, batch.cells, strict=True):
        injection = aimed[f"{cell.fault.key}-{label}"]
        assert injection.where.clients == (label,)
        ((start, end),) = injection.when.spans(experiment.duration_ns)
        assert end - start == blank_ns(cell) - blank_ns(cell) % 1_000_000
        assert end < experiment.duration_ns
        assert experiment.spec.clients[label].connection == cell.connection


def test_every_cell_of_the_matrix_is_a_valid_experiment() -> None:
    cells = [cell for cell in full_cells() if cell.variant.sdk == "boto3"]
    planned = batches(cells)
    assert sum(len(batch.cells) for batch in planned) == len(cells)
    assert max(len(batch.cells) for batch in planned) <= CAPACITY
    assert {cell.fault.key for cell in cells} == {fault.key for fault in FAULTS}
    lengths = [max(map(blank_ns, batch.cells)) for batch in planned]
    assert lengths == sorted(lengths), "cells of like length share a run"


def test_a_fault_lasts_until_a_call_has_given_up() -> None:
    empty = BY_KEY["empty"]
    assert blank_ns(Cell(variant=BOTO3_LEGACY, connection="cold", fault=empty)) > 25.55 * SECOND
    silence = Cell(variant=BOTO3, connection="cold", fault=BY_KEY["no-answer"])
    assert blank_ns(silence) > 40 * SECOND
    drained = Cell(variant=Variant(sdk="boto3", version="1.43", retry_mode="standard"), connection="cold", fault=empty)
    assert blank_ns(drained) > 60 * SECOND


def test_a_choice_that_there_is_not_is_refused() -> None:
    cells = full_cells()
    assert {cell.connection for cell in chosen(cells, [], [], ["burst"])} == {"burst"}
    with pytest.raises(InputError, match="--fault blank: choose from empty"):
        chosen(cells, [], ["blank"], [])
    with pytest.raises(InputError, match="--sdk cobol: choose from"):
        chosen(cells, ["cobol"], [], [])
    with pytest.raises(InputError, match="no cell"):
        chosen(quick_cells(), [], ["nxdomain"], ["burst"])


def test_what_cannot_be_measured_is_said_with_its_reason() -> None:
    cobol = Cell(variant=Variant(sdk="cobol"), connection="cold", fault=BY_KEY["empty"])
    warm_cli = Cell(variant=Variant(sdk="aws_cli"), connection="warm", fault=BY_KEY["empty"])
    here = Cell(variant=BOTO3, connection="cold", fault=BY_KEY["empty"])
    can, missing = split([cobol, here, warm_cli])
    assert can == (here,)
    no_client, no_pool = missing
    assert no_client.why == "chaoskit has no client cobol"
    assert "no connection 'warm'" in no_pool.why


def test_a_probe_asks_the_endpoint_as_the_sdks_do() -> None:
    cells = [cell for cell in full_cells() if cell.variant.sdk == "aiohttp"]
    assert {cell.connection for cell in cells} == {"cold", "warm"}
    assert not any(cell.fault.short_limits for cell in cells)
    (batch, *_) = batches(cells)
    clients = batch.experiment.spec.clients.values()
    assert {client.url for client in clients} == {"https://dynamodb.us-east-1.amazonaws.com/"}
    assert len(batch.experiment.planes["dns"]) >= len(batch.cells)
