"""The same table put to BIND 9: its answer and what it then holds are ours."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.xfr
import dns.zone
import pytest

from tests.dns.update.lab import Content, Lab, canonical
from tests.dns.update.messages import CASES, Case, master_file

NAMED = shutil.which("named") or next((path for path in ("/usr/sbin/named",) if Path(path).exists()), None)
PATIENCE_S = 60

pytestmark = pytest.mark.skipif(NAMED is None, reason="BIND's named is not installed (Debian's package bind9)")


def apex_of(one: Case) -> str:
    """A zone for each case, so that they do not meet."""
    return f"z{CASES.index(one)}.test"


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a named with a zone for each case."""
    folder = tmp_path_factory.mktemp("bind")
    zones = ""
    for one in CASES:
        apex = apex_of(one)
        (folder / apex).write_text(master_file(apex))
        zones += f'zone "{apex}" {{ type primary; file "{folder / apex}"; allow-update {{ 127.0.0.1; }}; }};\n'
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "named.conf").write_text(
        f"""options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
        recursion no; notify no; dnssec-validation no; allow-transfer {{ any; }}; session-keyfile none; empty-zones-enable no;
        check-names primary ignore; }};
        controls {{ }};\n{zones}"""
    )
    command = [str(NAMED), "-g", "-c", str(folder / "named.conf"), "-n", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        lines = []
        try:
            for line in process.stderr:
                lines.append(line)
                if line.rstrip().endswith(" running") and "all zones loaded" not in line:
                    break
            else:
                pytest.fail("named did not start: " + "".join(lines[-5:]))
            # It goes on writing; nobody may let the pipe fill.
            with subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL):
                yield port
                process.terminate()
        finally:
            process.terminate()


def content(apex: str, port: int) -> Content:
    zone = dns.zone.Zone(apex, relativize=False)
    query, _ = dns.xfr.make_query(zone)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=port, timeout=PATIENCE_S)
    return {
        canonical(name.to_text(), dns.rdatatype.to_text(rdata.rdtype), ttl, rdata)
        for name, ttl, rdata in zone.iterate_rdatas()
    }


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.id.replace(" ", "_"))
def test_bind_does_the_same(bind: int, one: Case) -> None:
    apex = apex_of(one)
    data = one.build(apex)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(PATIENCE_S)
        udp.sendto(data, ("127.0.0.1", bind))
        theirs = udp.recv(4096)
    from chaoskit.dns.updater import UpdateRules

    lab = Lab(UpdateRules({apex: frozenset()}), apex)
    ours = lab.send(data)
    rcode = int.from_bytes(theirs[2:4], "big") & 0xF
    assert (dns.rcode.to_text(dns.rcode.from_flags(rcode, 0)), lab.answered().rcode) == (one.rcode, one.rcode)
    assert lab.content() == content(apex, bind)
    if one.rcode != "FORMERR":  # to what it cannot read BIND answers with the header alone, or with the question
        assert ours == theirs
