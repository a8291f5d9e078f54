"""The base of all knobs. Holds none itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Base of all knobs: frozen, no unknown keys, no coercion ("5" is no number), no NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
