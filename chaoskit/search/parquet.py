"""A table as Parquet. The one place that imports pyarrow, an optional extra (``pip install chaoskit[dask]``)."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from chaoskit.search.table import Cell, Table


def available() -> bool:
    """Whether pyarrow is installed; does not load it."""
    return importlib.util.find_spec("pyarrow") is not None


def write_parquet(table: Table, path: Path) -> Path:
    """Write ``table``; a column of mixed kinds becomes text. Appears whole or not at all."""
    pyarrow, parquet = (importlib.import_module(name) for name in ("pyarrow", "pyarrow.parquet"))
    columns: dict[str, Any] = {name: _of_one_kind(table.column(name)) for name in table.columns}
    partial = path.with_name(f".{path.name}")
    parquet.write_table(pyarrow.table(columns), partial)
    return partial.rename(path)


def _of_one_kind(cells: list[Cell]) -> list[Cell]:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {int, float}:
        return [None if cell is None else float(cell) for cell in cells] if float in kinds else cells
    return cells if len(kinds) == 1 else [None if cell is None else str(cell) for cell in cells]
