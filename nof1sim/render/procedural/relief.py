"""Fine relief of facial skin: pores and grain. Heights in mm."""

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
    # They widen as the dermis slackens (Roh et al., Br J Dermatol 2006, 155:890).
    wide = float(np.interp(face.seeming_years, [13, 18, 26, 46], [0.55, 0.9, 1.0, 1.5]))
    zone = np.clip(zone, 0, 1.4) * face.pores * wide
    d, label = cells(s.p, PORE_GRID_MM, seed + 61)
    size = 0.12 + 0.26 * label * label
    return ramp(1.0, 0.0, (d - 0.02) / (size + 0.03)) * np.clip(zone * (0.35 + 0.65 * label), 0, 1.4)


def relief(face: Face, m: Landmarks, s: Spots, seed: int, pore: F32, lip: F32) -> F32:
    """Height of bare skin at the spots (lips get their own), without wrinkles."""
    rough = 1 - 0.55 * blob(s.x, s.y, m.eye_middle, -2, 20, 14)
    h = 0.062 * s.n["grain"] + 0.048 * s.n["fine"] + 0.045 * noise(s.p, 3.4, seed + 72) + 0.05 * s.n["mid"]
    h = h * rough * float(np.interp(face.seeming_years, [11, 15, 20, 28, 48], [0.50, 0.68, 0.86, 1.0, 1.5]))
    return h - 0.14 * pore + _under_eye(face, m, s)


def _under_eye(face: Face, m: Landmarks, s: Spots) -> F32:
    """Fine slanting lines under the eye: faint on everybody, more with age."""
    under = np.sin((s.y * 0.95 - 0.15 * s.x) * 2 * np.pi / 1.9 + 2.5 * s.n["mid"])
    amount = 0.022 + 0.03 * float(np.clip((face.seeming_years - 25) / 20, 0, 1))
    return amount * under * blob(s.x, s.y, m.eye_middle, -8, 11, 3.5)
