"""Which lesion a pixel belongs to: the map of touched pixels and, within the table's radius, of cores."""

from __future__ import annotations

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin.blocks import LANES
from nof1sim.render.skin.lanes import A_NEAR, A_WHICH, CHANNELS, FAR


@njit()
def label(met, pixel, acc, ids, touched, core):
    """Fill touched and core (h * w,), zero before, with lesion ids, and restore `met` to -1; see `paint.paint`.

    A pixel belongs to the lesion whose centre is nearest along the skin, in radii; it is core within one radius.
    """
    for number in range(met.size):
        at = met[np.uint64(number)]
        if at < 0:
            continue
        met[np.uint64(number)], start, a = -1, number * LANES, np.uint64(at * CHANNELS * LANES)
        for column in range(min(LANES, pixel.size - start)):
            k = np.uint64(column)
            near = acc[a + A_NEAR + k]
            if near < FAR:
                i = np.uint64(pixel[np.uint64(start) + k])
                touched[i] = ids[np.uint64(acc[a + A_WHICH + k])]
                if near <= 1:
                    core[i] = touched[i]
