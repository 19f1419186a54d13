"""In-process faults under moto's decorators, where botocore opens no connection and so looks nothing up.

moto answers a request before botocore sends it (``BotocoreStubber``, an event handler of ``before-send``). While a block is open, each
attempt asks first what a lookup of its host would have met, and then fails as botocore fails on it: ``EndpointConnectionError``, which
its retries know. Real clients keep connections open and look up less often than once an attempt; moto has no connections to keep.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


class MotoHook:
    """Stands in for ``BotocoreStubber.process_request`` while blocks are open; nothing where moto was not imported before."""

    def __init__(self, meet: Callable[[Any], OSError | None]) -> None:
        self._meet = meet
        self._original: Callable[..., Any] | None = None

    def install(self) -> None:
        """Put it in, once, if moto's decorators are loaded."""
        module = sys.modules.get("moto.core.botocore_stubber")
        if module is None or self._original is not None:
            return
        original = self._original = module.BotocoreStubber.process_request
        meet = self._meet

        def process_request(stubber: Any, request: Any) -> Any:
            error = meet(urlsplit(request.url).hostname)
            if error is not None:
                raise sys.modules["botocore.exceptions"].EndpointConnectionError(
                    endpoint_url=request.url, error=error
                ) from error
            return original(stubber, request)

        module.BotocoreStubber.process_request = process_request

    def restore(self) -> None:
        """Put moto's own back."""
        if self._original is not None:
            sys.modules["moto.core.botocore_stubber"].BotocoreStubber.process_request = self._original
            self._original = None
