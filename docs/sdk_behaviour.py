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


BESIDE = """\
## Beside the matrix: c-ares

aiohttp looks names up by c-ares wherever aiodns is installed. `chaoskit run sdk/c-ares-stranded` (aiohttp 3.14.5, aiodns 4.0.4, pycares
5.2.1, c-ares 1.34.9; a call every 250 ms, each over a new connection) empties a record for 3 s, with a negative TTL of 2 s. A client on
the system's resolver worked again 38.4 ms after the record was back. The one on c-ares asked once in the blank, was told that there is
no address, and asked no more: with `duration: 200s` all its calls failed to the end, 3 min 8 s after the record was back
(n = 1; in shorter runs likewise, 15 s and 33 s).
So it did where the empty answer had no SOA and so may not be kept at all (RFC 2308 §5; 23 s, n = 1):
it is not the zone's negative TTL that ends it. What does, and when, is not measured here.

## Beside the matrix: an open connection that Go gives up

A connection that is open does not carry the SDK for Go for certain (Go 1.26.8, aws-sdk-go-v2 1.47.7, smithy-go 1.28.8). On a busy
machine, and with no fault at all, a warm client closed its connection right after a good answer in 3 of 18 runs of 6 s with five clients of
ten calls a second each, and dialled for the next call. A trace of the client shows it: the answer is there before Go has looked
whether the request's body goes on; the SDK closes that body as soon as it has the answer, and Go takes what it then reads (`EOF`) for a
request that was not written whole, whose connection is not to be used again. So no experiment here promises that such a client sails
through an empty record.

## Beside the matrix: a handshake that a burst breaks

Threads that share one boto3 client share one `ssl.SSLContext`, and urllib3 sets ALPN on it for each connection, which is not safe while
another thread opens one ([python/cpython 141012](https://github.com/python/cpython/issues/141012)). What OpenSSL says of a torn ALPN list,
`BAD_EXTENSION`, was seen once here in a burst on a very busy machine, and not again in 140,000 hellos made on purpose. boto3 reports it as
`SSLError` and tries again.

"""


CURL = """\
## Beside the matrix: curl

`use: curl` starts curl for every call, so no call knows what another one looked up. Within one run of curl there is a cache. With
`options: [--retry, "95", --retry-delay, "1", --retry-all-errors]`, begun in a blank of 3 s, curl 7.88.1 looked the name up at each try and
succeeded 238 ms after the record was back. curl 8.23.0 asked once, answered its own tries out of its cache of names that had no address,
and succeeded 30.5 s after it had begun, 27.5 s after the record was back (n = 1 each). With 12 tries in place of 95 it never did.

"""


def page() -> str:
    """The whole page."""
    result = read_results([MEASURED])
    return f"{HEAD}{covered(result)}\n\n{BESIDE}{CURL}{markdown(result)}"


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
