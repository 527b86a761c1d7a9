"""Eyelids: signed distance to the palpebral fissure, skin draped over a sphere, crease, fold, hood and both corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.fields import blob, ramp, smooth_max
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks, lid_curves

F32 = NDArray[np.floating]
EYE_RADIUS_MM = 12.1
"""Radius of the adult globe (axial length about 24 mm)."""
LID_MM = 1.15
"""Thickness of the lid: the skin outside the fissure lies on a sphere larger by this much."""
GLOBE_DEPTH_MM = -26.9
"""Depth of the globe's centre behind the glabella (z): the cornea then lies some 13.5 mm behind it."""
CORNER_MM = 9.6
"""How far the inner corner lies before the globe's centre."""
FLOOR_MM = 2.3
"""How far the floor of the fissure lies behind the lid margins: behind the globe's front, and pink flesh in the
corners, which the globe does not reach."""


@dataclass(slots=True)
class Lids:
    """centre (3,): of the globe at x > 0; distance (rows, columns): mm inside the fissure, negative outside;
    upper: 1 above the fissure; crease, caruncle: masks; xs, upper_y, lower_y: the lid curves."""

    centre: NDArray
    distance: F32
    upper: F32
    crease: F32
    caruncle: F32
    xs: NDArray
    upper_y: NDArray
    lower_y: NDArray

    def upper_at(self, x):
        """Height of the upper lid margin."""
        return np.interp(x, self.xs, self.upper_y)

    def lower_at(self, x):
        """Height of the lower lid margin."""
        return np.interp(x, self.xs, self.lower_y)

    @property
    def shut(self) -> bool:
        """True where no eye shows."""
        return bool((self.upper_y <= self.lower_y).all())


@njit(fastmath=True)
def _signed(x, y, px, py, reach, out):
    n = px.size
    middle = px.mean()
    for q in range(x.size):
        if abs(x[q] - middle) > reach or abs(y[q]) > 0.72 * reach:
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
    xs, upper, lower = (np.append(a[:-1:2], a[-1]) for a in (xs, upper, lower))
    px, py = np.concatenate([xs, xs[::-1]]), np.concatenate([upper, lower[::-1]])
    out = np.empty(x.size, np.float32)
    _signed(np.ascontiguousarray(x).ravel(), np.ascontiguousarray(y).ravel(), px, py, 33.0, out)
    return out.reshape(x.shape)


def _draped(face: Face, m: Landmarks, centre: NDArray, x: F32, y: F32, z: F32, away: F32) -> F32:
    """Skin over globe and lids, joined to the face around."""
    r2 = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    r = EYE_RADIUS_MM + LID_MM + 0.13 * np.clip(away, 0, 8)
    edge = 0.90 * r
    cap = np.sqrt(np.maximum(r * r - np.minimum(r2, edge * edge), 0))
    skirt = cap - 2.0 * np.maximum(np.sqrt(r2) - edge, 0)
    # Towards the nose the lid runs level to its corner instead of round the globe.
    medial = ramp(m.eye_inner + 8, m.eye_inner, x) * ramp(9, 3, np.abs(y + 1.4))
    corner = np.float32(CORNER_MM)
    lid = centre[2] + np.maximum(skirt, corner * medial + (skirt - 1) * (1 - medial))
    return (z + (smooth_max(z, lid, 4.0) - z) * ramp(16, 6, away)).astype(np.float32)


def _relief(face: Face, m: Landmarks, x: F32, y: F32, away: F32, up: F32) -> tuple[F32, F32]:
    """Crease, fold, hood and the bag of the lower lid: height, and mask of the crease."""
    crease_at = face.crease * (0.72 + 0.28 * np.sin(np.pi * np.clip((x - m.eye_inner) / face.eye_length, 0, 1)))
    across = up * ramp(m.eye_inner - 2, m.eye_inner + 6, x) * ramp(m.eye_outer + 8, m.eye_outer - 3, x)
    line = away - crease_at
    above = np.maximum(line, 0)
    hang = ramp(-0.9, 2.4, line) * np.exp(-np.maximum(line - 2.4, 0) / 5.0) * 1.4
    h = across * face.lid_fold * (hang - 0.35 * np.exp(-((line / 0.75) ** 2)))
    lateral = 0.35 + 0.65 * ramp(m.eye_inner + 6, m.eye_outer + 2, x)
    h = h + 1.7 * face.hood * across * lateral * np.exp(-(((above - 0.8) / 3.0) ** 2)) * ramp(-1.8, 1.6, line)
    h = h + face.epicanthus * 1.9 * blob(x, y, m.eye_inner - 1.0, 0.8, 2.6, 4.2)
    under = (1 - up) * ramp(m.eye_inner, m.eye_inner + 8, x) * ramp(m.eye_outer + 6, m.eye_outer - 5, x)
    bag = (0.2 + 0.3 * min(face.tear_trough, 1.2)) * np.exp(-(((away - 2.6) / 1.9) ** 2))
    bag = bag - 0.35 * face.tear_trough * np.exp(-(((away - 6.6) / 2.2) ** 2))
    return h + under * bag, np.exp(-(((line - 0.5) / 0.8) ** 2)) * across


def add_lids(
    face: Face, m: Landmarks, x: F32, y: F32, z: F32, front: F32, base: F32, closed: bool = False
) -> tuple[F32, Lids]:
    """New heights and the lids. `z` with nose, `base` without; `front` fades features out behind the face."""
    xs, upper_y, lower_y = lid_curves(face, m)
    centre = np.array([m.eye_middle, m.eye_level, GLOBE_DEPTH_MM + face.eye_depth])
    inside = _fissure(x, y, xs, upper_y, lower_y)
    away = -inside
    middle = 0.5 * (np.interp(x, xs, upper_y) + np.interp(x, xs, lower_y))
    up = ramp(-1.3, 1.3, y - middle).astype(np.float32)
    z1 = _draped(face, m, centre, x, y, z, np.maximum(away, 0) if closed else away)
    relief, crease = _relief(face, m, x, y, away, up)
    # Shut, the lid is drawn out of its fold.
    z1 = z1 + relief * front * (1 - 0.55 * up if closed else 1.0)
    corner = blob(x, y, m.eye_inner + 1.8, -1.4 + 0.06 * face.canthal, 1.6, 1.5) * ramp(-0.3, 0.2, inside)
    if closed:
        z1, inside, up = _shut(m, x, y, z1, centre, xs, lower_y)
        upper_y, corner, crease = lower_y, corner * 0, 0.4 * crease
    else:
        hole = ramp(-0.2, 0.7, inside)
        z1 = z1 - (FLOOR_MM - 1.0 * corner) * hole * front
    distance = np.where(front > 0.3, inside, -99.0)
    lids = Lids(
        centre, distance.astype(np.float32), up, (crease * front).astype(np.float32), corner.astype(np.float32),
        xs, upper_y, lower_y,
    )  # fmt: skip
    return z1.astype(np.float32), lids


def _shut(m: Landmarks, x: F32, y: F32, z: F32, centre: NDArray, xs: NDArray, lower_y: NDArray):
    """Shut lids: the upper lid reaches down to the lower curve, over the bulge of the cornea."""
    line = y - np.interp(x, xs, lower_y)
    within = ramp(m.eye_inner - 1, m.eye_inner + 3, x) * ramp(m.eye_outer + 2, m.eye_outer - 2, x)
    cornea = 1.3 * blob(x, y, centre[0], centre[1] - 2.5, 5.0, 4.5) * ramp(-0.5, 2.0, line)
    groove = 0.22 * np.exp(-((line / 0.55) ** 2)) * within
    distance = _fissure(x, y, xs, lower_y + 0.05, lower_y - 0.05) - 0.4
    return z + (cornea - groove) * within, distance, ramp(-0.6, 0.6, line).astype(np.float32)
