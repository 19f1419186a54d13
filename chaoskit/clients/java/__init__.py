"""``java``: AWS's SDK for Java v2 on the JVM, unmodified, with its default HTTP client (Apache 5).

The JVM has a DNS cache of its own, which no other client here has: by default 30 s for an address and 10 s for a failure (JDK
``java.security``, ``networkaddress.cache.ttl`` and ``networkaddress.cache.negative.ttl``). So it may not notice a blank, or notice it long
after. ``dns_cache: advised`` sets the 5 s for an address that AWS recommends (SDK for Java 2.x developer guide, "Set the JVM TTL for
DNS name lookups"); on failures AWS advises nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.build import Recipe, Tool
from chaoskit.clients.sdk import SdkPlan
from chaoskit.errors import InputError

DNS_CACHES = ("default", "advised")
JAVA = Tool("java", ("-version",), (17,), "Debian: default-jre-headless")
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
SOURCES = ("Client.java", "Contract.java", "SeenHttpClient.java")


@dataclass(frozen=True, slots=True, kw_only=True)
class Java(SdkPlan):
    """What one Java client does; see ``SdkPlan``. ``dns_cache`` is *default* or *advised*: the JVM's own times, or AWS's advice."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {"dynamodb": "GetItem", "sts": "GetCallerIdentity"}
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("legacy", "standard", "adaptive")

    dns_cache: str | None = None

    def __post_init__(self) -> None:
        SdkPlan.__post_init__(self)
        if self.dns_cache not in (None, *DNS_CACHES):
            raise self.refusal(f"has no dns_cache {self.dns_cache!r}", f"use {' or '.join(DNS_CACHES)}")

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """How it is built."""
        maven = ["mvn", "--batch-mode", "--quiet", COPY_DEPENDENCIES]
        return (
            Recipe(
                name="java",
                what="AWS SDK for Java v2",
                folder=Path(__file__).parent,
                sources=("pom.xml", *SOURCES),
                tools=(
                    JAVA,
                    Tool("javac", ("-version",), (17,), "Debian: default-jdk-headless"),
                    Tool("mvn", get="Debian: maven"),
                ),
                steps=lambda _: [
                    [*maven, "-DoutputDirectory=lib", "-DincludeScope=runtime"],
                    ["javac", "--release", "17", "-cp", "lib/*", "-d", "classes", *SOURCES],
                ],
            ),
        )

    def recipe(self) -> Recipe:
        """The build that this plan needs."""
        return self.recipes()[0]

    def argv(self, built: Path) -> list[str]:
        """The command of its process."""
        if (java := shutil.which("java")) is None:
            raise InputError(f"client {self.client}: {JAVA.missing()}")
        # A small heap and the simplest collector: many clients share a machine, and none has much garbage.
        # The JVM warns on standard output, which is the contract's; and in a PID namespace another run's JVM may hold the same
        # /tmp/hsperfdata_USER/PID, of which it warns.
        quiet = ["-XX:-UsePerfData", "-Xlog:disable", "-Xlog:all=warning:stderr"]
        return [java, *quiet, "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{built / 'classes'}:{built / 'lib'}/*", "Client"]
