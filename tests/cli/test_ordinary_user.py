"""A whole run as an ordinary user: no root, no privilege, the real libc resolver."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_whole_run import SHORT, journal_of

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534


def python_for_everybody() -> str:
    """A Python of our version that *nobody* may run; skips where there is none. Ours may lie in a home that only root reads."""
    if os.geteuid() != 0:
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # It must be able to start itself again, as chaoskit does.
    probe = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if (
            shutil.which(candidate)
            and subprocess.run([*as_nobody(), candidate, "-c", probe], capture_output=True).returncode == 0
        ):
            return candidate
    pytest.skip(f"no Python {version} here that an ordinary user may run")


def as_nobody() -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces exist on Linux only")
def test_the_namespace_sandbox_needs_no_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    python = python_for_everybody()
    place = Path("/tmp") / f"chaoskit-user-{os.getpid()}"
    place.mkdir(mode=0o777)
    try:
        place.chmod(0o777)
        (place / "x.yaml").write_text(SHORT)
        packages = [path for path in sys.path if path.endswith("site-packages")]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "PYTHONPATH": os.pathsep.join([*packages, str(ROOT)]),
        }
        command = [*as_nobody(), python, "-m", "chaoskit", "run", str(place / "x.yaml"), "--out", str(place / "runs")]
        can_read = subprocess.run(
            [*as_nobody(), python, "-c", "import chaoskit, moto"], env=environment, capture_output=True, cwd="/"
        )
        if can_read.returncode:
            pytest.skip("an ordinary user may not read this installation")
        made = subprocess.run(
            [*as_nobody(), "unshare", "--user", "--map-root-user", "--net", "true"], capture_output=True, text=True
        )
        if made.returncode:
            pytest.skip(f"this machine restricts user namespaces: {made.stderr.strip()}")
        result = subprocess.run(
            [*command, "--sandbox", "namespace"], env=environment, capture_output=True, text=True, timeout=90, cwd="/"
        )
        assert result.returncode == 0, result.stdout + result.stderr
        journal = journal_of(place)
        assert journal.stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())
        assert '"libc_exercised":true' in journal.read_text()
    finally:
        shutil.rmtree(place)
