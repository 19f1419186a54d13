"""What an experiment file may say. pydantic models of the plain data; faults and expectations are resolved by the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, create_model, field_validator, model_validator

from chaoskit.aws.ec2.spec import PlacementSpec
from chaoskit.aws.route53.spec import ControlPlaneSpec
from chaoskit.aws.services import SERVICES, Service
from chaoskit.clients import CLIENTS
from chaoskit.dns.changing_zone_spec import ChangingZoneSpec
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.dns.zone_spec import RecordSpec
from chaoskit.experiment.abort_spec import AbortSpec
from chaoskit.experiment.address_spec import METADATA_ADDRESS, AddressSpec
from chaoskit.experiment.app_spec import AppSpec
from chaoskit.experiment.own_service_spec import OwnServiceSpec
from chaoskit.experiment.planes import PLANES
from chaoskit.experiment.probe_spec import ProbeFields
from chaoskit.experiment.repeat_spec import RepeatSpec
from chaoskit.experiment.when import AnyWhen
from chaoskit.host_port import is_loopback, split_host_port
from chaoskit.journal.events import LARGEST
from chaoskit.race.live.spec import RaceSpec
from chaoskit.strict import Strict
from chaoskit.units import MINUTE, SECOND, Duration

Label = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
PROGRAMS = [kind for kind in CLIENTS.kinds if kind not in ("canary", "program")]
"""The client programs that an experiment may use; the canary is chaoskit's own, and a program of the user's is one of ``apps``."""


Region = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-\d{1,2}$")]


class HostedZoneSpec(Strict):
    """What a hosted zone of Route 53 holds at the start, beside its SOA and NS."""

    records: dict[str, RecordSpec] = Field(default_factory=dict, description="fully qualified name → records")


class ServiceSpec(AddressSpec):
    """A mock AWS service, reached under its real host name at loopback ``addresses`` of the sandbox."""

    backend: str | None = Field(
        None,
        description="host:port of something that answers in place of moto, over HTTP (DynamoDB Local, a stub of your own)",
    )
    remote: bool = Field(False, description="'backend' may lie off this machine's loopback")
    idle_timeout: Duration | None = Field(None, description="the service closes a connection that was idle for so long")
    keep_alive: bool = Field(True, description="false: every request is answered with Connection: close")
    max_requests: Annotated[int, Field(ge=1)] | None = Field(
        None, description="the last of so many requests on a connection is answered with Connection: close"
    )
    tables: dict[str, Any] = Field(
        default_factory=dict, description="DynamoDB tables to create, beside the table chaoskit"
    )
    instances: Annotated[int, Field(ge=0, le=50)] = Field(0, description="EC2 instances to start")
    placement: PlacementSpec | None = Field(None, description="EC2: instances are launched onto leased droplets only")
    target_groups: dict[Label, Annotated[int, Field(ge=0, le=50)]] = Field(
        default_factory=dict, description="load balancer target groups, each with its number of registered targets"
    )
    buckets: tuple[str, ...] = Field((), description="S3 buckets to create")
    queues: tuple[str, ...] = Field((), description="SQS queues to create")
    hosted_zones: dict[str, HostedZoneSpec] = Field(
        default_factory=dict,
        description="Route 53 hosted zones to create: their names, or what each holds at the start",
    )
    control_plane: ControlPlaneSpec | None = Field(
        None, description="Route 53: how long changes take, and its throttles"
    )

    @field_validator("hosted_zones", mode="before")
    @classmethod
    def _zone_names_alone(cls, zones: Any) -> Any:
        return {name: {} for name in zones} if isinstance(zones, list) else zones

    @field_validator("backend")
    @classmethod
    def _host_and_port(cls, backend: str | None) -> str | None:
        if backend is not None:
            split_host_port(backend)
        return backend

    @model_validator(mode="after")
    def _agrees(self) -> ServiceSpec:
        if self.idle_timeout is not None and self.idle_timeout <= 0:
            raise ValueError(
                "'idle_timeout' must be longer than 0; for a connection per request write keep_alive: false"
            )
        if not self.keep_alive and (self.max_requests is not None or self.idle_timeout is not None):
            raise ValueError(
                "with keep_alive: false every connection has one request; leave out max_requests and idle_timeout"
            )
        if METADATA_ADDRESS in self.addresses:
            raise ValueError(
                f"{METADATA_ADDRESS} is for a service of your own; write a loopback address like 127.0.1.1"
            )
        if self.backend is not None and not self.remote and not is_loopback(split_host_port(self.backend)[0]):
            raise ValueError(f"{self.backend} is not on this machine's loopback; if you mean it, add remote: true")
        return self


def _whose(written: Any) -> str:
    """The tag of a service: one of the user's own has a host name or a port, a mock of AWS's has neither."""
    own = isinstance(written, OwnServiceSpec) or (isinstance(written, dict) and {"host", "port"} & set(written))
    return "[own]" if own else "[aws]"


AnyService: TypeAlias = Annotated[
    Annotated[ServiceSpec, Tag("[aws]")] | Annotated[OwnServiceSpec, Tag("[own]")], Discriminator(_whose)
]


class ClientSpec(ProbeFields):
    """One client process. Fields that a client does not know are refused by the loader, not ignored."""

    use: str = Field("boto3", description="which client program", json_schema_extra={"enum": list(PROGRAMS)})
    service: Service = "dynamodb"
    operation: str | None = Field(None, description="the API operation, by default a cheap read")
    region: Region | None = Field(None, description="the region that it calls, by default the experiment's")
    connection: Literal["cold", "warm", "burst"] = Field(
        "warm",
        description="cold: a new connection per call; warm: one pooled connection; burst: bursts of concurrent calls too",
    )
    every: Duration = 250_000_000
    burst_size: Annotated[int, Field(ge=2, le=200)] = 12
    burst_every: Duration = 5 * SECOND
    retry_mode: Literal["legacy", "standard", "adaptive"] | None = Field(
        None, description="AWS_RETRY_MODE; none: the SDK's default"
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="AWS_MAX_ATTEMPTS")
    connect_timeout: Duration | None = None
    read_timeout: Duration | None = None
    version: Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?$")] | None = Field(
        None, description="of the SDK, where a client can pin it: boto3; see chaoskit clients"
    )
    dns_cache: Literal["default", "advised"] | None = Field(
        None, description="java: the JVM's own cache times, or those that AWS advises (networkaddress.cache.ttl)"
    )

    language: Literal["python", "javascript"] | None = Field(
        None, description="app: what it is written in, so which SDK"
    )
    health_counts: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="app: the error classes that turn its health endpoint to 503"
    )

    part: str | None = Field(None, description="participant: which part of a cascade it plays; see docs/cascade.md")
    settings: dict[str, Any] | None = Field(None, description="participant: the settings of its part")

    argv: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="command: the program and its words, run anew for every call"
    )
    race: RaceSpec | None = Field(
        None, description="race: its part in the race; a pass begins 'every' after the end of the one before"
    )

    @model_validator(mode="after")
    def _has_its_command(self) -> ClientSpec:
        if self.use == "command" and self.argv is None:
            raise ValueError(
                "'use: command' needs 'argv': the program and its words, like [curl, -f, https://example.com/]"
            )
        if self.use != "command" and self.argv is not None:
            raise ValueError("'argv' is for 'use: command' only; remove one of the two")
        if (self.use == "race") != (self.race is not None):
            raise ValueError("'use: race' and the settings 'race: {role: …}' go together; write both or none")
        return self

    @model_validator(mode="after")
    def _has_its_part(self) -> ClientSpec:
        if self.use == "participant" and self.part is None:
            raise ValueError("'use: participant' needs 'part': which part of a cascade it plays, like droplets")
        if self.use != "participant" and (self.part is not None or self.settings is not None):
            raise ValueError("'part' and 'settings' are for 'use: participant' only; remove them")
        return self

    @field_validator("use")
    @classmethod
    def _is_a_client(cls, use: str) -> str:
        if use not in PROGRAMS:
            raise ValueError(f"{use!r} is not known here; {CLIENTS.unknown(use)}")
        return use

    @field_validator("every", "burst_every")
    @classmethod
    def _not_a_flood(cls, period: int) -> int:
        if period < 1_000_000:
            raise ValueError("at least 1ms: chaoskit measures clients, it does not load-test them")
        return period


class InjectionSpec(Strict):
    """One injection: a fault of one plane, where it bites, and when."""

    id: Label | None = None
    where: Any = Field(
        description="dns: the exact name, or {name or under or glob or regex, types, …}; network: the service, or {service, stream, zone}; "
        "service: the service, or {service, operation, first, every}; process: the client, or service or network to pause"
    )
    when: AnyWhen
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0
    hidden: bool = Field(False, description="not shown while the run goes on (drills)")
    optional: bool = Field(False, description="the run counts even if this one meets nothing")
    hold: bool = Field(False, description="chaoskit run waits before it until somebody says go")

    def fault_of(self, plane: str) -> Any:
        """What is written under a plane's key: a kind, or {kind: {parameters}}; None where nothing is."""
        return getattr(self, plane)


_KEYS: Any = {
    plane.key: (Any, Field(None, description=f"a {plane.noun}: its kind, or {{kind: {{parameters}}}}"))
    for plane in PLANES
}
if TYPE_CHECKING:
    TimelineSpec = InjectionSpec
else:
    TimelineSpec = create_model("TimelineSpec", __base__=InjectionSpec, __doc__=InjectionSpec.__doc__, **_KEYS)
    """An entry of the timeline: an ``InjectionSpec`` with a key for each plane, of which it has one."""


class LimitsSpec(Strict):
    """Bounds that keep a run short and safe."""

    longest_fault: Duration = Field(10 * MINUTE, description="no injection may last longer")
    longest_hold: Duration = Field(30 * MINUTE, description="a run that is held for longer is aborted")
    ready_within: Duration = Field(120 * SECOND, description="for every process to start")
    grace: Duration = Field(5 * SECOND, description="for calls under way when the experiment ends")
    smallest_time_scale: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="how far --time-scale may shrink this experiment's times and still answer its question"
    )

    @field_validator("longest_fault", "longest_hold", "ready_within")
    @classmethod
    def _takes_time(cls, length: int) -> int:
        if length <= 0:
            raise ValueError("must be longer than 0")
        return length


class ExperimentSpec(Strict):
    """An experiment file."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    question: str = Field("", description="what this experiment answers, for its readers")
    seed: Annotated[int, Field(ge=-LARGEST, le=LARGEST)] = 0
    region: Region = "us-east-1"
    duration: Duration | None = Field(
        None, description="how long clients go on calling; default: 10s past the last fault"
    )
    zones: dict[str, ChangingZoneSpec] = Field(default_factory=dict, description="further zones, by their apex")
    services: dict[Label, AnyService] = Field(
        default_factory=dict,
        description="mocks of AWS by their names, default: those that the clients use; and your own, each with 'host' and 'port'",
    )
    apps: dict[Label, AppSpec] = Field(
        default_factory=dict, description="programs of your own that run from before 0 s to the end"
    )
    clients: dict[Label, ClientSpec] = Field(default_factory=dict)
    resolver: ResolverSettings = Field(
        default_factory=ResolverSettings,
        description="what the resolv.conf of clients and apps says beside the name server",
    )
    timeline: tuple[TimelineSpec, ...] = ()
    repeat: RepeatSpec | None = Field(None, description="plays the whole timeline several times, in phases of one run")
    abort_when: tuple[AbortSpec, ...] = Field(
        (), description="what ends the run at once: it is then invalid, never passed"
    )
    expect: tuple[Any, ...] = Field((), description="expectations: a kind, or {kind: {limits}}")
    limits: LimitsSpec = Field(default_factory=LimitsSpec)
    canary: str = Field(DEFAULT_CANARY, description="a name that must keep resolving; no fault may touch it")

    @field_validator("abort_when")
    @classmethod
    def _has_a_condition(cls, conditions: tuple[AbortSpec, ...]) -> tuple[AbortSpec, ...]:
        if not conditions:
            raise ValueError("has no condition; write one, such as {client: app, failed_calls: 20}, or leave it out")
        return conditions

    @field_validator("services", mode="before")
    @classmethod
    def _names_alone(cls, services: Any) -> Any:
        return {name: {} for name in services} if isinstance(services, list) else services

    def phases_of(self, when: AnyWhen) -> list[AnyWhen]:
        """When an entry of the timeline is on: once, or in each phase of ``repeat``."""
        if self.repeat is None:
            return [when]
        return [self.repeat.shifted(when, phase) for phase in range(self.repeat.times)]

    @property
    def aws_services(self) -> dict[Service, ServiceSpec]:
        """The mocks of AWS that the file names."""
        return {name: self.services[name] for name in SERVICES if isinstance(self.services.get(name), ServiceSpec)}  # type: ignore[misc]

    @property
    def link_local(self) -> tuple[str, ...]:
        """The addresses of services that are not loopback's: that of the instance metadata service, where there is one."""
        is_used = any(METADATA_ADDRESS in service.addresses for service in self.services.values())
        return (METADATA_ADDRESS,) if is_used else ()

    @property
    def own_services(self) -> dict[str, OwnServiceSpec]:
        """The services of the user's own."""
        return {name: service for name, service in self.services.items() if isinstance(service, OwnServiceSpec)}
