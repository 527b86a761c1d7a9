"""Which lesion a pixel belongs to: the map of touched pixels and, within the table's radius, of cores."""

from __future__ import annotations

from nof1sim.render.compiled import njit


@njit()
def label(where, pixel, nearest, closeness, ids, touched, core):
    """Fill touched and core (h * w,), zero before, with lesion ids, and restore `where` to -1.

    A pixel belongs to the lesion whose centre is nearest along the skin, in radii; it is core within one radius.
    """
    for q in range(where.size):
        m = where[q]
        if m < 0:
            continue
        i = pixel[q]
        touched[i] = ids[nearest[m]]
        if closeness[m] <= 1.0:
            core[i] = touched[i]
        where[q] = -1
