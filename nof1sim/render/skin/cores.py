"""Which lesion a pixel belongs to: the map of touched pixels and, within the table's radius, of cores."""

from __future__ import annotations

from nof1sim.render.compiled import njit
from nof1sim.render.skin.blocks import LANES
from nof1sim.render.skin.lanes import FAR


@njit()
def label(met, pixel, nearest, closeness, ids, touched, core):
    """Fill touched and core (h * w,), zero before, with lesion ids, and restore `met` to -1.

    A pixel belongs to the lesion whose centre is nearest along the skin, in radii; it is core within one radius.
    """
    for number in range(met.size):
        if met[number] < 0:
            continue
        start, first = number * LANES, met[number] * LANES
        met[number] = -1
        for k in range(min(LANES, pixel.size - start)):
            if closeness[first + k] < FAR:
                i = pixel[start + k]
                touched[i] = ids[nearest[first + k]]
                if closeness[first + k] <= 1.0:
                    core[i] = touched[i]
