"""``droplets``: the droplet workflow manager as a process that keeps its leases in DynamoDB, by conditional writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from chaoskit.cascade.live.aws_calls import AwsCalls
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.workflow import Done, Workflow, WorkflowSettings
from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Droplets(WorkflowSettings):
    """The settings of ``WorkflowSettings``; ``table`` is where the leases are kept, with ``id`` as its key."""

    ORDERS: ClassVar[tuple[str, ...]] = ("throttle",)

    table: str = "leases"

    async def play(self, stage: Stage) -> None:
        """Keep leases until the end."""
        store = DynamoDbLeases(AwsCalls(stage, "dynamodb"), self.table)
        await stage.until(stage.origin)
        workflow = Workflow(self, stage.schedule, store, stage.seed, stage.level)
        stage.obeys(throttle=workflow.restart)
        workflow.begin()
        await stage.until(stage.ends)


class DynamoDbLeases:
    """Leases as items: ``id``, ``expires`` (an instant, in nanoseconds of the run's clock) and ``generation``."""

    def __init__(self, calls: AwsCalls, table: str) -> None:
        self._calls, self._table = calls, table

    def read(self, droplet: int, done: Done) -> None:
        """A consistent read of the lease."""
        self._calls.begin("get_item", _heard(done), TableName=self._table, Key=_key(droplet), ConsistentRead=True)

    def write(self, droplet: int, expires: Instant, generation: int, done: Done) -> None:
        """A write that an older generation than the stored one is refused (``ConditionalCheckFailedException``)."""
        self._calls.begin(
            "update_item",
            _heard(done),
            TableName=self._table,
            Key=_key(droplet),
            UpdateExpression="SET expires = :expires, generation = :generation",
            ConditionExpression="attribute_not_exists(generation) OR generation <= :generation",
            ExpressionAttributeValues={":expires": {"N": str(expires)}, ":generation": {"N": str(generation)}},
        )


def _key(droplet: int) -> dict[str, Any]:
    return {"id": {"S": f"droplet-{droplet:03d}"}}


def _heard(done: Done) -> Callable[[Any, Exception | None], None]:
    return lambda answer, error: done(error is None)
