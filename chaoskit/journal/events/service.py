"""Requests at the services."""

from __future__ import annotations

from typing import TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class RequestArrived(BaseEvent, frozen=True, kw_only=True, tag="request_arrived"):
    """A request's head reached the mock AWS.

    ``invocation`` is the SDK's ``amz-sdk-invocation-id`` (one per call), ``attempt`` the number in ``amz-sdk-request`` (None when not
    sent). ``connection`` is the ``host:port`` the front saw; ``nth`` the request's 1-based place on it: above 1 means reused.
    """

    at: Instant
    request: Whole
    service: str
    operation: str
    invocation: str | None
    attempt: Whole | None
    user_agent: str
    connection: str
    nth: Whole


class RequestAnswered(BaseEvent, frozen=True, kw_only=True, tag="request_answered"):
    """The mock AWS has produced the answer to ``request``; ``error`` is the service's error code, if any.

    ``faults`` are the ids of the injections whose doing the client sees; ``unseen`` are those that acted in vain: another one hid what they
    did, or it was too small to be felt.
    ``broke`` is what went wrong in the mock itself, which then answers 500: no fault of the client's, and none that was injected.
    """

    at: Instant
    request: Whole
    status: Whole
    error: str | None = None
    faults: tuple[str, ...] = ()
    broke: str | None = None
    unseen: tuple[str, ...] = ()


ServiceEvent: TypeAlias = RequestArrived | RequestAnswered
