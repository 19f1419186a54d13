"""What the vendors say their SDKs do: each documented retry policy as data.

Sources, read in November 2026:

- *guide*: AWS SDKs and Tools Reference Guide, "Retry behavior" (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html),
  before and after the update of 2026. Standard mode, 3 attempts; before, sleeps up to 1 s, 2 s … at most 20 s; after, up to 50 ms,
  100 ms …; for DynamoDB 4 attempts from 25 ms. A quota of 500 tokens, of which a retry takes 5 (after a time-out 10), after the update 14.
- *blog*: AWS Developer Tools Blog, "Updated default retry behavior for AWS SDKs and tools": which version made it the default.
- *botocore*: its source, which the guide leaves ``legacy`` to: ``botocore/data/_retry.json`` and ``botocore/retryhandler.py`` (DynamoDB:
  10 attempts, 50 ms, 100 ms … without jitter; others: 5 attempts, up to 1 s, 2 s …), ``botocore/retries/standard.py``.
- *Go*: its source, ``aws/retry``: ``jitter_backoff.go`` counts from the first try, so before v1.48 it sleeps up to 2 s, 4 s;
  ``retryable_error.go`` never retries a DNS error that is ``IsNotFound``, which Go makes of NXDOMAIN and of an empty answer alike.
- *Java*: its source, which the guide leaves ``legacy`` to: ``DefaultRetryStrategy.Legacy`` (4 attempts from 100 ms, a retry takes 5 of 500
  tokens) and ``DynamoDbRetryPolicy`` (9 attempts from 25 ms), both with full jitter. The update of 2026 is no default of Java yet.
"""

from __future__ import annotations

from dataclasses import replace

from chaoskit.sim.backoff import BackOff, Quota, Trouble
from chaoskit.units import MILLISECOND, SECOND

GUIDE = "AWS SDKs and Tools Reference Guide, Retry behavior"
NOT_CAPPED = 3600 * SECOND
QUOTA_BEFORE = Quota(cost=5, timeout_cost=10)
QUOTA_2026 = Quota(cost=14, timeout_cost=14)

LEGACY_DYNAMODB = BackOff(
    name="legacy, DynamoDB",
    source="botocore/data/_retry.json",
    attempts=10,
    base_ns=50 * MILLISECOND,
    cap_ns=NOT_CAPPED,
    jitter="none",
)
LEGACY = BackOff(
    name="legacy", source="botocore/data/_retry.json", attempts=5, base_ns=1 * SECOND, cap_ns=NOT_CAPPED, jitter="full"
)
STANDARD = BackOff(name="standard", source=GUIDE, attempts=3, base_ns=1 * SECOND, quota=QUOTA_BEFORE)
NEW_2026 = BackOff(name="2026", source=GUIDE, attempts=3, base_ns=50 * MILLISECOND, quota=QUOTA_2026)
NEW_2026_DYNAMODB = BackOff(name="2026, DynamoDB", source=GUIDE, attempts=4, base_ns=25 * MILLISECOND, quota=QUOTA_2026)

NO_NAME_NO_RETRY: frozenset[Trouble] = frozenset(("temporary", "timeout", "transport"))
GO_STANDARD = BackOff(
    name="Go standard",
    source="aws-sdk-go-v2/aws/retry",
    attempts=3,
    base_ns=2 * SECOND,
    quota=QUOTA_BEFORE,
    retried=NO_NAME_NO_RETRY,
)
GO_2026 = replace(NEW_2026, name="Go 2026", retried=NO_NAME_NO_RETRY)
GO_2026_DYNAMODB = replace(NEW_2026_DYNAMODB, name="Go 2026, DynamoDB", retried=NO_NAME_NO_RETRY)


JAVA_SOURCE = "aws-sdk-java-v2: DefaultRetryStrategy, DynamoDbRetryPolicy"
JAVA_LEGACY = BackOff(
    name="Java legacy", source=JAVA_SOURCE, attempts=4, base_ns=100 * MILLISECOND, quota=Quota(cost=5, timeout_cost=5)
)
JAVA_LEGACY_DYNAMODB = replace(JAVA_LEGACY, name="Java legacy, DynamoDB", attempts=9, base_ns=25 * MILLISECOND)

POLICIES = (
    LEGACY_DYNAMODB,
    LEGACY,
    STANDARD,
    NEW_2026,
    NEW_2026_DYNAMODB,
    GO_STANDARD,
    GO_2026,
    GO_2026_DYNAMODB,
    JAVA_LEGACY,
    JAVA_LEGACY_DYNAMODB,
)


def botocore(version: str, mode: str | None, service: str) -> BackOff:
    """botocore's policy: ``mode`` None is the default, *legacy* before 1.44 and *standard* from then on (*blog*)."""
    new = numbers(version) >= (1, 44)
    if (mode or ("standard" if new else "legacy")) == "legacy":
        return LEGACY_DYNAMODB if service == "dynamodb" else LEGACY
    if not new:
        return STANDARD
    return NEW_2026_DYNAMODB if service == "dynamodb" else NEW_2026


def javascript(core: str, service: str) -> BackOff | None:
    """The policy of the SDK for JavaScript v3, by its ``@smithy/core``, from 3.40 on (*blog*); None for an older one."""
    if numbers(core) < (3, 40):
        return None
    return NEW_2026_DYNAMODB if service == "dynamodb" else NEW_2026


def go(version: str, service: str) -> BackOff:
    """The policy of the SDK for Go v2: new from v1.48 on (*blog*)."""
    if numbers(version.removeprefix("v")) < (1, 48):
        return GO_STANDARD
    return GO_2026_DYNAMODB if service == "dynamodb" else GO_2026


def java(mode: str | None, service: str) -> BackOff | None:
    """The policy of the SDK for Java v2 in its default mode, *legacy*; None for another."""
    if mode not in (None, "legacy"):
        return None
    return JAVA_LEGACY_DYNAMODB if service == "dynamodb" else JAVA_LEGACY


def numbers(version: str) -> tuple[int, ...]:
    """``1.44.5`` as (1, 44, 5); what is no number ends it."""
    found: list[int] = []
    for part in version.split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)
