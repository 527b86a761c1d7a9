"""The picture of a day: the frozen portrait, and over it the densities of the lesions that are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import STAGES, Lesions
from nof1sim.render.skin.chromophores import albedo

from .episodes import LEAST_REACH_PX, REACH, Episodes, box_of, ellipse
from .residuals import Stamp, sampled, to_bytes, to_linear, window

Labels = NDArray[np.int32]

MARKS = tuple(STAGES.index(name) for name in ("erythema", "hyperpigmentation"))
CLEAR = tuple(STAGES.index(name) for name in ("microcomedone",))
STEADY = tuple(STAGES.index(name) for name in ("closed_comedone", "open_comedone", "crust", "excoriation"))
"""Stages that are as they were painted; the others wax and wane with their redness."""
SCAR = STAGES.index("scar")
SCAR_SHARE = 0.3
"""A scar keeps the relief of what was painted, and little of its colour."""
MOST, LEAST_SIZE, MOST_SIZE = 1.25, 0.3, 1.3
"""Limits of amplitude and of size, of what was painted."""
LEAST_RED = 0.3
"""Peak redness that an amplitude is relative to, at least."""
SKIN_MELANIN, SKIN_BLOOD = 0.06, 0.03
MARK_MELANIN, MARK_BLOOD = 0.08, 0.05
"""Volume fractions of fair skin, and what a mark of full strength adds: as strong as the skin layer's own."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day over a portrait: pixels (s, s, 3); lesion (core), support (s, s) lesion_id or 0; drawn, lacking: how many
    lesions of the day are drawn, and how many have no place in this portrait."""

    pixels: NDArray[np.uint8]
    lesion: Labels
    support: Labels
    drawn: int
    lacking: int


def amplitude(stage: int, erythema: float, peak: float) -> float:
    """How strongly a lesion's painting is replayed on a day, 0 .. MOST."""
    if stage in STEADY:
        return 1.0
    if stage in CLEAR or stage in MARKS:
        return 0.0
    share = float(np.clip(erythema / max(peak, LEAST_RED), 0, MOST))
    return SCAR_SHARE if stage == SCAR else share


def _mark_densities() -> tuple[NDArray, NDArray]:
    """Density (3,) of a full red and of a full brown mark, from the chromophores of skin."""
    melanin = np.array([SKIN_MELANIN, SKIN_MELANIN, SKIN_MELANIN + MARK_MELANIN])
    blood = np.array([SKIN_BLOOD, SKIN_BLOOD + MARK_BLOOD, SKIN_BLOOD])
    clear, red, brown = albedo(melanin.astype(np.float32), blood.astype(np.float32)).astype(float)
    return np.log(clear / red), np.log(clear / brown)


RED, BROWN = _mark_densities()


def compose(portrait: NDArray[np.uint8], episodes: Episodes, stamps: list[Stamp], lesions: Lesions) -> Day:
    """The picture of a day. Where no lesion reaches, the bytes are the portrait's: this is asserted."""
    size = portrait.shape[0]
    total = np.zeros((size, size, 3), np.float32)
    core, support = np.zeros((size, size), np.int32), np.zeros((size, size), np.int32)
    rows = {int(lesion): row for row, lesion in enumerate(episodes.lesion_id)}
    drawn = lacking = 0
    for i in np.flatnonzero(lesions.visible):
        row = rows.get(int(lesions.lesion_id[i]))
        if row is None:
            lacking += 1
            continue
        drawn += 1
        _add(total, core, support, episodes, stamps[row], row, lesions, int(i))
    support[core > 0] = core[core > 0]  # a core belongs to its lesion, whoever else reaches there
    touched = support > 0
    pixels = portrait.copy()
    pixels[touched] = to_bytes(to_linear(portrait[touched]) * np.exp(-total[touched]))
    outside = ~touched
    if not np.array_equal(pixels[outside], portrait[outside]):  # the lock: cheap, and never to be given up
        raise AssertionError("a pixel outside every lesion differs from the portrait")
    return Day(pixels, core, support, drawn, lacking)


def _add(total, core, support, episodes: Episodes, stamp: Stamp, row: int, lesions: Lesions, i: int) -> None:
    """Add one lesion of the day to the densities and the labels."""
    size, centre, shape = len(total), episodes.centre_px[row], episodes.shape[row]
    stage, diameter = int(lesions.stage[i]), float(lesions.diameter_mm[i])
    if diameter <= 0:
        return
    stretch = float(np.linalg.norm(shape, 2))
    reach = max(0.5 * REACH * diameter * stretch, LEAST_REACH_PX)
    y0, y1, x0, x1 = box = box_of(centre, reach, size)
    if y0 == y1 or x0 == x1:
        return
    away = ellipse(shape, centre, 0.5 * diameter, box)
    edge = window(away * (0.5 * diameter * stretch / reach))
    if stage in MARKS:
        strength = RED * float(lesions.erythema[i]) + BROWN * float(lesions.melanin[i])
        add = edge[..., None] * strength.astype(np.float32) * window(away / 1.4)[..., None]
    else:
        scale = np.clip(diameter / episodes.diameter_mm[row], LEAST_SIZE, MOST_SIZE)
        add = sampled(stamp, box, centre, np.eye(2) / scale) * edge[..., None]
        add = add * amplitude(stage, float(lesions.erythema[i]), float(episodes.erythema[row]))
        if stage == SCAR:
            add = np.repeat(add.mean(-1, keepdims=True), 3, axis=-1)
    total[y0:y1, x0:x1] += add
    number = int(lesions.lesion_id[i])
    reached = (add != 0).any(-1)
    support[y0:y1, x0:x1][reached] = number
    inner = core[y0:y1, x0:x1]
    inner[(away <= 1) & reached] = number
