"""Models of what people write: a field that nobody knows is an error, never passed over."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A pydantic model without unknown fields, whose fields can be given by name and by alias."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
