"""Coverage-guided fuzz of everything that reads what strangers send: ``python -m tests.dns.fuzz.atheris_parser --seconds 20``.

Ends with 0 when nothing was found in that time, and when atheris is not installed (it says so: ``pip install atheris`` is possible on Linux
with the Python versions that it has wheels for). A finding ends it with another code, after the traceback and the input, which ``--input``
tries again. Equal seeds try equal inputs, as far as the time reaches.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

SEEDS = (
    "00" "0001010000010000000000000170047465737400" "00010001",
    "00" "0001010000010000000000010170047465737400" "00010001" "0000290400000080000000",
    "01" "000100000001000000000001037375620170047465737400" "00020001" "0000291000010000000000",
    "00" "00010000000100000000000103666174017004746573740000100001" "000029ffff00000000000400030000",
    "02" + b"a\\.b.\\065x.test.".hex(),
    "03" + b"10 mail.x.test.".hex(),
    "04" + b'"one" "two\\034"'.hex(),
    "05" + b"\\# 3 010203".hex(),
)  # fmt: skip
"""A sound beginning for each of the kinds that ``_try`` tells apart by the first byte."""

TYPES = ("MX", "TXT", "TYPE65400", "CAA", "SRV", "DNAME", "AAAA", "SOA", "NAPTR", "DS", "HTTPS")


def _try(data: bytes) -> None:
    from tests.dns.fuzz.properties import check_data, check_message, check_name

    kind, rest = data[:1], data[1:]
    if kind in (b"", b"\0"):
        check_message(rest, "udp")
    elif kind == b"\1":
        check_message(rest, "tcp")
    elif kind == b"\2":
        check_name(rest.decode("latin-1"))
    else:
        check_data(TYPES[(kind[0] - 3) % len(TYPES)], rest.decode("latin-1"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", help="one input, in hexadecimal, to try again")
    wanted = parser.parse_args()
    if wanted.input is not None:
        _try(bytes.fromhex(wanted.input))
        return
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError as error:
        sys.stdout.write(f"skipped: {error} (pip install atheris)\n")
        return
    with atheris.instrument_imports(include=["chaoskit.dns", "dnslib"]):
        from tests.dns.fuzz import properties
    properties.zones()

    def one(data: bytes) -> None:
        try:
            _try(data)
        except BaseException:
            sys.stderr.write(f"found with --input {data.hex()}\n")
            raise

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            (Path(folder) / str(number)).write_bytes(bytes.fromhex(seed))
        limits = [
            f"-max_total_time={wanted.seconds}",
            f"-seed={wanted.seed}",
            "-max_len=1500",
            "-timeout=10",
            "-verbosity=0",
        ]
        # Neither what it learns nor what it finds is to lie about in the tree.
        atheris.Setup([sys.argv[0], *limits, "-rss_limit_mb=1024", f"-artifact_prefix={folder}/", folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
