"""What a client of ``use: race`` is: planner, enactor or operator, and of which race."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from chaoskit.race.protections import PROTECTIONS, ordered, rules_of
from chaoskit.race.rules import Rules
from chaoskit.strict import Strict
from chaoskit.units import MILLISECOND, Duration

IN_THE_CONTROL_PLANE = {"never_empty_guard": "never_empty", "velocity_limit": "velocity"}
"""Protections that a control plane holds: they need the guard of this name in ``services.route53.control_plane.guards``."""


class RaceSpec(Strict):
    """One participant. Planner and enactors of one race have the same ``hosted_zone``, ``endpoints`` and ``addresses``."""

    role: Literal["planner", "enactor", "operator"]
    hosted_zone: str = Field(description="the hosted zone that is written; its own name is the first endpoint")
    endpoints: Annotated[int, Field(ge=1, le=99)] = Field(50, description="how many endpoints a pass covers")
    addresses: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)] = Field(
        description="the addresses of every tree, such as those of the service dynamodb"
    )
    zone: Annotated[int, Field(ge=1, le=6)] = Field(
        1, description="the availability zone of Route 53 whose address, and so whose proxy, it uses"
    )
    first: Duration = Field(
        0, description="when its first pass begins; each other one begins 'every' after the end of the one before"
    )
    pace: Duration = Field(40 * MILLISECOND, description="the shortest time from one call of a pass to the next")
    protections: tuple[str, ...] = Field((), description="of an enactor; chaoskit race explore knows them")

    @field_validator("protections")
    @classmethod
    def _are_known_and_live(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in PROTECTIONS.kinds:
                raise ValueError(f"{name!r} is no protection; {PROTECTIONS.unknown(name)}")
            if name == "atomic":
                raise ValueError("'atomic' is of the model alone: Route 53 has no call that compares and installs")
        return ordered(names)

    @model_validator(mode="after")
    def _enactors_are_protected(self) -> RaceSpec:
        if self.protections and self.role != "enactor":
            raise ValueError(f"'protections' are of enactors, and this is the {self.role}")
        return self

    @property
    def rules(self) -> Rules:
        """The enactor's pass."""
        return rules_of(self.protections)
