"""Scores of an exanthem per day, from the lesion tables alone: counts, share of the skin, erythema, CTCAE grade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.conditions.counts import CountMap
from nof1sim.model import STAGE_CODE, STAGES, Floats, Ints

from . import counts as maps
from .walk import MACULE, PAPULE

ERYTHEMA_TOP = 3.0
"""Score of an erythema of 1, the redness of a fresh inflamed papule's core."""


def _codes(stage: NDArray[Any]) -> Ints:
    if stage.dtype.kind in "iu":
        return stage.astype(np.int64)
    unique, inverse = np.unique(stage.astype(str), return_inverse=True)
    return np.array([STAGE_CODE[str(name)] for name in unique], np.int64)[inverse]


def _covered(x: Floats, y: Floats, radius: Floats, lesion: Ints, day: Ints, red: Floats, days: int) -> list[Floats]:
    """Per day: the share of the face's cells that lie in a lesion, and the mean over them of the erythema they sum.

    x, y (lesions,); radius, lesion, day (0-based), red (entries,).
    """
    from .cover import add, face_grid

    grid, order = face_grid(), np.argsort(day, kind="stable")
    starts = np.searchsorted(day[order], np.arange(days + 1))
    share, mean = np.zeros(days), np.zeros(days)
    for d in range(days):
        entry = order[starts[d] : starts[d + 1]]
        total, held = np.zeros(grid.x_mm.size), np.zeros(grid.x_mm.size, bool)
        add(grid, x[lesion[entry]], y[lesion[entry]], radius[entry], red[entry], total, held)
        share[d] = held.mean()
        mean[d] = total[held].mean() if held.any() else 0.0
    return [share, mean]


def scores_of_tables(
    lesions: Mapping[str, NDArray[Any]], lesion_days: Mapping[str, NDArray[Any]], days: int, counts: CountMap
) -> dict[str, NDArray[Any]]:
    """All scores of one patient from the tables as saved, (days,) each.

    lesions : columns lesion_id, x_mm, y_mm.
    lesion_days : columns day (1-based), lesion_id, stage (names or codes), diameter_mm, erythema, counted.
    A lesion_id that `lesions` lacks raises KeyError.
    """
    ids = np.asarray(lesions["lesion_id"], np.int64)
    place = np.full(int(ids.max(initial=0)) + 1, -1, np.int64)
    place[ids] = np.arange(ids.size)
    asked = np.asarray(lesion_days["lesion_id"], np.int64)
    lesion = place.take(asked, mode="clip") if asked.size else asked
    if (lesion < 0).any() or not np.array_equal(ids[lesion], asked):
        raise KeyError("lesion_days names lesions that the lesion table lacks")
    day, stage = np.asarray(lesion_days["day"], np.int64) - 1, _codes(np.asarray(lesion_days["stage"]))
    counted = np.asarray(lesion_days["counted"], bool)
    x, y = np.asarray(lesions["x_mm"], float), np.asarray(lesions["y_mm"], float)
    # Files hold these two as 32-bit numbers: a score is that of the numbers as saved.
    radius, red = (np.asarray(lesion_days[name], np.float32).astype(float) for name in ("diameter_mm", "erythema"))
    radius *= 0.5

    def tally(which: NDArray[np.bool_]) -> Ints:
        return np.bincount(day[which], minlength=days)[:days].astype(np.int64)

    n, left = tally(counted), tally(counted & (x[lesion] > 0))
    share, redness = _covered(x, y, radius[counted], lesion[counted], day[counted], red[counted], days)
    return {
        "n_inflammatory": n,
        "n_papule": tally(counted & (stage == PAPULE)),
        "n_macule": tally(counted & (stage == MACULE)),
        "n_nodule": np.zeros(days, np.int64),
        "n_left": left,
        "n_right": n - left,
        "n_hyperpigmentation": tally(stage == STAGES.index("hyperpigmentation")),
        "clear": n == 0,
        "severity_lesions": counts.severities(n.astype(float)),
        "clinical_area_share": share,
        "clinical_erythema": np.minimum(ERYTHEMA_TOP * redness, ERYTHEMA_TOP),
        "clinical_ctcae_face": maps.ctcae(share).astype(float),
    }
