"""Grades: the classes that a grader tells apart, and how counts of lesions become one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..conditions.acne.scores import HAYASHI_CUTS, IGA_RULES
from ..errors import unknown_name
from ..model import Floats, Ints

LABELS = ("iga3", "hayashi4", "count")
"""What a grader may learn: one of the scales below, or the number of inflammatory lesions (then cut into a scale)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of grades.

    titles : of the grades, ascending.  merged : the grade of each value of the score behind it.  source : who says so.
    """

    name: str
    titles: tuple[str, ...]
    merged: tuple[int, ...]
    source: str

    def __len__(self) -> int:
        return len(self.titles)

    def of_counts(self, counts: Floats, half: np.ndarray) -> Ints:
        """Grades of inflammatory lesions (n,), of the whole face or, where `half` (n,), of one half.

        iga3: the cuts of rule nof1sim-1 for the whole face, twice the count for a half; nodules, which raise an IGA
        whatever the count, are not told apart. hayashi4: a half's own count, or half of a whole face's, rounded up.
        Fractions, as a network gives them, are cut midway between whole lesions.
        """
        counts, half = np.maximum(np.asarray(counts, float), 0.0), np.asarray(half, bool)
        if self.name == "hayashi4":
            cuts = np.array(HAYASHI_CUTS)
            return np.where(half, _cut(counts, cuts + 0.5), _cut(counts, 2 * cuts + 0.5))
        return _cut(np.where(half, 2 * counts, counts), IGA_RULES["nof1sim-1"][1:3])


def _cut(values: Floats, cuts: Sequence[float] | np.ndarray) -> Ints:
    return np.searchsorted(np.asarray(cuts, float), values, side="left").astype(np.int64)


IGA3 = Scale(
    "iga3", ("0-1", "2", "3-4"), (0, 0, 1, 2, 2), "IGA 0-1, 2, 3-4: as merged by Lim et al. 2020, Bernhard et al. 2024"
)
HAYASHI4 = Scale(
    "hayashi4", ("mild", "moderate", "severe", "very severe"), (0, 1, 2, 3),
    f"Hayashi 2008: up to {', '.join(map(str, HAYASHI_CUTS))} and more papules and pustules on half of the face",
)  # fmt: skip
SCALES = {scale.name: scale for scale in (IGA3, HAYASHI4)}


def scale_of(name: str, where: str = "--labels") -> Scale:
    """The scale of a name. UnknownNameError for another."""
    if name not in SCALES:
        raise unknown_name("scale", where, name, SCALES)
    return SCALES[name]
