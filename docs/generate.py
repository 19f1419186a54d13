"""Writes ``docs/faults.md`` from the fault files and from what was measured: ``python -m docs.generate``. A test holds it current."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

from chaoskit.dns.faults import FAULTS
from chaoskit.units import format_duration

HERE = Path(__file__).parent
MEASURED = HERE / "resolvers" / "measured.json"

RUNTIMES = ("glibc", "musl", "JVM", "Go", "Node")

COMMANDS = {"stale": "chaoskit inject stale api.example --for 30s"}
"""For those that an experiment cannot show, because its zones do not change."""

HEAD = """\
# DNS faults

<!-- Written by `python -m docs.generate` from the files in chaoskit/dns/faults and docs/resolvers/measured.json. Edit those. -->

One file in `chaoskit/dns/faults/` is one fault; its name is the key in YAML. A fault is handed the honest answer and returns
another; several on one name apply in the order written. To write your own, see [creating-a-fault.md](creating-a-fault.md); how these
compare with other tools, see [comparison.md](comparison.md).

```yaml
timeline:
  - id: blank
    dns: {empty: {negative_ttl: 15s}}      # the fault: its kind, or its kind with parameters
    where: api.example                     # which queries
    when: {from: 5s, for: 20s}             # when
    chance: 0.5                            # to how many of them; 1 unless said
```

## Where

`where: NAME` is short for `{name: NAME}`. Exactly one of the first four says which names; what else is written narrows it further.

| key | meaning |
|---|---|
| `name` | this name |
| `under` | this name and all below it |
| `glob` | `*` any characters, dots included; `?` one; `[abc]` |
| `regex` | must match the whole name; as RE2 reads it: without look-around and back-references |
| `except` | names that are spared: exact ones, and globs. Alone: every name but these |
| `types` | record types: `[A, AAAA]` |
| `transports` | `[udp]` or `[tcp]` |
| `clients` | clients of the experiment, by name |
| `networks` | addresses and prefixes of whoever asks: `[127.0.0.0/8]` |
| `share` | a part of the clients: `0.5` |
| `follow_cnames` | `false`: the question's own name alone is matched, see below |
| `first` | only the first so many |
| `every` | only every so many-th |

`first` and `every` count, for each injection, asker, name and type, the questions that the rest of `where` lets through while the window
is on. So they fall alike in a replay. The canary name is spared by itself, whatever `where` covers.

A fault on the target of an alias is met by whoever asks for the alias, as it would be were the target broken: each name of the chain of
CNAMEs that the honest answer follows is matched, and the first that fits is the one that breaks. With `empty` on the target, the answer is
the alias and no address; with `nxdomain`, NXDOMAIN with the alias in it. With `follow_cnames: false`
the fault meets questions for the name alone.

`share` chooses clients, not questions (that is `chance`): the same ones for as long as the fault is on, and in a replay. In an experiment,
where every client has a resolver address of its own, they are as many as the share says, rounded, and one at least. Elsewhere a client is
an address, each is chosen for itself, and of a few there may be more or fewer.

## Zones of your own

Names that are not AWS's need a zone, in the experiment: apex → `records`, and under it name → type → data, one or several. A name
that is in none of the zones is REFUSED (with the extended error "Not Authoritative", RFC 8914).

```yaml
zones:
  shop.example:
    negative_ttl: 15s                      # how long an emptiness may be cached; 900s unless said
    records:
      db.shop.example: {A: 127.0.0.7}
      api.shop.example: {A: [127.0.0.8, 127.0.0.9], ttl: 30s}
      www.shop.example: {CNAME: api.shop.example.}
      _amqp._tcp.shop.example: {SRV: 0 5 5672 db.shop.example.}
```

`chaoskit serve --zone FILE` takes the same as a YAML file, and standard master files (RFC 1035), with `$INCLUDE` (from the file's folder),
`$GENERATE` and every record type that NSD and BIND know. `--zone .=FILE` is the root.

## When

| `when` | on |
|---|---|
| `{from: 5s, for: 20s}` | for this span |
| `{from: 5s, for: 20s, pulse: {every: 5s, for: 1s}}` | for 1 s at the beginning of every 5 s of it |
| `{from: 5s, for: 20s, flap: {on: 1s, off: 2s}}` | on and off for random times, each between half and one and a half of what is written |
| `{from: 5s, for: 20s, ramp: {over: 10s}}` | for this span, its `chance` growing from 0 to all of it in 10 s |
| `{from: 5s, for: 20s, until: {client: app, failed_calls: 3}}` | for this span, or until three calls of the client have failed in it |
| `{cron: "*/10 * * * *", for: 30s, anchor: 2025-10-20T06:48:00Z}` | at these minutes (UTC), the clock being at `anchor` at 0 s |

## What resolvers make of them

Each table below was measured by `python -m docs.resolvers.measure`: one lookup of a name with four A records and one AAAA record, in a
fresh process, with chaoskit as the only name server. The programs are `docs/resolvers/lookup.*` and `Lookup.java`. One measurement each,
so times are to be read as orders of magnitude. Queries are those in chaoskit's log, for A and AAAA together.

"""

TAIL = """\
The JVM (`InetAddress`) and Node (`dns.lookup`) ask the C library, glibc here.

Caches, measured apart from these tables on Debian 12: the JVM (OpenJDK 17) keeps addresses for 30 s whatever their TTL, and a NODATA
answer for 10 s; Node and CPython keep nothing and look up once per connection.

"""


def page() -> str:
    """The text of ``docs/faults.md``."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    versions = "".join(f"- {runtime}: {measured['versions'][runtime]}\n" for runtime in RUNTIMES)
    honest = _table(measured["cases"]["honest"]["met"])
    parts = [HEAD, "Versions:\n\n", versions, "\nWithout a fault:\n\n", honest, "\n", TAIL]
    parts += [_section(kind, measured["cases"].get(kind)) for kind in FAULTS.kinds]
    return "".join(parts).rstrip() + "\n"


def _section(kind: str, case: dict[str, Any] | None) -> str:
    fault = FAULTS.get(kind)
    about = _markdown(inspect.getdoc(inspect.getmodule(fault)) or "").partition(": ")[2]
    meaning = _markdown(inspect.getdoc(fault) or "")
    text = f"## `{kind}`\n\n{about[0].upper()}{about[1:]}\n\n"
    if dataclasses.fields(fault):
        text += f"Parameters: {meaning}\n\n| parameter | type | default |\n|---|---|---|\n{_parameters(fault)}\n"
    if kind not in COMMANDS:
        text += (
            f"```yaml\n- dns: {fault.EXAMPLE or kind}\n  where: api.example\n  when: {{from: 5s, for: 20s}}\n```\n\n"
        )
    else:
        text += f"```console\n$ {COMMANDS[kind]}\n```\n\n"
    if case is None:
        return text + "What resolvers make of it: not measured.\n\n"
    return text + f"Measured with {_written(kind, case['parameters'], fault)}:\n\n{_table(case['met'])}\n"


def _markdown(docstring: str) -> str:
    return docstring.replace("``", "`")


def _parameters(fault: Any) -> str:
    rows = []
    for field in dataclasses.fields(fault):
        kind = str(field.type)
        is_duration = "Duration" in kind
        default = "needed" if field.default is dataclasses.MISSING else f"`{_value(field.default, is_duration)}`"
        shown = kind.replace("str | tuple[str, ...]", "text or list").replace(" | None", "").replace("|", "or")
        shown = re.sub(r"Literal\[(.*?)\]", lambda match: match[1].replace("'", "").replace(", ", " or "), shown)
        shown = {"Place": "header or question or answer or length or anywhere", "str": "text", "int": "number"}.get(
            shown, shown
        )
        rows.append(f"| `{field.name}` | {shown} | {default} |\n")
    return "".join(rows)


def _value(value: Any, is_duration: bool) -> str:
    if is_duration and isinstance(value, int):
        return format_duration(value).replace(" ", "").replace("min", "m")
    if value == () or value is None or value == "":
        return "none"
    return json.dumps(value).strip('"')


def _written(kind: str, parameters: dict[str, Any], fault: Any) -> str:
    if kind == "hangup":
        return "`hangup` over TCP, and `truncate` over UDP to lead there"
    if not parameters:
        return f"`{kind}`"
    types = {field.name: str(field.type) for field in dataclasses.fields(fault)}
    words = []
    for name, value in parameters.items():
        several = [value] if not isinstance(value, list) else value
        shown = ", ".join(_value(one, "Duration" in types[name]) for one in several)
        words.append(f"{name}: {f'[{shown}]' if isinstance(value, list) else shown}")
    return f"`{kind}: {{{', '.join(words)}}}`"


def _table(met: dict[str, dict[str, Any]]) -> str:
    rows = [f"| {runtime} | {_said(met[runtime]['said'])} | {_asked(met[runtime])} |\n" for runtime in RUNTIMES]
    return "| | what the program gets | how |\n|---|---|---|\n" + "".join(rows)


def _said(said: str) -> str:
    said = re.sub(r"read udp \S+: ", "", said.replace("0:0:0:0:0:0:0:1", "::1"))
    code, _, words = said.partition(" ")
    names = {"-2": "EAI_NONAME", "-3": "EAI_AGAIN", "-5": "EAI_NODATA"}
    if code in names:
        return f"{names[code]} ({code.replace('-', '−')}), “{words}”"
    return said


def _asked(met: dict[str, Any]) -> str:
    over_tcp = f", {met['tcp']} over TCP" if met["tcp"] else ""
    took = "at once" if met["ms"] < 500 else f"{met['ms'] / 1000:.1f} s"
    return f"{met['udp'] + met['tcp']} queries{over_tcp}; {took}"


if __name__ == "__main__":
    (HERE / "faults.md").write_text(page(), encoding="utf-8")
