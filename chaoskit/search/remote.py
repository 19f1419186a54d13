"""A run on a cluster's worker: made in the worker's own temporary folder, and brought back as bytes."""

from __future__ import annotations

import subprocess
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaoskit.search.points import END_WITHIN_S, FILES, FinishedRun, RunRequest, finished_run, result_of

LOOK_EVERY_S = 1.0
"""How often a worker looks whether the run is still wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRun:
    """A run that was made elsewhere: its files, packed; none when it could not begin, and why."""

    files: tuple[tuple[str, bytes], ...]
    because: str


def make_packed_run(order: RunRequest, place: Path, unwanted: Callable[[], bool]) -> PackedRun:
    """Make the run in a folder of its own under ``place``, and pack it. When it becomes ``unwanted`` it is ended in order.

    If this process is killed, the standard input of the run ends, and it with it.
    """
    with tempfile.TemporaryDirectory(prefix="chaoskit-", dir=place) as folder:
        experiment, final = (Path(folder) / name for name in ("experiment.yaml", "run"))
        order.write(experiment)
        complaint = Path(folder) / "complaint"
        with (
            complaint.open("wb") as stderr,
            subprocess.Popen(
                order.arguments(experiment, final),
                stdin=subprocess.PIPE,  # the run ends when this does
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            ) as process,
        ):
            _wait(process, unwanted)
        if unwanted():
            return PackedRun(files=(), because="no longer wanted")
        result = result_of(final, process.returncode, complaint.read_text(errors="replace"))
        if result.folder is None:
            return PackedRun(files=(), because=result.because)
        files = tuple((name, zlib.compress((result.folder / name).read_bytes())) for name in FILES)
        return PackedRun(files=files, because="")


def _wait(process: subprocess.Popen[bytes], unwanted: Callable[[], bool]) -> None:
    """Return when the process has ended, by itself or because nobody wants it any more."""
    while True:
        try:
            process.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if not unwanted():
                continue
        else:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
        return


def unpack(parcel: PackedRun, folder: Path) -> FinishedRun:
    """Put the run into ``folder``, whole or not at all."""
    if not parcel.files:
        return FinishedRun(outcome="invalid", because=parcel.because, folder=None)
    stage = folder.with_name(f".{folder.name}")
    stage.mkdir()
    for name, packed in parcel.files:
        (stage / Path(name).name).write_bytes(zlib.decompress(packed))
    stage.rename(folder)
    return finished_run(folder)
