"""Zone files read by NSD and by chaoskit, counted: ``python -m tests.dns.masterfiles [FOLDER ...]``, by default our own.

Of every file that holds an SOA record it is tried which zone it may be: that of the SOA's owner, ``$ORIGIN``, the file's name, example.com.
Those that ``nsd-checkzone`` loads are counted: how many chaoskit loads, and how many are the same records on the wire. Where a file states
no TTL, NSD takes 3600, chaoskit and BIND the SOA's minimum; that is counted by itself. Ends with 1 when chaoskit loads less than 98 %.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import dns.exception

from chaoskit.errors import InputError
from tests.dns.masterfiles.peers import WireRecord, missing, nsd_records, our_records

OWN = Path(__file__).parent / "corpus"
LEAST = 0.98
MAX_BYTES = 4_000_000

NOT_NSD, SAME, BUT_TTL, UNREAD, OTHER, REFUSED = (
    "NSD refuses it",
    "the same",
    "the same but for TTLs that nobody states",
    "loaded; NSD prints what dnspython does not read",
    "loaded, other records",
    "refused",
)
LOADED = (SAME, BUT_TTL, UNREAD, OTHER)


def apexes(path: Path, text: str) -> Iterator[str]:
    """Which zone a file may be, likely ones first."""
    if soa := re.search(r"^(\S+\.)[ \t]+(?:\S+[ \t]+){0,2}SOA\s", text, re.MULTILINE | re.IGNORECASE):
        yield soa[1].strip('"')
    if origin := re.search(r"^\$ORIGIN[ \t]+(\S+)", text, re.MULTILINE | re.IGNORECASE):
        yield origin[1].rstrip(".") + "."
    stem = re.sub(r"\.(?:db|zone|signed|in|unsigned|txt)(?:\.\w+)?$", "", path.name)
    yield f"{re.sub(r'^(?:db|zone)[.]', '', stem)}."
    yield from ("example.com.", "example.", ".")


def compare(path: Path) -> tuple[Path, str, str]:
    """What became of one file, and why chaoskit refuses it."""
    text = path.read_bytes().decode("latin-1")
    theirs: set[WireRecord] | None = None
    for apex in apexes(path, text):
        unread = False
        try:
            theirs = nsd_records(path, apex)
        except (dns.exception.DNSException, ValueError):
            unread = True
        if unread or theirs is not None:
            break
    else:
        return path, NOT_NSD, ""
    try:
        ours = our_records(path, apex)
    except InputError as error:
        return path, REFUSED, str(error)
    except ValueError as error:
        return path, OTHER, str(error)
    if theirs is None or ours == theirs:
        return path, UNREAD if theirs is None else SAME, ""
    alike = {record[:2] + record[3:] for record in ours} == {record[:2] + record[3:] for record in theirs}
    return path, BUT_TTL if alike else OTHER, ""


def candidates(folders: list[Path]) -> list[Path]:
    """Files that may be zones."""
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    small = (path for path in files if path.stat().st_size < MAX_BYTES)
    return [path for path in small if re.search(rb"(?i)\sSOA\s", path.read_bytes())]


def main() -> None:
    folders = list(map(Path, sys.argv[1:])) or [OWN]
    if programs := missing():
        sys.stdout.write(f"skipped: {', '.join(programs)} not installed (Debian: nsd, bind9-utils)\n")
        return
    with ProcessPoolExecutor() as workers:
        results = list(workers.map(compare, candidates(folders), chunksize=4))
    counts = Counter(result for _, result, _ in results)
    for path, result, why in results:
        if result in (REFUSED, OTHER):
            sys.stdout.write(f"{path}: {result}{': ' * bool(why)}{why.removeprefix(str(path))}\n")
    for result in (NOT_NSD, *LOADED, REFUSED):
        sys.stdout.write(f"{counts[result]:>6,}  {result}\n")
    among = len(results) - counts[NOT_NSD]
    loaded = sum(counts[result] for result in LOADED)
    share = loaded / among if among else 1.0
    sys.stdout.write(f"of {among:,} zone files that NSD loads, chaoskit loads {loaded:,} ({share:.1%})\n")
    sys.exit(share < LEAST)


if __name__ == "__main__":
    main()
