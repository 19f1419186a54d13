"""Which cells can be measured on this machine, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence

from chaoskit.clients import CLIENTS
from chaoskit.clients.start import needed
from chaoskit.errors import ChaoskitError
from chaoskit.experiment.plans import client_plan
from chaoskit.experiment.schema import ClientSpec
from chaoskit.lab.cells import Cell
from chaoskit.lab.plan import client_of
from chaoskit.lab.sample import Missing


def split(cells: Sequence[Cell]) -> tuple[tuple[Cell, ...], tuple[Missing, ...]]:
    """The cells that can be measured, and the others, put together by their reason."""
    can: list[Cell] = []
    cannot: dict[str, list[Cell]] = {}
    for cell in cells:
        why = _why_not(cell)
        if why is None:
            can.append(cell)
        else:
            cannot.setdefault(why, []).append(cell)
    return tuple(can), tuple(Missing(_together(those), why) for why, those in cannot.items())


def _why_not(cell: Cell) -> str | None:
    use = cell.variant.sdk
    if use not in CLIENTS.kinds:
        return f"chaoskit has no client {use}"
    try:
        recipe = needed(use, client_plan("c01", ClientSpec.model_validate(client_of(cell)), "us-east-1"))
    except (ChaoskitError, ValueError) as error:
        return str(error).partition(": ")[2] or str(error)
    if recipe is None or recipe.built() is not None:
        return None
    if missing := recipe.missing():
        return f"not built: {'; '.join(missing)}"
    return f"not built; run: chaoskit clients build {recipe.name}"


def _together(cells: Sequence[Cell]) -> str:
    variants = sorted({cell.variant.describe() for cell in cells})
    connections = sorted({cell.connection for cell in cells})
    count = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
    return f"{'; '.join(variants)} ({', '.join(connections)}; {count})"
