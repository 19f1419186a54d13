"""``abort_when:``: what must not happen to a client, or the run is ended before its time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from chaoskit.strict import Strict

MOST_CALLS = 1_000_000

Count = Annotated[int, Field(ge=1, le=MOST_CALLS)]


class AbortSpec(Strict):
    """So many failed calls of a client, in all since 0 s or one after the other, end the run at once."""

    client: str
    failed_calls: Count | None = Field(None, description="so many in all")
    failed_in_a_row: Count | None = Field(None, description="so many with no success between them")

    @model_validator(mode="after")
    def _counts_one_way(self) -> AbortSpec:
        if (self.failed_calls is None) == (self.failed_in_a_row is None):
            raise ValueError("write either 'failed_calls' or 'failed_in_a_row', with a number of calls")
        return self

    def describe(self) -> str:
        """For people: ``20 failed calls of app in a row``."""
        count = self.failed_calls or self.failed_in_a_row
        row = " in a row" if self.failed_in_a_row is not None else ""
        return f"{count} failed call{'s' if count != 1 else ''} of {self.client}{row}"
