"""The Docker engine, as far as chaoskit needs it. The only file that imports the Docker SDK.

Everything made here carries the labels of ``docker_clean``; ``remove`` and ``clean`` take away what carries them and nothing else.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import SandboxError
from chaoskit.sandbox import docker_image
from chaoskit.sandbox.docker_addresses import upper_half
from chaoskit.sandbox.docker_clean import LABEL, Resource, at_work, is_our_tag, labels_of

AT_WORK = ("running", "paused", "restarting")
"""The states of a container that is not over (Docker Engine API, ``ContainerSummary.State``)."""

ANSWER_WITHIN_S = 60
WORLD_WITHIN_S = 30.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class InfraContainer:
    """A run's network: its name, its prefix, and the container whose network the planes share."""

    network: str
    subnet: str
    container: str


class Engine:
    """A Docker engine that answers. Make it with ``connect``."""

    def __init__(self, client: Any, host: str, version: str) -> None:
        self._client = client
        self.host = host
        self.version = version

    def image(self) -> str:
        """The id of chaoskit's image: another build of the same tag does not change what a run uses."""
        return str(self._client.images.get(docker_image.TAG).id)

    def has_image(self, tag: str) -> bool:
        """Whether the image is here."""
        return bool(self._client.images.list(name=tag))

    def needs_build(self) -> bool:
        """Whether chaoskit's image is missing, or made of other code than this."""
        images = self._client.images.list(name=docker_image.TAG)
        return not images or images[0].labels.get(docker_image.SOURCE_LABEL) != docker_image.digest()

    def build(self, tell: Tell, base: str = docker_image.BASE) -> None:
        """Build chaoskit's image; ``tell`` gets a line a step. Raises ``SandboxError`` with the way out."""
        from docker.errors import APIError

        labels = {docker_image.SOURCE_LABEL: docker_image.digest()}
        replaced = [image.id for image in self._client.images.list(name=docker_image.TAG)]
        steps = self._client.api.build(
            fileobj=docker_image.context(),
            custom_context=True,
            dockerfile="docker/Dockerfile",
            tag=docker_image.TAG,
            buildargs={"BASE": base},
            labels=labels,
            rm=True,
            forcerm=True,
            decode=True,
        )
        try:
            for step in steps:
                if "error" in step:
                    raise SandboxError(_build_failed(step["error"].strip(), base))
                if (text := step.get("stream", "").strip()).startswith(("Step ", "Collecting ")):
                    tell(text.splitlines()[0])
        except APIError as error:
            raise SandboxError(_build_failed(str(error.explanation or error), base)) from error
        self._remove_replaced(replaced)

    def _remove_replaced(self, images: Sequence[str]) -> None:
        """Remove our images of before that have no name any more; one that is in use, or that others were built on, stays."""
        from docker.errors import APIError

        for image in images:
            with suppress(APIError):
                if not self._client.images.get(image).tags:
                    self._client.images.remove(image)

    def make_world(self, run: str, image: str, tell: Tell) -> InfraContainer:
        """Make the run's network, which leads nowhere else, and its world. Raises ``SandboxError``."""
        with _told():
            network = self._client.networks.create(
                f"chaoskit-{run}", driver="bridge", internal=True, labels=labels_of(run), check_duplicate=True
            )
            network.reload()
            subnet = network.attrs["IPAM"]["Config"][0]["Subnet"]
            name = f"chaoskit-{run}-world"
            tell(f"network {network.name} ({subnet}), internal")
            before = time.monotonic_ns()
            container = self._client.containers.run(
                image,
                ["-m", "chaoskit.sandbox.infra_container", "--own", upper_half(subnet)],
                entrypoint="python3",
                name=name,
                labels=labels_of(run),
                network=network.name,
                user="0:0",
                cap_drop=["ALL"],
                cap_add=["NET_ADMIN", "SETUID", "SETGID"],
                sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
                healthcheck={"test": ["NONE"]},
                log_config={"type": "json-file"},
                detach=True,
            )
            _same_clock(_first_line(container), before)
        return InfraContainer(network.name, subnet, name)

    def fetch(self, image: str, tell: Tell) -> None:
        """Pull an image that is not here. Raises ``SandboxError`` with the way out."""
        from docker.errors import DockerException

        if self.has_image(image):
            return
        tell(f"pulling {image}")
        try:
            self._client.images.pull(image)
        except DockerException as error:
            raise SandboxError(
                f"{image} cannot be had: {error}; log in to its registry, or leave out --toxiproxy"
            ) from error

    def start(self, run: str, name: str, image: str, command: list[str], network: str) -> Iterator[bytes]:
        """Start a program of another image in ``network`` (a mode: ``host``, ``container:NAME``); returns its log as it comes."""
        with _told():
            container = self._client.containers.run(
                image,
                command,
                name=f"chaoskit-{run}-{name}",
                labels=labels_of(run),
                network_mode=network,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                environment={"LOG_LEVEL": "debug"},
                healthcheck={"test": ["NONE"]},
                log_config={"type": "json-file"},
                detach=True,
            )
            log: Iterator[bytes] = container.logs(stream=True, follow=True)
        return log

    def pause(self, container: str) -> None:
        """Stop every process of the container where it is (the kernel's freezer)."""
        with _told():
            self._client.containers.get(container).pause()

    def resume(self, container: str) -> None:
        """Undo ``pause``."""
        with _told():
            self._client.containers.get(container).unpause()

    def kill(self, container: str) -> None:
        """End the container with SIGKILL."""
        with _told():
            self._client.containers.get(container).kill()

    def remove(self, run: str) -> list[Resource]:
        """Remove the containers, networks and volumes of one run. Returns what was removed."""
        with _told():
            resources = self._resources(f"{LABEL}={run}")
            for resource in resources:
                self._remove(resource)
        return resources

    def clean(self, *, living: bool = False) -> tuple[list[Resource], list[str]]:
        """Remove what runs that are over have left; with ``living``, end those that are at work too.

        Returns what was removed, and who is at work on what was left alone.
        """
        with _told():
            resources = self._resources(LABEL)
            spared = {} if living else at_work(resources)
            stale = [resource for resource in resources if resource.run not in spared]
            for resource in stale:
                self._remove(resource)
        return stale, sorted(set(spared.values()))

    def _resources(self, label: str) -> list[Resource]:
        """All that has this label, in the order in which it can be removed."""
        filters = {"label": label}
        containers = self._client.containers.list(all=True, filters=filters, ignore_removed=True)
        networks, volumes = self._client.networks.list(filters=filters), self._client.volumes.list(filters=filters)
        return [
            *(
                Resource("container", container.id, container.name, container.labels, container.status in AT_WORK)
                for container in containers
            ),
            *(Resource("network", network.id, network.name, network.attrs["Labels"] or {}) for network in networks),
            *(Resource("volume", volume.id, volume.name, volume.attrs["Labels"] or {}) for volume in volumes),
        ]

    def _remove(self, resource: Resource) -> None:
        from docker.errors import APIError, NotFound

        try:
            match resource.kind:
                case "container":
                    self._client.containers.get(resource.id).remove(force=True, v=True)
                case "network":
                    self._remove_network(self._client.networks.get(resource.id))
                case "volume":
                    self._client.volumes.get(resource.id).remove(force=True)
        except NotFound:
            return
        except APIError as error:
            if resource.kind != "container" or error.status_code != 409:  # its own AutoRemove is at it
                raise

    def remove_images(self) -> list[str]:
        """Take its names from every image that chaoskit built here, which removes it unless somebody gave it another name.

        An image that somebody built on ours has our label too, but no name of ours, and stays; so does one that a container uses.
        Returns the names.
        """
        from docker.errors import APIError

        removed = []
        with _told():
            for image in self._client.images.list(filters={"label": docker_image.SOURCE_LABEL}):
                for tag in filter(is_our_tag, image.tags):
                    try:
                        self._client.images.remove(tag)
                    except APIError as error:
                        if error.status_code != 409:
                            raise
                        continue
                    removed.append(f"image {tag}")
        return removed

    def _remove_network(self, network: Any) -> None:
        """Take a network away; a container that is just being removed may still hold it for a moment."""
        from docker.errors import APIError, NotFound

        for last in (False, False, False, False, True):
            try:
                network.remove()
            except NotFound:
                return
            except APIError:
                if last:
                    raise
                network.reload()
                for endpoint in network.attrs.get("Containers") or {}:
                    with _unless_gone():
                        self._client.api.wait(endpoint, timeout=5, condition="removed")
            else:
                return


def connect() -> Engine:
    """The engine that the ``docker`` command line would use. Raises ``SandboxError`` with the way out."""
    try:
        from docker.context import ContextAPI
        from docker.errors import DockerException

        import docker
    except ModuleNotFoundError:
        raise SandboxError(
            "Docker's client library is not installed; run: pip install 'chaoskit[docker]', or use --sandbox namespace"
        ) from None
    host = os.environ.get("DOCKER_HOST")
    if not host:
        context = ContextAPI.get_current_context()
        host = (context.Host if context else None) or "unix:///var/run/docker.sock"
    try:
        if os.environ.get("DOCKER_HOST"):
            client = docker.from_env(timeout=ANSWER_WITHIN_S)
        else:
            client = docker.DockerClient(base_url=host, timeout=ANSWER_WITHIN_S)
        version = str(client.version()["Version"])
    except (DockerException, OSError) as error:
        if "PermissionError" in repr(error) or "Permission denied" in str(error):
            raise SandboxError(
                f"no permission to speak with the Docker engine at {host}; join the group that owns the socket "
                "(usually: sudo usermod -aG docker $USER, then log in again), or use --sandbox namespace"
            ) from None
        raise SandboxError(
            f"no Docker engine answers at {host}; start Docker, or set DOCKER_HOST, or use --sandbox namespace"
        ) from None
    return Engine(client, host, version)


def _first_line(container: Any) -> str:
    """What the container says first. Raises ``SandboxError`` when it ends instead."""
    for chunk in container.logs(stream=True, follow=True, stdout=True, stderr=False):
        return str(chunk.decode().strip())
    complaints = container.logs(stdout=False, stderr=True).decode(errors="replace").strip().splitlines()
    raise SandboxError(f"the container {container.name} ended: {complaints[-1] if complaints else 'it said nothing'}")


def _same_clock(clock: str, before: int) -> None:
    """Raises ``SandboxError`` unless containers count time as we do: every instant of a run is on one clock."""
    if not before <= int(clock) <= time.monotonic_ns():
        raise SandboxError(
            "the Docker engine runs in a machine of its own, whose clock is not this one's, so what happens there could not be "
            "told in order; run chaoskit in there too: docker compose -f docker/compose.yaml up"
        )


def _build_failed(reason: str, base: str) -> str:
    """What to say of a build that failed."""
    way_out = (
        f"log in to a registry, or name a base image that is here: chaoskit docker build --base IMAGE (now {base})"
    )
    if "pull" in reason or "manifest" in reason or "not found" in reason or "registry" in reason:
        return f"the base image {base} cannot be had: {reason}; {way_out}"
    return f"the image cannot be built: {reason}; the lines above say where"


@contextmanager
def _told() -> Iterator[None]:
    """What the engine refuses is told as ours."""
    from docker.errors import DockerException

    try:
        yield
    except DockerException as error:
        reason = getattr(error, "explanation", None) or str(error)
        raise SandboxError(f"the Docker engine says: {reason}") from error


@contextmanager
def _unless_gone() -> Iterator[None]:
    from docker.errors import APIError
    from requests.exceptions import RequestException

    try:
        yield
    except (APIError, RequestException):
        return


def main() -> None:
    """``python -m chaoskit.sandbox.docker sweep RUN``: what the keeper calls when a run is over, however it ended."""
    if sys.argv[1:2] == ["sweep"] and len(sys.argv) == 3:
        connect().remove(sys.argv[2])


if __name__ == "__main__":
    main()
