"""``python -m chaoskit.compose.kubernetes_job``: an experiment in a pod, played on another workload of the cluster, and judged there.

The pod's address is the DNS server's and the mock AWS's. A Service gives the first of them a fixed address, and the cluster's DNS is told
to ask there for AWS's names. All questions then come from the cluster's DNS, so one client stands for all who ask. The journal is the
standard output; the exit code is the run's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaoskit.compose.overlay_container import play, write_credentials
from chaoskit.compose.plan import OverlayPlan
from chaoskit.compose.write import as_containers, loopback_of
from chaoskit.errors import ChaoskitError, InputError
from chaoskit.experiment.loader import read, resolve

PODS = "10.0.0.0/8"
"""Who may ask where POD_NETWORK does not say it: most clusters' pods are in there."""

CANARY_RESOLVER = "127.0.53.1"
"""Where the canary's label listens; nobody asks there, for the canary goes through the cluster's DNS as everybody does."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the manifest says: the experiment, the workload's name in it, a URL of the workload, and where the authority is published."""

    experiment: Path
    client: str
    probe: str | None
    trust: Path


def plan_for(job: Wanted, pod_address: str, pods: str) -> OverlayPlan:
    """The plan of a container that has one address; ``pods`` is the prefix of those who may ask.

    Raises ``InputError`` for an experiment of several services, which need several addresses.
    """
    document = as_containers(read(job.experiment), [job.client])
    spec = resolve(document, 1.0).spec
    loopback = loopback_of(spec)
    if len(loopback) > 1:
        raise InputError(
            f"{job.experiment}: {len(loopback)} addresses of services, but a pod has one; name one service under 'services'"
        )
    return OverlayPlan(
        source=str(job.experiment),
        subnet=pods,
        own=CANARY_RESOLVER,
        resolvers={job.client: pod_address},
        addresses=dict.fromkeys(loopback, pod_address),
        experiment=document.data,
        probes={job.client: job.probe} if job.probe else {},
        region=spec.region,
    )


def arguments(words: Sequence[str]) -> Wanted:
    """The command line."""
    parser = argparse.ArgumentParser(prog="chaoskit.compose.kubernetes_job")
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--client", default="app")
    parser.add_argument("--probe")
    parser.add_argument("--trust", type=Path, default=Path("/chaoskit"))
    given = parser.parse_args(words)
    return Wanted(given.experiment, given.client, given.probe, given.trust)


def main() -> None:
    """Play at once; exit with the run's code."""
    job = arguments(sys.argv[1:])
    try:
        plan = plan_for(job, os.environ["POD_IP"], os.environ.get("POD_NETWORK", PODS))
        write_credentials(job.trust, plan.region)
        began = asyncio.Event()
        began.set()
        code = asyncio.run(play(plan, began, job.trust))
    except ChaoskitError as error:
        sys.stderr.write(f"chaoskit: {error}\n")
        sys.exit(error.exit_code)
    sys.exit(code)


if __name__ == "__main__":
    main()
