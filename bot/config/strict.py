"""What all models of `.rollbot.yaml` have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """A key without a value is as good as left out; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: part for key, part in value.items() if part is not None or key not in cls.model_fields}
        return {} if value is None else value
