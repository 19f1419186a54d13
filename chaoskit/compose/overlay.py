"""The override file: from a project and a plan to what Compose merges over it. Pure.

Compose appends the lists of an override to those of the file it overrides, so ``dns`` carries ``!override``: with a second server the fault
would be hidden (Compose specification, 13-merge.md; Compose 2.24.4 or newer). ``networks`` of an override replace the implicit
``default``, so that is written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from chaoskit import __version__
from chaoskit.compose.bypasses import LIVE, PROXIES
from chaoskit.compose.bypasses import TRUST as TRUST_VARIABLES
from chaoskit.compose.plan import SOCKETS, OverlayPlan, check_subnets, dynamic_range
from chaoskit.compose.project import DEFAULT_NETWORK, Project, Service
from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.errors import InputError
from chaoskit.experiment.plans import CANARY_LABEL
from chaoskit.sandbox.environment import FAKE_KEY, FAKE_SECRET

NAME = "chaoskit"
"""Of our service, network, volume and config in their project."""

IMAGE = f"chaoskit:{__version__}"
"""Our image: what ``chaoskit docker build`` makes."""

TRUST = "/chaoskit"
"""Where the certificate authority and the fake credentials appear in their containers."""

STAGE_FILE = "/etc/chaoskit/stage.json"
READY_FILE = "/tmp/chaoskit-ready"  # noqa: S108 - inside our container
TOOK_LABEL = "chaoskit.attach"
"""Label of what ``attach`` made; its value is the project."""

OVERLAY_LABEL = "chaoskit.overlay"
"""Label of what an overlay that is driven by hand brings up; its value stands for the override file."""

PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


class _Override(list[str]):
    """A list that takes the place of theirs."""


class _Dumper(yaml.SafeDumper):
    """YAML with ``!override``, and text of many characters as it is."""


_Dumper.add_representer(_Override, lambda dumper, data: dumper.represent_sequence("!override", data, flow_style=True))


def eligible(project: Project, names: Sequence[str]) -> list[str]:
    """The services that can be given a resolver: those called ``names``, or all. Raises ``InputError`` for one that is not there."""
    for name in names:
        if name not in project.services:
            known = ", ".join(project.services)
            raise InputError(f"{project.source}: there is no service {name!r}; services: {known}")
        if project.services[name].fixed_network:
            mode = project.services[name].network_mode
            raise InputError(
                f"{project.source}: {name} has network_mode: {mode}, beside which Compose allows no other network, so it cannot be given a "
                "resolver; choose another --service"
            )
    if NAME in project.services:
        raise InputError(
            f"{project.source}: there is a service called {NAME} in it already; is it under an overlay of ours? Then put faults on by hand "
            f"(docker compose exec {NAME} python3 -m chaoskit inject …), or bring it up without the overlay first"
        )
    for kind, name in (("networks", NAME), ("volumes", f"{NAME}-trust"), ("configs", f"{NAME}-stage")):
        if name in project.declared.get(kind, ()):
            raise InputError(
                f"{project.source}: {kind}.{name} is declared in it already, and ours has that name; call theirs something else"
            )
    chosen = list(dict.fromkeys(name for name in names or project.services if not project.services[name].fixed_network))
    if not chosen:
        raise InputError(
            f"{project.source}: each service of it has a network_mode, so none can be put in a network of ours and given a resolver"
        )
    for name in chosen:
        if clashing := [path for path in project.services[name].mounts if _is_below(path, TRUST)]:
            raise InputError(
                f"{project.source}: {name} has something of its own at {clashing[0]}, where chaoskit's certificate authority would take "
                "its place; mount it elsewhere, or leave the service out with --service"
            )
    if CANARY_LABEL in chosen:
        raise InputError(
            f"{project.source}: the service {CANARY_LABEL!r} of the project cannot be a client's name here: chaoskit's own look-out is "
            "called so; leave it out with --service"
        )
    return chosen


def _is_below(path: str, folder: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder}/")


def make_override(
    project: Project, chosen: Sequence[str], plan: OverlayPlan, image: str, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What to merge over the project so that the ``chosen`` services ask us and trust us.

    Raises ``InputError`` where a network of the project has addresses of ours.
    """
    check_subnets(project, plan.subnet)
    label = dict(labels or {})
    return {
        "services": {
            **{name: _under_test(project.services[name], plan) for name in chosen},
            NAME: _ours(plan, image, label),
        },
        "configs": {f"{NAME}-stage": {"content": plan.to_json().replace("$", "$$")}},
        "networks": {
            NAME: {
                "internal": True,
                "ipam": {"config": [{"subnet": plan.subnet, "ip_range": dynamic_range(plan.subnet)}]},
                "labels": dict(label),
            }
        },
        "volumes": {f"{NAME}-trust": {"labels": dict(label)}},
    }


def write_override(override: dict[str, Any], head: Sequence[str]) -> str:
    """The file's text; ``head`` are comment lines."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return comment + yaml.dump(override, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def _under_test(service: Service, plan: OverlayPlan) -> dict[str, Any]:
    networks = service.networks if set(service.networks) - {NAME} else {DEFAULT_NETWORK: ()}
    return {
        "dns": _Override([plan.resolvers[service.name]]),
        **{key: _Override(words) for key, words in plan.resolver.items()},
        "environment": app_environment(service, plan.region),
        "networks": {**{name: None for name in networks if name != NAME}, NAME: None},
        "volumes": [f"{NAME}-trust:{TRUST}:ro"],
        "depends_on": {NAME: {"condition": "service_healthy"}},
    }


def resolver_keys(settings: ResolverSettings) -> dict[str, list[str]]:
    """What an experiment says of resolv.conf, by Compose's keys; a service keeps what it does not say."""
    keys = {"dns_search": [*settings.search], "dns_opt": [*settings.options]}
    return {key: words for key, words in keys.items() if words}


def app_environment(service: Service, region: str) -> dict[str, str]:
    """Our trust and fake credentials; what of theirs leads to real ones or to a proxy is emptied."""
    authority = f"{TRUST}/ca.pem"
    live = [name for name in LIVE if service.sets(name) and name not in PROFILES]
    return {
        "AWS_ACCESS_KEY_ID": FAKE_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": f"{TRUST}/aws-config",
        "AWS_SHARED_CREDENTIALS_FILE": f"{TRUST}/aws-credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(TRUST_VARIABLES, authority),
        # All of them: Docker's config.json puts proxies into every container, unseen by Compose.
        **dict.fromkeys((*PROXIES, *live), ""),
        **{name: "default" for name in PROFILES if service.sets(name)},
    }


def _ours(plan: OverlayPlan, image: str, labels: dict[str, str]) -> dict[str, Any]:
    ready = f"import os, sys; sys.exit(not os.path.exists({READY_FILE!r}))"
    return {
        "image": image,
        "entrypoint": ["python3", "-m", "chaoskit.compose.overlay_container"],
        "command": [],
        "user": "0",
        "cap_drop": ["ALL"],
        "cap_add": ["NET_ADMIN", "NET_BIND_SERVICE"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "dns": _Override([plan.own]),
        "networks": {NAME: {"ipv4_address": plan.own}},
        "configs": [{"source": f"{NAME}-stage", "target": STAGE_FILE}],
        "volumes": [f"{NAME}-trust:{TRUST}", *([f"{plan.sockets}:{SOCKETS}:ro"] if plan.sockets else ())],
        "healthcheck": {
            "test": ["CMD", "python3", "-c", ready],
            "interval": "1s",
            "timeout": "10s",
            "retries": 60,
            "start_period": "60s",
        },
        "labels": {"chaoskit.version": __version__, **labels},
    }
