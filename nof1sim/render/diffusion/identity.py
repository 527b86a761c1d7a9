"""Is it the same person on all pictures, and another one on the others'? Figures, and the goals beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelNotAvailable, RenderError
from .faces import FaceIdentity, FaceReader, cosine

WITHIN_MIN_GOAL = 0.85
WITHIN_MEDIAN_GOAL = 0.95
BETWEEN_GOAL = 0.50
"""Goals of this project; an audit of ArcFace has unrelated people at .10 (median) and .34 (99th percentile)."""


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """One person's pictures beside their reference picture.

    pictures : how many were compared, the reference not counted.  no_face : in how many no single face was found.
    minimum, median : of the cosines; None where nothing was compared.  worst : name of the least alike picture.
    """

    patient: str
    reference: str
    pictures: int
    no_face: int
    minimum: float | None
    median: float | None
    worst: str | None


@dataclass(frozen=True, slots=True)
class IdentityFigures:
    """Identity of a dataset.

    pack : networks of the embeddings.  patients : in order.  between : greatest cosine of two people's references,
    None with fewer than two; `pair` says whose.  failed : people without a usable reference, and why.
    """

    pack: str
    patients: tuple[PatientIdentity, ...]
    between: float | None
    pair: tuple[str, str] | None
    failed: Mapping[str, str]

    @property
    def minimum(self) -> float | None:
        """Least cosine within anybody."""
        return min((one.minimum for one in self.patients if one.minimum is not None), default=None)

    @property
    def median(self) -> float | None:
        """Least of the medians within people: the goal holds for everybody."""
        return min((one.median for one in self.patients if one.median is not None), default=None)

    @property
    def goals(self) -> dict[str, bool | None]:
        """Which goals are met; None where nothing was measured."""
        return {
            f"within, minimum >= {WITHIN_MIN_GOAL}": _met(self.minimum, WITHIN_MIN_GOAL),
            f"within, median >= {WITHIN_MEDIAN_GOAL}": _met(self.median, WITHIN_MEDIAN_GOAL),
            f"between < {BETWEEN_GOAL}": None if self.between is None else self.between < BETWEEN_GOAL,
        }

    def document(self) -> dict[str, Any]:
        """As JSON: what a manifest says under `quality.identity`."""
        return {
            "pack": self.pack,
            "pictures": sum(one.pictures for one in self.patients),
            "no_face": sum(one.no_face for one in self.patients),
            "within_min": _short(self.minimum),
            "within_median": _short(self.median),
            "between_max": _short(self.between),
            "between_pair": None if self.pair is None else list(self.pair),
            "goals": self.goals,
            "patients": [
                {"patient": one.patient, "reference": one.reference, "pictures": one.pictures, "no_face": one.no_face,
                 "min": _short(one.minimum), "median": _short(one.median), "worst": one.worst}
                for one in self.patients
            ],
            "failed": dict(self.failed),
        }  # fmt: skip


def identity_figures(
    people: Iterable[tuple[str, Iterable[tuple[str, NDArray[np.uint8]]]]], reader: FaceReader
) -> IdentityFigures:
    """Compare each person's pictures with their first one, and the first ones with each other.

    Parameters
    ----------
    people : (patient, pictures) in order; pictures are (name, (h, w, 3) uint8 sRGB), the reference first. They are read
        one at a time.
    reader : of one pack.
    """
    patients: list[PatientIdentity] = []
    references: dict[str, FaceIdentity] = {}
    failed: dict[str, str] = {}
    for patient, pictures in people:
        remaining = iter(pictures)
        first = next(remaining, None)
        if first is None:
            failed[patient] = "no pictures"
            continue
        try:
            references[patient] = reader.analyse(first[1], first[0])
        except ModelNotAvailable:
            raise
        except RenderError as error:
            failed[patient] = str(error)
            continue
        patients.append(_compare(patient, first[0], references[patient], remaining, reader))
    between, pair = _nearest(references)
    return IdentityFigures(reader.pack, tuple(patients), between, pair, failed)


def _compare(
    patient: str,
    name: str,
    reference: FaceIdentity,
    pictures: Iterable[tuple[str, NDArray[np.uint8]]],
    reader: FaceReader,
) -> PatientIdentity:
    found: dict[str, float] = {}
    no_face = 0
    for other, pixels in pictures:
        try:
            found[other] = cosine(reference, reader.analyse(pixels, other))
        except ModelNotAvailable:
            raise
        except RenderError:
            no_face += 1
    if not found:
        return PatientIdentity(patient, name, 0, no_face, None, None, None)
    values = list(found.values())
    worst = min(found, key=lambda key: found[key])
    return PatientIdentity(patient, name, len(found), no_face, min(values), float(np.median(values)), worst)


def _nearest(references: Mapping[str, FaceIdentity]) -> tuple[float | None, tuple[str, str] | None]:
    pairs = {pair: cosine(references[pair[0]], references[pair[1]]) for pair in combinations(references, 2)}
    if not pairs:
        return None, None
    pair = max(pairs, key=lambda key: pairs[key])
    return pairs[pair], pair


def _met(value: float | None, goal: float) -> bool | None:
    return None if value is None else value >= goal


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
