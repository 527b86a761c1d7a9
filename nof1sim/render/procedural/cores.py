"""The core of each lesion as a label image: every picture pixel within the table's radius of its centre, in 3-D mm."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nof1sim.render.procedural.lesions import ID, RADIUS, REACH, X, Y, Z
from nof1sim.render.procedural.plate import Plate


@njit(cache=True, fastmath=True)
def _cores(spot, slot, rec, place, supersample, out, closeness):
    h, w = out.shape
    for i in range(rec.shape[0]):
        r = rec[i, RADIUS]
        half = place[i, 2] / supersample * r / rec[i, REACH] + 2
        cx, cy = (place[i, 0] + 0.5) / supersample - 0.5, (place[i, 1] + 0.5) / supersample - 0.5
        for y in range(max(0, int(cy - half)), min(h - 1, int(cy + half) + 1) + 1):
            for x in range(max(0, int(cx - half)), min(w - 1, int(cx + half) + 1) + 1):
                q = slot[y, x]
                if q < 0:
                    continue
                dx, dy, dz = spot[q, 0] - rec[i, X], spot[q, 1] - rec[i, Y], spot[q, 2] - rec[i, Z]
                d = np.sqrt(dx * dx + dy * dy + dz * dz) / r
                if d <= 1.0 and d < closeness[y, x]:
                    closeness[y, x] = d
                    out[y, x] = np.int32(rec[i, ID])


def core_labels(plate: Plate, rec: NDArray, place: NDArray) -> NDArray[np.int32]:
    """(s, s) lesion ids, 0 elsewhere; where cores overlap, the lesion whose centre is nearer in radii."""
    out = np.zeros(plate.skin.slot.shape, np.int32)
    closeness = np.full(out.shape, 1e9, np.float32)
    _cores(plate.skin.spot, plate.skin.slot, rec, place, 1, out, closeness)
    return out
