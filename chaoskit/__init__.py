"""chaoskit rehearses the day an endpoint's DNS record goes away.

The public surface is small on purpose: ``load`` an experiment, ``run`` it and read its ``RunResult``, or ``inject`` a fault into the
lookups of this process. Everything else is the command line, and a stored journal is the interface between a run and everything that
reads it. Importing this package loads no third-party module: each name is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaoskit.engine.blocking import run
    from chaoskit.engine.session import RunResult
    from chaoskit.experiment.loader import Experiment, load
    from chaoskit.in_process import inject

__version__ = "0.1.0"

__all__ = ["Experiment", "RunResult", "__version__", "inject", "load", "run"]

_HOMES = {
    "Experiment": "chaoskit.experiment.loader",
    "RunResult": "chaoskit.engine.session",
    "inject": "chaoskit.in_process",
    "load": "chaoskit.experiment.loader",
    "run": "chaoskit.engine.blocking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chaoskit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
