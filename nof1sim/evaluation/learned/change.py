"""What changes from a day to the next: outside the lesions, where nothing should, and in the lesions themselves.

Where the lesions are is the analytic renderer's truth, for every renderer: the same patients, days and view, without
nuisance. A renderer that invents another face is judged on places that are only roughly its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...analysis.images import Pixels
from ...analysis.preprocess import log_red_green
from ...model import Floats
from ...render.masks import dilate

Ids = NDArray[np.int32]
RING_PX = 2
"""Width of the ring that a core's redness is compared with."""
LEAST_PAIRS = 10
"""Fewer lesion-days of a patient have no correlation."""
LEAST_CONTRAST = 0.1
"""Of the analytic lesions' redness: a renderer that draws less draws no lesions there that could persist. Without this
bound a face that is smoothly recoloured with severity, and has no lesion at all, would persist at .9."""


@dataclass(frozen=True, slots=True)
class Change:
    """From a day to the next, over the pairs of neighbouring days of a panel.

    outside_grey : mean absolute change outside the analytic supports of both days, mean of the channels, grey levels.
    outside_share : share of those pixels of which a channel changes at all.
    inside_grey : as outside_grey, within the supports. A picture that stands still has 0 here, too.
    pairs : how many pairs of days.
    """

    outside_grey: float | None
    outside_share: float | None
    inside_grey: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Persistence:
    """Lesions over days, in log units of the redness index log(R/G).

    contrast : how much redder the analytic cores are than the ring around them, beyond what the renderer's own clear
    face has at the same place; mean over lesions and days.
    same : Pearson's correlation of that contrast with the same lesion's on the next day, over the lesion-days of a
    patient; median over patients. 0 where the mean contrast is below `LEAST_CONTRAST` of the analytic one.
    agreement : correlation of the redness change from the clear face with that of the analytic renderer, pixel by
    pixel within any day's support, over days; median over patients. 1 for the analytic one itself.
    lesion_days : behind `contrast`.  patients : behind `same`.
    """

    contrast: float | None
    same: float | None
    agreement: float | None
    lesion_days: int
    patients: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Intersection over union of a renderer's own masks on neighbouring days: median over lesions (by id) and pairs of
    days, of those that are on both."""

    iou: float | None
    n: int


def change(panel: Pixels, support: Ids) -> Change:
    """Of a panel (patients, days, h, w, 3) and the analytic supports (patients, days, h, w)."""
    grey_out, grey_in, any_out, n_out, n_in = 0.0, 0.0, 0, 0, 0
    for pictures, touched in zip(panel, support, strict=True):
        away = np.abs(np.diff(pictures.astype(np.int16), axis=0))
        inside = (touched[1:] != 0) | (touched[:-1] != 0)
        mean = away.mean(-1)
        grey_out, grey_in = grey_out + float(mean[~inside].sum()), grey_in + float(mean[inside].sum())
        any_out += int((away[~inside] > 0).any(-1).sum())
        n_in, n_out = n_in + int(inside.sum()), n_out + int((~inside).sum())
    pairs = panel.shape[0] * (panel.shape[1] - 1)
    return Change(_share(grey_out, n_out), _share(any_out, n_out), _share(grey_in, n_in), pairs)


def persistence(
    panel: Pixels, clear: Pixels, lesion: Ids, support: Ids, analytic: tuple[Pixels, Pixels]
) -> Persistence:
    """Of a renderer's panel (patients, days, h, w, 3) and clear faces (patients, h, w, 3), by the analytic lesion and
    support masks (patients, days, h, w).  analytic : the analytic renderer's own panel and clear faces."""
    contrasts, true, same, agreement = [], [], [], []
    for i in range(len(panel)):
        redder, theirs = _redder(panel[i], clear[i]), _redder(analytic[0][i], analytic[1][i])
        table = core_contrasts(redder, lesion[i])
        contrasts.append(table[np.isfinite(table)])
        of_truth = core_contrasts(theirs, lesion[i])
        true.append(of_truth[np.isfinite(of_truth)])
        if (rho := _day_to_day(table)) is not None:
            same.append(rho)
        where = (support[i] != 0).any(0)
        if where.any():
            agreement.append(_pearson(redder[:, where].ravel(), theirs[:, where].ravel()))
    every = np.concatenate(contrasts)
    mean = float(every.mean()) if every.size else None
    drawn = mean is not None and mean >= LEAST_CONTRAST * float(np.concatenate(true).mean()) and mean > 0
    return Persistence(
        mean,
        (float(np.median(same)) if drawn else 0.0) if same else None,
        float(np.median(agreement)) if agreement else None,
        every.size,
        len(same),
    )


def core_contrasts(redder: Floats, lesion: Ids) -> Floats:
    """Mean of `redder` (days, h, w) in each lesion's core minus that in its ring; (days, lesions), NaN where a lesion
    is not on that day, or no pixel of its ring is free of cores. lesion : (days, h, w), ids."""
    ids = np.unique(lesion[lesion > 0])
    out = np.full((len(lesion), ids.size), np.nan)
    for day, (map_, cores) in enumerate(zip(redder, lesion, strict=True)):
        around = np.where(cores == 0, dilate(cores, RING_PX), 0)
        out[day] = _means(map_, cores, ids) - _means(map_, around, ids)
    return out


def overlap(lesion: Ids) -> Overlap:
    """Of a renderer's own masks (patients, days, h, w); None where it gives none."""
    found: list[float] = []
    for masks in lesion:
        for first, second in pairwise(masks):
            ids = np.intersect1d(first[first > 0], second[second > 0])
            size = int(ids.max(initial=0)) + 1
            one, two, both = (
                np.bincount(some, minlength=size)[ids]
                for some in (first.ravel(), second.ravel(), first[first == second])
            )
            found += (both / (one + two - both)).tolist()
    return Overlap(float(np.median(found)) if found else None, len(found))


def _redder(pictures: Pixels, clear: Pixels) -> Floats:
    """Redness index minus that of the clear face, (days, h, w)."""
    return (log_red_green(pictures) - log_red_green(clear)).astype(float)


def _means(map_: Floats, labels: Ids, ids: Ids) -> Floats:
    """(ids,) mean of a map over each label, NaN where it has no pixel."""
    size = int(max(labels.max(initial=0), ids.max(initial=0))) + 1
    count = np.bincount(labels.ravel(), minlength=size).astype(float)
    total = np.bincount(labels.ravel(), map_.ravel(), minlength=size)
    count[count == 0] = np.nan
    return (total / count)[ids]


def _day_to_day(table: Floats) -> float | None:
    """Correlation of (days, lesions) with the next day, all lesions together."""
    first, second = table[:-1].ravel(), table[1:].ravel()
    both = np.isfinite(first) & np.isfinite(second)
    return _pearson(first[both], second[both]) if both.sum() >= LEAST_PAIRS else None


def _pearson(a: Floats, b: Floats) -> float:
    """Pearson's correlation; 0 where one of them is constant."""
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _share(part: float, whole: int) -> float | None:
    return float(part / whole) if whole else None
