"""Red herrings: many alarms, of which one is right, drawn from the scenario's seed."""

from __future__ import annotations

from chaoskit.drill.scenario import Scenario
from chaoskit.seeds import generator

NOISE = (
    "WARNING host-{number:03}: disk at {percent} % of capacity",
    "WARNING batch-{number:03}: nightly job is {percent} min behind",
    "CRITICAL web-{number:03}: error rate of callers above 1 %",
    "WARNING web-{number:03}: latency of 99 % of requests above 500 ms",
    "CRITICAL queue-{number:03}: depth above 10,000",
    "WARNING host-{number:03}: clock off by {percent} ms",
    "CRITICAL login-{number:03}: sign-ins failing",
    "WARNING cache-{number:03}: hit ratio below {percent} %",
)


def alarms_of(scenario: Scenario) -> list[str]:
    """The alarms of a scenario in their order, the same for the same seed; none where it has none."""
    spec = scenario.drill.alarms
    if spec is None:
        return []
    dice = generator(scenario.experiment.spec.seed, "alarms", scenario.name)
    lines = [
        dice.choice(NOISE).format(number=dice.randrange(1000), percent=dice.randrange(60, 99))
        for _ in range(spec.count - 1)
    ]
    lines.insert(dice.randrange(spec.count), spec.right)
    return lines
