"""edit-daily: what is to be painted on a day, and how severe the day is for the LoRAs of the acne grades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import COMEDONES, STAGE_CODE, Lesions

from .days import Day, amplitude
from .episodes import LOOKS, Episodes, box_of, ellipse, reach_mm
from .loras import grade_weights

GRADE_MIDDLES = (2.5, 13.0, 35.5, 75.5)
"""Inflammatory lesions on half of the face in the middle of each class of Hayashi (J Dermatol 2008;35:255-260: up to 5
mild, 20 moderate, 50 severe, more very severe); the last class has no end, 100 is our choice for one."""
GRADE_STEPS = 4
"""Grades are told apart by quarters: days of one mix share their batches."""
_COMEDONES = tuple(STAGE_CODE[name] for name in COMEDONES)


def counted_inflammatory(lesions: Lesions) -> int:
    """How many of a day's lesions a condition's count map counts: all that enter the scores but comedones."""
    return int(np.count_nonzero(lesions.counted & ~np.isin(lesions.stage, _COMEDONES)))


def severity_of(lesions: Lesions) -> float:
    """How severe a day is, 0 to 3: half of its counted inflammatory lesions, linear between the classes' middles."""
    half = 0.5 * counted_inflammatory(lesions)
    return round(float(np.interp(half, GRADE_MIDDLES, range(len(GRADE_MIDDLES)))) * GRADE_STEPS) / GRADE_STEPS


def grade_mix(lesions: Lesions) -> tuple[tuple[int, float], ...]:
    """(grade, weight) of the LoRAs that a day is painted with: the two neighbouring grades share it."""
    return tuple(grade_weights(severity_of(lesions), len(GRADE_MIDDLES)).items())


@dataclass(frozen=True, slots=True)
class DayMasks:
    """What is to be painted on a day: look -> strength (s, s); core and support as in `Day`."""

    strength: dict[str, NDArray[np.float64]]
    lesion: NDArray[np.int32]
    support: NDArray[np.int32]
    drawn: int
    lacking: int


def masks_of(lesions: Lesions, episodes: Episodes, size: int) -> DayMasks:
    """Masks of a day's lesions over a portrait of `size` px, strong where they are strong that day."""
    rows = {int(lesion): row for row, lesion in enumerate(episodes.lesion_id)}
    strength: dict[str, NDArray[np.float64]] = {}
    core, support = np.zeros((size, size), np.int32), np.zeros((size, size), np.int32)
    drawn = lacking = 0
    for i in np.flatnonzero(lesions.visible):
        row = rows.get(int(lesions.lesion_id[i]))
        if row is None:
            lacking += 1
            continue
        drawn += 1
        look = LOOKS[int(episodes.kind[row])]
        mask = strength.setdefault(look, np.zeros((size, size)))
        stage, red = int(lesions.stage[i]), float(lesions.erythema[i])
        how = max(amplitude(stage, red, float(episodes.erythema[row])), red, float(lesions.melanin[i]))
        box = box_of(episodes.centre_px[row], episodes.reach_px[row], size)
        place = (slice(box[0], box[1]), slice(box[2], box[3]))
        share = float(lesions.diameter_mm[i] / episodes.diameter_mm[row])
        away = ellipse(episodes.shape[row], episodes.centre_px[row], reach_mm(episodes, row) * min(share, 1.0), box)
        mask[place] = np.maximum(mask[place], np.where(away <= 1, min(how, 1.0), 0))
        support[place][(away <= 1) & (how > 0)] = lesions.lesion_id[i]
        inner = ellipse(episodes.shape[row], episodes.centre_px[row], 0.5 * float(lesions.diameter_mm[i]), box)
        core[place][(inner <= 1) & (away <= 1) & (how > 0)] = lesions.lesion_id[i]
    support[core > 0] = core[core > 0]  # a core belongs to its lesion, whoever else reaches there
    return DayMasks({look: mask for look, mask in strength.items() if mask.any()}, core, support, drawn, lacking)


def locked(portrait: NDArray[np.uint8], painted: NDArray[np.uint8], masks: DayMasks) -> Day:
    """A painted day, after the check that nothing outside its masks has changed."""
    outside = masks.support == 0
    if not np.array_equal(painted[outside], portrait[outside]):
        raise AssertionError("a pixel outside every lesion differs from the portrait")
    return Day(painted, masks.lesion, masks.support, masks.drawn, masks.lacking)
