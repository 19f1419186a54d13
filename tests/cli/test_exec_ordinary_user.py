"""``chaoskit exec`` as an ordinary user: the command is that user, not the root that the sandbox needs inside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import NAME, PATIENCE_S
from tests.cli.test_ordinary_user import NOBODY, ROOT, as_nobody, python_for_everybody

WHO = f"""\
import json, os, socket
open("made", "w").close()
capabilities = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff"))
found = [info[4][0] for info in socket.getaddrinfo("{NAME}", 443, type=socket.SOCK_STREAM)]
print(json.dumps([os.getuid(), os.getgid(), os.stat("made").st_uid, int(capabilities, 16), found]))
raise SystemExit(3)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces exist on Linux only")
def test_the_command_is_its_caller() -> None:
    python = python_for_everybody()
    place = Path("/tmp") / f"chaoskit-exec-{os.getpid()}"
    place.mkdir(mode=0o777)
    try:
        place.chmod(0o777)
        packages = [path for path in sys.path if path.endswith("site-packages")]
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(place),
            "PYTHONPATH": os.pathsep.join([*packages, str(ROOT)]),
        }
        can_read = [*as_nobody(), python, "-c", "import chaoskit, moto"]
        if subprocess.run(can_read, env=environment, capture_output=True, cwd="/").returncode:
            pytest.skip("an ordinary user may not read this installation")
        made = subprocess.run(
            [*as_nobody(), "unshare", "--user", "--map-root-user", "--net", "true"], capture_output=True, text=True
        )
        if made.returncode:
            pytest.skip(f"this machine restricts user namespaces: {made.stderr.strip()}")
        command = [*as_nobody(), python, "-m", "chaoskit", "exec", "--", python, "-c", WHO]
        result = subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE_S, cwd=place)
        assert result.returncode == 3, result.stderr.decode()
        user = NOBODY if os.geteuid() == 0 else os.geteuid()
        group = NOBODY if os.geteuid() == 0 else os.getegid()
        uid, gid, owner, capabilities, found = json.loads(result.stdout)
        assert (uid, gid, owner, capabilities) == (user, group, user, 0)
        assert "127.0.1.1" in found
        assert (place / "made").stat().st_uid == user
    finally:
        shutil.rmtree(place)
