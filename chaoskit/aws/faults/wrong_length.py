"""``wrong_length``: Content-Length lies, and the connection stays open.

Too long, and the client waits for bytes that never come, until its read time-out. Too short, and it takes a part for the whole; the rest
lies in the connection, and how the client buffers decides whether it is lost or spoils the next response.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.aws.faults import Request, Response, ServiceFault


@dataclass(frozen=True, slots=True)
class WrongLength(ServiceFault):
    """``by`` bytes more than there are, or fewer when negative (never below 0). A response without a body is left alone."""

    by: int = 16

    def __post_init__(self) -> None:
        if self.by == 0:
            raise ValueError("'by' 0 would be the truth; write a number of bytes, negative for too few")

    def change(self, request: Request, response: Response, rng: random.Random) -> Response:
        if not response.body:
            return response
        return replace(response, declared=max(0, len(response.body) + self.by))
