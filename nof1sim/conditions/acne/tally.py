"""Counting lesions by day, stage, side, area and cell: one compiled pass over a table of lesion days."""

from __future__ import annotations

import numpy as np

from .compiled import njit

_NODULE, _LEFT, _RIGHT, _RED = 2, 5, 6, 7  # columns of `scores`


@njit()
def tally(days, day, row, stage, counted, visible, left, area, cell, stage_tally, grade):
    """Tallies (days, 10), worst GAGS grade per area (days, 5), lesions per face cell (days, 8).

    day, row, stage, counted, visible: per entry (`row` is the lesion's place in left, area, cell). Lesions are tallied
    if they are counted, marks if they are visible.
    """
    sums, worst, held = np.zeros((days, 10), np.int64), np.zeros((days, 5), np.int64), np.zeros((days, 8), np.int64)
    for k in range(day.size):
        d, what, i = day[k] - 1, stage_tally[stage[k]], row[k]
        if what < 0 or d < 0 or d >= days:
            continue
        if what >= _RED:
            sums[d, what] += visible[k]
        elif counted[k]:
            sums[d, what] += 1
            held[d, cell[i]] += 1
            worst[d, area[i]] = max(worst[d, area[i]], grade[stage[k]])
            if what <= _NODULE:
                sums[d, _LEFT if left[i] else _RIGHT] += 1
    return sums, worst, held
