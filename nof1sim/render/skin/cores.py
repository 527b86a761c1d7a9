"""Which lesion a pixel belongs to: the map of touched pixels and, within the table's radius, of cores."""

from __future__ import annotations

from nof1sim.render.compiled import njit
from nof1sim.render.skin.lanes import FAR, LANES


@njit()
def label(met, pixel, nearest, closeness, ids, touched, core):
    """Fill touched and core (h * w,), zero before, with lesion ids, and restore `met` to 0.

    A pixel belongs to the lesion whose centre is nearest along the skin, in radii; it is core within one radius.
    """
    for number in range(met.size):
        if not met[number]:
            continue
        met[number] = 0
        for q in range(number * LANES, min((number + 1) * LANES, pixel.size)):
            if closeness[q] < FAR:
                i = pixel[q]
                touched[i] = ids[nearest[q]]
                if closeness[q] <= 1.0:
                    core[i] = touched[i]
