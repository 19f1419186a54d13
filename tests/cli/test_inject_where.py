"""How the command line says which names and clients are meant, and how the list shows it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from chaoskit.cli import main
from tests.cli.serving import serving
from tests.dns.control.lab import lab


def test_every_name_but_these_for_a_share_of_the_clients(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["chaoskit", *words, "--control", f"127.0.0.1:{found.port}"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert ended.value.code in (0, None), err
        return out

    with lab() as found:
        words = (
            "--match",
            "under",
            "--except",
            "db.example.com",
            "--except",
            "*.internal",
            "--share",
            "0.5",
            "--no-follow-cnames",
        )
        begun = json.loads(run("inject", "servfail", ".", *words, "--json"))
        assert begun["where"] == {
            "under": "",
            "except": ["db.example.com", "*.internal"],
            "share": 0.5,
            "follow_cnames": False,
        }
        assert "every name but db.example.com, *.internal (50% of the clients; not through CNAMEs)" in run("list")


@pytest.mark.slow
def test_a_whole_outage_but_for_one_name(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        done = served.run("inject", "nxdomain", ".", "--match", "under", "--except", "ns.example.com")
        assert done.returncode == 0, done.stderr
        assert served.look("ns.example.com").addresses == ("192.0.2.53",)
        assert served.look("canary.chaoskit.test").addresses == ("127.0.0.1",)
        assert served.look().addresses == ()
