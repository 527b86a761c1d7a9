"""Eyelids: signed distance to the palpebral fissure, skin draped over a sphere, crease, fold and hood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import blob, ramp, smooth_max
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks, lid_curves

F32 = NDArray[np.floating]
EYE_RADIUS_MM = 12.1
"""Radius of the adult globe (axial length about 24 mm)."""
LID_MM = 1.15
"""Thickness of the lid: the skin outside the fissure lies on a sphere larger by this much."""


@dataclass(slots=True)
class Lids:
    """centre (3,): of the globe at x > 0; distance (rows, columns): mm inside the fissure, negative outside;
    upper: 1 above the fissure; crease: mask; xs, upper_y, lower_y: the lid curves."""

    centre: NDArray
    distance: F32
    upper: F32
    crease: F32
    xs: NDArray
    upper_y: NDArray
    lower_y: NDArray

    def upper_at(self, x):
        """Height of the upper lid margin."""
        return np.interp(x, self.xs, self.upper_y)

    def lower_at(self, x):
        """Height of the lower lid margin."""
        return np.interp(x, self.xs, self.lower_y)


@njit(cache=True, fastmath=True)
def _signed(x, y, px, py, reach, out):
    n = px.size
    middle = px.mean()
    for q in range(x.size):
        if abs(x[q] - middle) > reach or abs(y[q]) > reach:
            out[q] = -30.0
            continue
        best = 1e9
        inside = False
        for i in range(n):
            j = (i + 1) % n
            dx, dy = px[j] - px[i], py[j] - py[i]
            t = ((x[q] - px[i]) * dx + (y[q] - py[i]) * dy) / max(dx * dx + dy * dy, 1e-12)
            t = min(max(t, 0.0), 1.0)
            ex, ey = x[q] - px[i] - t * dx, y[q] - py[i] - t * dy
            best = min(best, ex * ex + ey * ey)
            if (py[i] > y[q]) != (py[j] > y[q]) and x[q] < dx * (y[q] - py[i]) / (py[j] - py[i]) + px[i]:
                inside = not inside
        out[q] = np.sqrt(best) if inside else -np.sqrt(best)


def _fissure(x: F32, y: F32, xs: NDArray, upper: NDArray, lower: NDArray) -> F32:
    px, py = np.concatenate([xs, xs[::-1]]), np.concatenate([upper, lower[::-1]])
    out = np.empty(x.size, np.float32)
    _signed(np.ascontiguousarray(x).ravel(), np.ascontiguousarray(y).ravel(), px, py, 36.0, out)
    return out.reshape(x.shape)


def add_lids(face: Face, m: Landmarks, x: F32, y: F32, z: F32, front: F32, base: F32) -> tuple[F32, Lids]:
    """New heights and the lids. `z` with nose, `base` without; `front` fades features out behind the face."""
    xs, upper_y, lower_y = lid_curves(face, m)
    seen = (x - m.eye_middle) ** 2 + y**2 + (base < -60) * 1e6
    ez = float(base.ravel()[int(np.argmin(seen))])
    centre = np.array([m.eye_middle, 0.15, ez - EYE_RADIUS_MM + 3.4 + face.eye_depth * 0.7])
    inside = _fissure(x, y, xs, upper_y, lower_y)
    away = -inside
    r2 = (x - centre[0]) ** 2 + (y - centre[1]) ** 2

    def sphere(r):
        edge = 0.94 * r
        cap = np.sqrt(np.maximum(r * r - r2, 0))
        skirt = np.sqrt(r * r - edge * edge) - 1.7 * (np.sqrt(r2) - edge)
        return centre[2] + np.where(r2 < edge * edge, cap, skirt)

    middle = 0.5 * (np.interp(x, xs, upper_y) + np.interp(x, xs, lower_y))
    up = (y > middle).astype(np.float32)
    lid = sphere(EYE_RADIUS_MM + LID_MM + 0.175 * np.clip(away, 0, 6))
    z1 = z + (smooth_max(z, lid, 3.5) - z) * ramp(15, 5, away) * front
    crease_at = face.crease * (0.75 + 0.25 * np.sin(np.pi * np.clip((x - m.eye_inner) / face.eye_length, 0, 1)))
    across = up * ramp(m.eye_inner - 3, m.eye_inner + 5, x) * ramp(m.eye_outer + 9, m.eye_outer - 2, x) * front
    line = away - crease_at
    hang = ramp(-0.3, 1.5, line) * np.exp(-np.maximum(line - 1.5, 0) / 5.5) * 1.5 - 0.7 * np.exp(-((line / 0.7) ** 2))
    z1 = z1 + across * face.lid_fold * hang
    lateral = ramp(m.eye_inner + 4, m.eye_outer + 2, x)
    z1 = z1 + 1.5 * face.hood * across * lateral * np.exp(-(((line - 1.0) / 2.6) ** 2))
    z1 = z1 + face.epicanthus * 1.8 * blob(x, y, m.eye_inner - 1.2, 0.6, 2.6, 4.2) * front
    under = (1 - up) * ramp(m.eye_inner, m.eye_inner + 7, x) * ramp(m.eye_outer + 5, m.eye_outer - 4, x) * front
    bag = 0.55 * np.exp(-(((away - 2.6) / 1.8) ** 2)) - 0.5 * face.tear_trough * np.exp(-(((away - 6.2) / 1.5) ** 2))
    z1 = z1 + under * bag
    # Inside the fissure the skin dives behind the globe, which is ray-traced instead.
    hole = ramp(-0.15, 0.75, inside)
    z1 = np.where(inside > -0.6, z1 * (1 - hole) + (sphere(EYE_RADIUS_MM) - 3.5) * hole, z1)
    crease = np.exp(-((line / 0.55) ** 2)) * across
    distance = np.where(front > 0.3, inside, -99.0)
    lids = Lids(centre, distance.astype(np.float32), up, crease.astype(np.float32), xs, upper_y, lower_y)
    return z1.astype(np.float32), lids
