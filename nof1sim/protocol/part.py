"""What every part of a protocol shares: the base model and the kinds of number."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Sd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Phi = Annotated[float, Field(gt=-1, lt=1, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=36500)]
TimeConstant = Annotated[float, Field(ge=1, le=1e6, allow_inf_nan=False)]


class Part(BaseModel):
    """Frozen, and unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
