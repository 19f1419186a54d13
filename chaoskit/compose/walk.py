"""The way of a name in one container: app, libc, hosts file, resolv.conf, Docker's resolver, chaoskit. Pure: what was read means what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from chaoskit.compose.bypasses import ENDPOINTS, PROXIES
from chaoskit.compose.libc import LibcFound
from chaoskit.compose.probe import TYPES, Found

DOCKERS_RESOLVER = "127.0.0.11"
Kind: TypeAlias = Literal["as it is", "change", "bypass"]


@dataclass(frozen=True, slots=True)
class Step:
    """One finding at one place of the way. A *change* alters what the app sees; a *bypass* keeps the fault from it."""

    place: str
    kind: Kind
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What was read of a container. ``aliases`` maps names that Docker answers itself to their container.

    ``environment`` has the names of the variables that have a value, and no value.
    """

    name: str
    network_mode: str
    dns: tuple[str, ...]
    environment: frozenset[str]
    program: str
    libc: LibcFound
    resolv: str
    hosts: str
    nsswitch: str | None
    aliases: Mapping[str, str] = field(default_factory=dict)
    engine: str = ""

    def nameservers(self) -> list[str]:
        """The servers of resolv.conf, in order (resolv.conf(5): libc takes three)."""
        return [words[1] for words in _words(self.resolv) if words[0] == "nameserver" and len(words) > 1][:3]

    def search(self) -> list[str]:
        """Its search domains: the last line counts."""
        domains = [words[1:] for words in _words(self.resolv) if words[0] in ("search", "domain")]
        return domains[-1] if domains else []

    def ndots(self) -> int:
        """Names with fewer dots are looked up under the search domains first."""
        options = [option for words in _words(self.resolv) if words[0] == "options" for option in words[1:]]
        numbers = [option.partition(":")[2] for option in options if option.startswith("ndots:")]
        return int(numbers[-1]) if numbers and numbers[-1].isdigit() else 1


def walk(container: Container, answers: Found, names: Iterable[str], canary: str) -> list[Step]:
    """Every finding, from the app to chaoskit."""
    asked = list(names)
    return [
        *_app(container, answers),
        *_libc(container),
        *_hosts(container, asked),
        *_resolv(container, asked),
        *_docker(container, answers, asked),
        *_chaoskit(container, answers, canary),
    ]


def _app(container: Container, answers: Found) -> Iterator[Step]:
    yield Step("app", "as it is", container.program)
    if proxies := [name for name in PROXIES if name in container.environment]:
        yield Step("app", "bypass", f"{', '.join(proxies)} is set: the proxy looks names up, not the app")
    for name in sorted(container.environment):
        if name.startswith(ENDPOINTS):
            yield Step("app", "bypass", f"{name} is set: calls go there, and names of AWS are not looked up")
    if "java" in container.program.rpartition("/")[2]:
        cached = "the JVM keeps addresses for 30 s whatever the TTL says, and failures for 10 s (OpenJDK 17)"
        yield Step("app", "change", f"{cached}: a shorter blank can pass unseen")
    for connection in answers.encrypted:
        yield Step("app", "bypass", f"it has a connection open for {connection}: such lookups go past resolv.conf")


def _libc(container: Container) -> Iterator[Step]:
    version = f" {container.libc.version}" if container.libc.version else ""
    yield Step("libc", "as it is", f"{container.libc.kind}{version}: {container.libc.reads()}")
    for words in _words(container.nsswitch or ""):
        if words[0] == "hosts:" and container.libc.kind == "glibc":
            sources = [word for word in words[1:] if not word.startswith("[")]
            others = [word for word in sources if word not in ("files", "dns", "myhostname")]
            if "dns" not in sources:
                yield Step("libc", "bypass", f"nsswitch.conf has hosts: {' '.join(sources)}: DNS is not asked")
            elif others:
                yield Step(
                    "libc", "bypass", f"nsswitch.conf also has {', '.join(others)} for hosts, which may answer first"
                )


def _hosts(container: Container, names: list[str]) -> Iterator[Step]:
    written = {name.lower(): words[0] for words in _words(container.hosts) for name in words[1:]}
    for name in names:
        if name in written:
            yield Step("hosts file", "bypass", f"{name} stands in it ({written[name]}): DNS is not asked")
    if not set(names) & set(written):
        yield Step("hosts file", "as it is", "has none of the names")


def _resolv(container: Container, names: list[str]) -> Iterator[Step]:
    servers = container.nameservers()
    yield Step("resolv.conf", "as it is", f"nameserver {', '.join(servers) or 'none'}")
    if len(servers) > 1:
        yield Step(
            "resolv.conf",
            "bypass",
            f"{servers[1]} is asked when {servers[0]} says SERVFAIL or nothing, which hides the fault",
        )
    search, ndots = container.search(), container.ndots()
    for name in names:
        if search and name.count(".") < ndots:
            tries = ", ".join(f"{name}.{domain}" for domain in search)
            yield Step("resolv.conf", "change", f"{name} has fewer than ndots:{ndots} dots, so {tries} is asked first")
        elif search:
            yield Step("resolv.conf", "change", f"a failed {name} is asked for again below {', '.join(search)}")


def _docker(container: Container, answers: Found, names: list[str]) -> Iterator[Step]:
    place = DOCKERS_RESOLVER
    if DOCKERS_RESOLVER not in container.nameservers():
        where = "the host's own" if container.network_mode == "host" else "in a network that Docker gives none"
        yield Step(place, "change", f"not in the way: the container is {where} ({container.network_mode})")
        return
    if len(container.dns) > 1:
        yield Step(
            place,
            "bypass",
            f"dns: has {len(container.dns)} servers: SERVFAIL and silence (after 4 s) fall over to the next",
        )
    if not container.dns:
        yield Step(place, "bypass", "it asks the host's own servers, for the container has no dns: of its own")
    engine = f" (engine {container.engine})" if container.engine else ""
    yield Step(
        place, "as it is", f"gives each server 4 s{engine}, caches nothing, and answers names of the project itself"
    )
    for name in names:
        if name in container.aliases:
            yield Step(
                place, "bypass", f"{name} is a name of container {container.aliases[name]}: Docker answers it itself"
            )
        elif container.dns:
            yield from _compared(container, answers, name)


def _compared(container: Container, answers: Found, name: str) -> Iterator[Step]:
    for rtype in TYPES:
        ours, theirs = answers.said(container.dns[0], name, rtype), answers.said(DOCKERS_RESOLVER, name, rtype)
        if ours is None or theirs is None:
            continue
        took = f"{ours.took_ms:.1f} ms there, {theirs.took_ms:.1f} ms through it"
        if (ours.says, sorted(ours.addresses)) == (theirs.says, sorted(theirs.addresses)):
            passed = "unanswered, through it too" if ours.says == "silence" else f"{ours.says}, passed on"
            yield Step(DOCKERS_RESOLVER, "as it is", f"{name} {rtype}: {passed} ({took})")
        else:
            yield Step(
                DOCKERS_RESOLVER,
                "change",
                f"{name} {rtype}: {container.dns[0]} says {ours.says}, it says {theirs.says} ({took})",
            )


def _chaoskit(container: Container, answers: Found, canary: str) -> Iterator[Step]:
    servers = container.dns or tuple(container.nameservers())
    for server in servers[:1]:
        answer = answers.said(server, canary)
        if answer is not None and answer.addresses:
            yield Step("chaoskit", "as it is", f"answers at {server}: it knows {canary}")
        else:
            what = answer.says if answer else "was not asked"
            yield Step("chaoskit", "bypass", f"is not what answers at {server}: of {canary} that says {what}")


def _words(text: str) -> Iterator[list[str]]:
    """The words of each line, without comments."""
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if words:
            yield words
