"""The Condition interface: what a severity looks like on skin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..model import Drive, Floats, LesionField, Lesions, Patient


class Condition(Protocol):
    """A skin condition, built once from the protocol's `condition` part.

    Everything is a pure function of (seed, patient, drive); nothing is carried from call to call.
    """

    name: str
    inflammatory_cuts: Sequence[float]
    """Counts of inflammatory lesions at which the IGA goes up one grade (before nodules override)."""

    def field(self, patient: Patient, drive: Drive, seed: int) -> LesionField:
        """The whole course of one patient's lesions."""
        ...

    def on(self, field: LesionField, day: int) -> Lesions:
        """The lesions of a day (1-based) as they look that day, from that day and earlier ones only."""
        ...

    def lesion_days(self, field: LesionField) -> Mapping[str, NDArray[np.generic]]:
        """All days at once: `day` and the fields of `Lesions`, one entry a lesion and day, by day, then lesion_id."""
        ...

    def named(self, field: LesionField) -> Mapping[str, NDArray[np.generic]]:
        """The lesion table with names instead of codes, as truth/lesions.parquet stores it."""
        ...

    def scores(self, field: LesionField) -> Mapping[str, NDArray[np.generic]]:
        """Clinical scores and counts per day, each (days,), computed from the lesion table alone.

        Among them `n_inflammatory`, `n_nodule` and `severity_lesions`.
        """
        ...

    def count_of_severity(self, severity: Floats) -> Floats:
        """The map G: whole-face inflammatory lesions (not rounded) at a severity."""
        ...

    def severity_of_count(self, count: Floats) -> Floats:
        """The inverse of G."""
        ...
