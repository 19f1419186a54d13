"""The experiments that come with chaoskit, by path or by name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Shipped:
    """One entry of ``experiments/index.yaml``. ``time_scale`` is what CI shrinks the run to; ``needs`` a client to build first.

    ``ci`` false: too long for CI, which reads the file and does not play it.
    """

    name: str
    path: Path
    question: str
    outcome: str
    time_scale: float
    needs: str | None
    ci: bool = True


def root() -> Path:
    """The folder of shipped experiments: inside the installed package, or beside it in a checkout."""
    for folder in (PACKAGE / "shipped", PACKAGE.parent / "experiments"):
        if (folder / "index.yaml").exists():
            return folder
    raise InputError("this installation has no shipped experiments; give the path of an experiment file")


def index() -> list[Shipped]:
    """Every shipped experiment, in the order of the index."""
    import yaml

    folder = root()
    entries = yaml.safe_load((folder / "index.yaml").read_text(encoding="utf-8"))
    return [
        Shipped(
            name=entry["path"].removesuffix(".yaml"),
            path=folder / entry["path"],
            question=entry["question"],
            outcome=entry["outcome"],
            time_scale=entry.get("time_scale", 1.0),
            needs=entry.get("needs"),
            ci=entry.get("ci", True),
        )
        for entry in entries
    ]


def find_experiment(name: str) -> Path:
    """The file that ``name`` means: a path, or a shipped name with or without its folder. Raises ``InputError``."""
    path = Path(name)
    if path.exists():
        return path
    shipped = index()
    for entry in shipped:
        if name.removesuffix(".yaml") in (entry.name, entry.path.stem, f"experiments/{entry.name}"):
            return entry.path
    near = difflib.get_close_matches(name, [entry.name for entry in shipped], n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise InputError(f"{name}: no such file, and no shipped experiment has this name.{hint} See: chaoskit experiments")


def index_text() -> str:
    """What ``chaoskit experiments`` prints: a paragraph for each experiment."""
    return "\n".join(map(_paragraph, index()))


def _paragraph(entry: Shipped) -> str:
    needs = f"    needs: chaoskit clients build {entry.needs}\n" if entry.needs else ""
    return f"{entry.name}\n    {entry.question}\n    expected outcome: {entry.outcome}\n{needs}"
