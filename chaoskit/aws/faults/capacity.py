"""``capacity``: the service has few places and a bounded queue, so that a herd hurts: the queue fills, and who comes later is refused.

How long a place is taken is the service's own time; a ``slow`` injection beside this one prolongs it. A client that gives up does not take
its request out of the queue: the service works for nobody, which is what keeps real services down after the herd has come.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.aws.faults import Request, Response, ServiceFault, Turn
from chaoskit.aws.faults.throttle import throttled


@dataclass(frozen=True, slots=True)
class Capacity(ServiceFault):
    """``at_once`` requests are served at a time, ``queue`` more wait in order of arrival, the rest get the service's throttling error.

    It meets the requests that had to wait or were refused.
    """

    at_once: int
    queue: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.at_once <= 100 or not 0 <= self.queue <= 100:
            raise ValueError("'at_once' is from 1 to 100, 'queue' from 0 to 100")

    def turn(self, serving: int, waiting: int) -> Turn:
        if serving < self.at_once and not waiting:
            return "serve"
        return "wait" if waiting < self.queue else "refuse"

    def refusal(self, request: Request) -> Response:
        return throttled(request)
