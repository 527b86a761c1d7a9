"""Fine relief of facial skin: pores, grain, wrinkles. Heights in mm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import blob, ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks
from nof1sim.render.procedural.noise import cells, noise

if TYPE_CHECKING:
    from nof1sim.render.procedural.pigment import Spots

F32 = NDArray[np.floating]
PORE_GRID_MM = 0.80
"""Mean spacing of follicular openings, judged by eye; only a part of them shows."""


def pores(face: Face, m: Landmarks, s: Spots, seed: int) -> F32:
    """Visible pores, 0 .. 1: nose, medial cheeks, middle of forehead, chin; of many sizes."""
    x, y = s.x, s.y
    zone = 0.34 + 0.9 * blob(x, y, 20, -26, 14, 15) + 1.1 * blob(x, y, 0, m.pronasale + 3, 14, 14)
    zone = zone + 0.45 * blob(x, y, 0, 36, 26, 20) + 0.45 * blob(x, y, 0, m.pogonion, 14, 10)
    zone = np.clip(zone, 0, 1.4) * face.pores
    d, label = cells(s.p, PORE_GRID_MM, seed + 61)
    size = 0.12 + 0.26 * label * label
    return ramp(1.0, 0.0, (d - 0.02) / (size + 0.03)) * np.clip(zone * (0.35 + 0.65 * label), 0, 1.4)


def relief(face: Face, m: Landmarks, s: Spots, seed: int, pore: F32, lip: F32) -> F32:
    """Height of bare skin at the spots (lips get their own)."""
    rough = 1 - 0.55 * blob(s.x, s.y, m.eye_middle, -2, 20, 14)
    h = 0.062 * s.n["grain"] + 0.048 * s.n["fine"] + 0.045 * noise(s.p, 3.4, seed + 72) + 0.05 * s.n["mid"]
    h = h * rough * float(np.interp(face.age_years, [11, 18, 28, 50], [0.60, 0.85, 1.0, 1.35])) - 0.14 * pore
    return h + _wrinkles(face, m, s) + _under_eye(face, m, s)


def _wrinkles(face: Face, m: Landmarks, s: Spots) -> F32:
    x, y = s.x, s.y
    age = float(np.clip((face.age_years - 26) / 18, 0, 1.4))
    if age <= 0:
        return np.zeros_like(x)
    wave = (y - 0.004 * x * x + 2.2 * s.n["wide"] + 0.5 * s.n["mid"]) * 2 * np.pi / 11.0
    h = -0.30 * age * np.maximum(np.sin(wave) - 0.6, 0) * blob(x, y, 0, 48, 32, 15)
    dx, dy = x - m.eye_outer - 5, y - 1
    fan = np.sin(np.arctan2(dy, np.maximum(dx, 0.1)) * 10 + 1.4 * s.n["mid"] + s.n["wide"])
    near = np.exp(-(((np.hypot(dx, dy) - 6) / 6) ** 2))
    h = h - 0.26 * age * np.maximum(fan - 0.55, 0) * near * ramp(0, 3, dx)
    frown = np.exp(-(((x - 5.5 - 0.08 * (y - 14)) / 0.9) ** 2)) * blob(x, y, 5, 15, 8, 6)
    return h - 0.14 * age * frown


def _under_eye(face: Face, m: Landmarks, s: Spots) -> F32:
    """Fine slanting lines under the eye: faint on everybody, more with age."""
    under = np.sin((s.y * 0.95 - 0.15 * s.x) * 2 * np.pi / 1.9 + 2.5 * s.n["mid"])
    amount = 0.022 + 0.03 * float(np.clip((face.age_years - 25) / 20, 0, 1))
    return amount * under * blob(s.x, s.y, m.eye_middle, -8, 11, 3.5)
