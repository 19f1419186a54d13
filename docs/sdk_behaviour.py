"""Writes ``docs/sdk-behaviour.md`` from stored measurements: ``python -m docs.sdk_behaviour``. A test holds it current.

To measure anew: ``chaoskit lab``, then copy its ``lab.json`` (or that of ``chaoskit lab --from FOLDER…``) to ``docs/lab/measured.json``.
"""

from __future__ import annotations

from pathlib import Path

from chaoskit.lab.markdown import markdown
from chaoskit.lab.result import read_results

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
    return HEAD + markdown(read_results([MEASURED]))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
