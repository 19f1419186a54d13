"""``truncated``: the connection ends within the body, as when a server dies while it answers. Fewer bytes come than Content-Length says.

Not every client looks: botocore does not compare (``enforce_content_length=False`` in its ``httpsession.py``). DynamoDB's answers have a
checksum, which it verifies and then tries again; from another JSON service half a body passes as a success without fields.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.aws.faults import Request, Response, ServiceFault


@dataclass(frozen=True, slots=True)
class Truncated(ServiceFault):
    """``keep`` is the share of the body that still comes. A response without a body cannot be cut."""

    keep: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise ValueError("'keep' is a share: 0 or more, and less than 1")

    def change(self, request: Request, response: Response, rng: random.Random) -> Response:
        if not response.body:
            return response
        declared = len(response.body) if response.declared is None else response.declared
        return replace(response, body=response.body[: int(len(response.body) * self.keep)], declared=declared, cut=True)
