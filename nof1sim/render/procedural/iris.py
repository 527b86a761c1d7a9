"""The iris: colour, fibres, collarette, limbal ring and pupil on its plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.noise import noise

F32 = NDArray[np.floating]
IRIS = np.array(
    [[0.018, 0.009, 0.0046], [0.058, 0.027, 0.011], [0.082, 0.056, 0.026], [0.082, 0.108, 0.128], [0.080, 0.090, 0.056]]
)
"""Linear albedo: dark brown, brown, hazel, grey-blue, green."""
INNER = np.array(
    [[0.020, 0.010, 0.0048], [0.068, 0.031, 0.012], [0.075, 0.040, 0.016], [0.110, 0.112, 0.100], [0.095, 0.070, 0.030]]
)
"""The zone round the pupil, where pigment is denser."""
RADIUS_MM = 5.85
"""Visible iris: diameter 11.7 mm (Ruefer et al., Cornea 2005)."""


def iris_colour(face: Face, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Albedo (k, 3) at `x` right and `y` up of the pupil's middle (k,), mm; and the radius (k,)."""
    r, th = np.hypot(x, y), np.arctan2(y, x)
    around = np.stack([np.cos(th) * 9, np.sin(th) * 9, 0.16 * r], -1).astype(np.float32)
    fibre = noise(around, 1.15, face.noise_seed + 17, 3, 0.75)
    crypt = noise(np.stack([x, y, 0 * x], -1).astype(np.float32), 1.7, face.noise_seed + 18, 2, 0.6)
    shade = 1 + 0.22 * np.sin(face.noise_seed * 0.7) if face.iris < 4 else 1.0
    shade = shade * (1 - 0.5 * float(np.clip((20 - face.ita_deg) / 60, 0, 1)))  # light eyes are rare on dark skin
    zone = ramp(face.pupil_mm + 1.5, face.pupil_mm + 0.5, r + 0.35 * fibre)[:, None]
    base = (IRIS[face.iris] * (1 - zone) + INNER[face.iris] * zone) * shade
    light = 1.0 + 0.55 * fibre + 0.22 * crypt + 0.30 * np.exp(-(((r - face.pupil_mm - 1.2) / 0.35) ** 2))
    ring = 1 - 0.72 * ramp(RADIUS_MM - 1.15, RADIUS_MM - 0.1, r)
    caustic = 1 + 0.35 * ramp(-3, 5, x * 0.6 - y * 0.8)  # light gathers opposite to the key
    colour = base * np.clip(light * ring * caustic, 0.12, 2.6)[:, None]
    pupil = ramp(face.pupil_mm - 0.15, face.pupil_mm + 0.20, r)[:, None]
    return colour * pupil + 0.003, r
