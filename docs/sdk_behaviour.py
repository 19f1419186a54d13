"""Writes ``docs/sdk-behaviour.md`` from stored measurements: ``python -m docs.sdk_behaviour``. A test holds it current.

To measure anew: ``chaoskit lab``, then copy its ``lab.json`` (or that of ``chaoskit lab --from FOLDER…``) to ``docs/lab/measured.json``.
"""

from __future__ import annotations

from pathlib import Path

from chaoskit.lab.cells import CONNECTIONS
from chaoskit.lab.faults import FAULTS
from chaoskit.lab.markdown import markdown
from chaoskit.lab.result import Result, read_results

HERE = Path(__file__).parent
MEASURED = HERE / "lab" / "measured.json"
PAGE = HERE / "sdk-behaviour.md"

HEAD = """\
# What SDKs do when the DNS entry of their endpoint goes away

Measured by `chaoskit lab` with real SDKs, unmodified, in the namespace sandbox: real host names, real TLS, the system's resolver, mock
AWS behind it. The machine had two cores and other work, so every length holds some waiting, and short ones show it most. This page is
made from the figures in [lab/measured.json](lab/measured.json), which come from the journals of the runs, by `python -m
docs.sdk_behaviour`; do not edit it. `chaoskit lab --quick` measures boto3 on your machine in two to three minutes, `chaoskit lab` every
client that is built (`chaoskit clients`), and `chaoskit lab --from docs/lab/measured.json` draws this page's sleeps, each beside what
its vendor documents.

"""


def page() -> str:
    """The whole page."""
    result = read_results([MEASURED])
    return f"{HEAD}{covered(result)}\n\n{markdown(result)}"


def covered(result: Result) -> str:
    """Which of the matrix's faults are measured for each connection, so that nobody takes a cell that is not there for a good one."""
    said = []
    for connection in CONNECTIONS:
        keys = {row.subject.fault for row in result.rows if row.subject.connection == connection}
        titles = ", ".join(f"“{fault.title}”" for fault in FAULTS if fault.key in keys)
        said.append(f"*{connection}* under {'all' if len(keys) == len(FAULTS) else titles or 'none'}")
    return f"Of the matrix's {len(FAULTS)} faults this page has {'; '.join(said)}."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
