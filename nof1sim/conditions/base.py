"""The Condition interface: what a severity looks like on skin. How to write one: docs/conditions.md."""

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
    crossover_ok: bool
    """Whether skin comes back to what it was, so that a person can be given one treatment after another."""
    episodic: bool
    """Whether it comes once, breaks out and clears, rather than staying at a level."""
    option_names: Sequence[str]
    """Keys of the protocol's `condition` part that it understands, beside `name`."""
    grade_cuts: Sequence[float]
    """Counts of lesions at which the global grade that a rater gives (acne: the IGA) goes up by one."""

    def field(self, patient: Patient, drive: Drive, seed: int) -> LesionField:
        """The whole course of one patient's lesions on the face chart."""
        ...

    def patch(
        self, patient: Patient, drive: Drive, seed: int, address: tuple[str | int, ...], side_mm: float
    ) -> LesionField:
        """The course on a square piece of skin of `side_mm`; x_mm, y_mm from its centre, within it or a lesion beyond.

        Its randomness is that of (seed, *address); the drive is the person's, as for a whole face. It has lesions for
        its area, and from severity .25 up at least one. Scores are those of a face and mean nothing for it.
        """
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

        Among them `n_inflammatory` (the lesions that G counts), `n_nodule` (0 where there are none) and
        `severity_lesions`. Further scores of a condition's own are called `clinical_...`.
        """
        ...

    def scores_of_tables(
        self, lesions: Mapping[str, NDArray[np.generic]], lesion_days: Mapping[str, NDArray[np.generic]], days: int
    ) -> Mapping[str, NDArray[np.generic]]:
        """The same scores from one patient's tables as saved, with names or codes. Numbers were saved as 32 bits."""
        ...

    def count_of_severity(self, severity: Floats) -> Floats:
        """The map G: whole-face lesions (not rounded) at a severity."""
        ...

    def severity_of_count(self, count: Floats) -> Floats:
        """The inverse of G."""
        ...
