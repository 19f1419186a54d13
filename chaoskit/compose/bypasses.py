"""What in a project's own settings would keep a fault from its services, or is replaced by ours: a pure judge.

Each rule is one of Docker's, of the SDKs', or of libc's; see docs/your-own-stack.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chaoskit.compose.project import Project, Service

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
ENDPOINTS = "AWS_ENDPOINT_URL"
REPLACED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Credentials that the overlay replaces by fake ones."""

TRUST = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""By which SDKs and TLS libraries are told whom to trust; the overlay sets all of them."""

SETTINGS = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""Files of profiles, which the overlay replaces by its own."""

METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""Where SDKs ask for instance metadata, a stand-in of theirs it may be."""

LIVE = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Other ways to real credentials (AWS SDKs and Tools Reference Guide, "Standardized credential providers")."""

AWS = ("amazonaws.com", "api.aws")
DEFAULT_BRIDGE = "Docker's default network has the host's resolvers, and Compose lets it join no other beside it"
FIXED = {
    "host": (
        "it asks the host's resolver, not Docker's, and chaoskit never edits the host's",
        "give it a network of its own",
    ),
    "none": ("it has no network, so it asks nobody", "give it a network to have faults there"),
    "bridge": (DEFAULT_BRIDGE, "take network_mode out"),
    "default": (DEFAULT_BRIDGE, "take network_mode out"),
}
"""For a ``network_mode``: why no fault reaches such a service, and what to do."""

SHARED = ("its resolver is that of what it shares the network with", "choose the other service")
CREDENTIAL_FOLDER = "/.aws"
TRUST_FOLDERS = ("/etc/ssl/", "/etc/pki/", "/usr/local/share/ca-certificates", "/usr/share/ca-certificates")
"""Where Debian, Alpine and Fedora keep the authorities that a system trusts."""

RESOLVER_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")


@dataclass(frozen=True, slots=True)
class Bypass:
    """A way past chaoskit, or a setting that ours replaces: at which service, what, why it matters, and what to do (or what is done).

    ``service`` may name several, with commas, where they share the setting.
    """

    service: str
    found: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.service}: {self.found}: {self.why}; {self.cure}"


def is_aws(name: str) -> bool:
    """Whether a host name is one of AWS's."""
    lowered = name.lower().rstrip(".")
    return any(lowered == domain or lowered.endswith(f".{domain}") for domain in AWS)


def find_bypasses(project: Project, chosen: Sequence[str], region: str, names: Iterable[str] = ()) -> list[Bypass]:
    """Every bypass of the ``chosen`` services. Mock AWS is in ``region``; ``names`` are host names that faults aim at, beside AWS's."""
    aimed = {name.lower().rstrip(".") for name in names}
    bypasses: list[Bypass] = []
    for name in chosen:
        service = project.services[name]
        bypasses += _network(service)
        bypasses += _aliases(project, service, aimed)
        bypasses += _hosts(service, aimed)
        bypasses += _environment(service)
        bypasses += _region(service, region)
        bypasses += _mounts(service)
    return _merged(bypasses)


def _merged(bypasses: Sequence[Bypass]) -> list[Bypass]:
    """One for all services that share it, where the first of them stood."""
    services: dict[tuple[str, str, str], list[str]] = {}
    for bypass in bypasses:
        services.setdefault((bypass.found, bypass.why, bypass.cure), []).append(bypass.service)
    return [Bypass(", ".join(sharing), *words) for words, sharing in services.items()]


def _network(service: Service) -> Iterator[Bypass]:
    if mode := service.network_mode:
        why, cure = FIXED.get(mode, SHARED)
        yield Bypass(service.name, f"network_mode: {mode}", why, f"it is left out; {cure}")
    if len(service.dns) > 1:
        why = "a SERVFAIL or a dropped query falls over to the second, which hides the fault"
        cure = "the overlay puts chaoskit's in their place, and names that only they know are refused"
        yield Bypass(service.name, f"dns: with {len(service.dns)} servers", why, cure)
    elif service.dns:
        below = f", those below {', '.join(service.dns_search)} included" if service.dns_search else ""
        why = f"the overlay puts chaoskit's name server in its place, so names that only it knows are refused{below}"
        cure = "leave the service out with --service if it needs them"
        yield Bypass(service.name, f"dns: {service.dns[0]}", why, cure)


def _aliases(project: Project, service: Service, aimed: set[str]) -> Iterator[Bypass]:
    for link in service.links:
        if is_aws(link) or link.lower() in aimed:
            why = "Docker answers a link itself and never asks chaoskit"
            yield Bypass(service.name, f"a link called {link}", why, "take the link out, or its alias")
    for other in project.services.values():
        for network, names in other.networks.items():
            for alias in names:
                if network in service.networks and (is_aws(alias) or alias.lower() in aimed):
                    why = "Docker answers a name of the project itself and never asks chaoskit"
                    cure = f"take the alias off {other.name} in network {network}"
                    yield Bypass(service.name, f"{other.name} is called {alias}", why, cure)


def _hosts(service: Service, aimed: set[str]) -> Iterator[Bypass]:
    for host in service.extra_hosts:
        why = "the hosts file is read before DNS is asked (nsswitch.conf: hosts: files dns)"
        if is_aws(host) or host.lower() in aimed:
            yield Bypass(service.name, f"extra_hosts: {host}", why, "take it out for the game day")


def _environment(service: Service) -> Iterator[Bypass]:
    if proxies := [name for name in PROXIES if service.sets(name)]:
        why = "requests go to the proxy, which does the lookups"
        yield Bypass(service.name, ", ".join(proxies), why, "the overlay empties it")
    for variable in sorted(service.environment):
        if variable.startswith(ENDPOINTS) and service.sets(variable):
            why = "calls go there, so the names of AWS are never looked up"
            yield Bypass(service.name, variable, why, "take it out, or aim the fault at its host")
    if replaced := [name for name in REPLACED if service.sets(name)]:
        why = "these may be real credentials"
        yield Bypass(service.name, ", ".join(replaced), why, "the overlay puts AWS's own example key in their place")
    if bundles := [name for name in TRUST if service.sets(name)]:
        why = "the overlay sets chaoskit's authority in its place, so what only that bundle trusts fails in TLS"
        yield Bypass(
            service.name, ", ".join(bundles), why, "that failure is no fault of the run's: leave out such calls"
        )
    if files := [name for name in SETTINGS if service.sets(name)]:
        why = "the overlay names files of its own, so time-outs, retries and profiles that are set there do not count"
        yield Bypass(service.name, ", ".join(files), why, "set them by AWS_ variables for the game day")
    if service.sets(METADATA):
        why = "the overlay switches EC2's instance metadata off (AWS_EC2_METADATA_DISABLED), so SDKs do not ask there"
        yield Bypass(service.name, METADATA, why, "they find fake keys in the environment")
    if live := [name for name in LIVE if service.sets(name)]:
        why = "it leads to real credentials"
        yield Bypass(service.name, ", ".join(live), why, "the overlay gives it fake ones; check that the app starts so")


def _region(service: Service, region: str) -> Iterator[Bypass]:
    if others := sorted(service.regions - {region}):
        why = f"what the mock services hold at the start is in {region}, and a fault on a name there means that region"
        yield Bypass(service.name, f"AWS region {', '.join(others)}", why, f"the overlay sets {region}")


def _mounts(service: Service) -> Iterator[Bypass]:
    for mount in service.mounts:
        if mount.rstrip("/").endswith(CREDENTIAL_FOLDER) or f"{CREDENTIAL_FOLDER}/" in mount:
            why = "it may hold real credentials"
            yield Bypass(service.name, f"a volume at {mount}", why, "the overlay has the SDKs look elsewhere")
        if mount.startswith(TRUST_FOLDERS):
            why = "the overlay aims TLS libraries at chaoskit's authority alone, so what only that bundle trusts fails in TLS"
            cure = "that failure is no fault of the run's: leave out such calls"
            yield Bypass(service.name, f"a volume at {mount}", why, cure)
        if mount in RESOLVER_FILES:
            yield Bypass(service.name, f"a volume at {mount}", "it takes the place of Docker's own file", "take it out")
