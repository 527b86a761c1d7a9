"""Wrinkles of the upper face, line by line: heights in mm, and how much each hides of the light.

Where they run and when they begin follows the atlas of Bazin and Doublet (Skin Aging Atlas, 2007), which grades
forehead, glabella, crow's feet, lower lid and nasolabial fold from the thirties on; on dark skin the same lines come
later (Rawlings, Int J Cosmet Sci 2006, 28:79). Lines lie across the pull of frontalis, corrugator
and orbicularis. Their number, depth, width and breaks are a person's own; amounts by eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

if TYPE_CHECKING:
    from nof1sim.render.procedural.pigment import Spots

F32 = NDArray[np.floating]
FROM_YEARS, OVER_YEARS = 26.0, 19.0
"""Seeming age at which lines begin, and years until they are those of 45."""


def wrinkling(face: Face) -> float:
    """0 before lines show, 1 at a seeming 45 on light skin."""
    late = 4.0 * float(np.clip((25 - face.ita_deg) / 50, 0, 1))
    return float(np.clip((face.seeming_years - FROM_YEARS - late) / OVER_YEARS, 0, 1.3))


def wrinkles(face: Face, m: Landmarks, s: Spots) -> tuple[F32, F32]:
    """Height (n,), and shade (n,) 0 .. 1 in the depth of lines."""
    height, shade = np.zeros_like(s.x), np.zeros_like(s.x)
    age = wrinkling(face)
    if age <= 0:
        return height, shade
    broken = 0.72 + 0.75 * s.n["mid"]
    for part in (_forehead, _frown, _crows_feet, _lower_lid):
        part(face, m, s, age, np.clip(broken, 0, 1.3), height, shade)
    fold = s.layers["fold"] * np.clip(0.5 + 0.5 * broken, 0, 1) * age
    height -= 0.22 * fold
    shade += 0.55 * fold
    return height, np.clip(shade, 0, 1)


def _add(at: NDArray, d: F32, width: float, amount: F32, depth: float, height: F32, shade: F32) -> None:
    """One line at rows `at`: a groove `depth` mm deep at distances `d`, between two faint swellings."""
    near = np.flatnonzero((np.abs(d) < 6.5 * width) & (amount > 0.01))
    at, d, amount = at[near], d[near], amount[near]
    groove = np.exp(-((d / width) ** 2))
    swell = np.exp(-(((np.abs(d) - 2.6 * width) / (1.5 * width)) ** 2))
    height[at] += depth * amount * (0.40 * swell - groove)
    shade[at] += 3.0 * depth * amount * np.exp(-((d / (0.75 * width)) ** 2))


def _forehead(face: Face, m: Landmarks, s: Spots, age: float, broken: F32, height: F32, shade: F32) -> None:
    """Three or four lines between brows and hair, over each brow an arch, lower in the middle."""
    rng = stream(face.noise_seed, "wrinkles", "forehead")
    own, low, high = rng.uniform(0, 1, (4, 6)), face.brow_height + 9.0, m.trichion - 12.0
    liking = float(rng.uniform(0.45, 1.15))  # some hardly raise their brows
    at = np.flatnonzero((s.y > low - 8) & (s.y < high + 6) & (s.x < 52))
    x, bend = s.p[at, 0], 1.5 * s.n["wide"][at] + 0.35 * s.n["mid"][at]
    arch = 1.8 * np.exp(-(((s.x[at] - 20) / 13) ** 2)) - 0.0045 * np.maximum(s.x[at] - 24, 0) ** 2
    for k, u in enumerate(own):
        strength = liking * (0.45 + 0.55 * u[0]) * float(np.clip(1.7 * age - 0.25 * ((k + 1) % 4), 0, 1.3))
        if strength < 0.05:
            continue
        level = low + (high - low) * (k + 0.15 + 0.7 * u[1]) / 4
        left, right = -16 - 24 * u[2], 16 + 24 * u[3]
        reach = ramp(left - 6, left + 8, x) * ramp(right + 6, right - 8, x)
        d = s.y[at] - level - (0.7 + 0.6 * u[5]) * arch - bend
        _add(at, d, 0.75 + 0.55 * u[4], reach * broken[at], 0.36 * strength, height, shade)


def _frown(face: Face, m: Landmarks, s: Spots, age: float, broken: F32, height: F32, shade: F32) -> None:
    """Two upright lines between the brows, seldom alike."""
    own = stream(face.noise_seed, "wrinkles", "frown").uniform(0, 1, (2, 5))
    middle = face.brow_height - 2.0
    at = np.flatnonzero((s.x < 16) & (np.abs(s.y - middle) < 22))
    for side, u in zip((-1.0, 1.0), own, strict=True):
        strength = (0.15 + 0.85 * u[0]) * age
        up = s.y[at] - middle
        d = side * s.p[at, 0] - (4.5 + 3.0 * u[1]) - (0.10 + 0.12 * u[2]) * up - 0.5 * s.n["mid"][at]
        reach = ramp(-9 - 3 * u[3], -2, up) * ramp(12 + 5 * u[4], 2, up)
        _add(at, d, 0.85, reach * (0.4 + 0.6 * broken[at]), 0.30 * strength, height, shade)


def _crows_feet(face: Face, m: Landmarks, s: Spots, age: float, broken: F32, height: F32, shade: F32) -> None:
    """Lines that fan out from the outer corners of the eyes."""
    rng = stream(face.noise_seed, "wrinkles", "eyes")
    own, liking = rng.uniform(0, 1, (2, 5, 6)), float(rng.uniform(0.55, 1.15))
    cx, cy = m.eye_outer + 0.5, -1.4 + face.canthal
    for side, lines in zip((-1.0, 1.0), own, strict=True):
        dx, dy = side * s.p[:, 0] - cx, s.y - cy
        at = np.flatnonzero((dx > 0) & (dx < 30) & (np.abs(dy) < 24))
        dx, dy = dx[at], dy[at] + 0.35 * s.n["mid"][at]
        r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
        for k, u in enumerate(lines):
            strength = liking * (0.3 + 0.7 * u[0]) * float(np.clip(1.6 * age - 0.2 * ((2 * k + 1) % 5), 0, 1.2))
            if strength < 0.05:
                continue
            # Downwards they bend towards the cheek.
            way = np.radians(36 - 21 * k + 12 * (u[1] - 0.5)) - 0.012 * (u[2] + 0.2) * r
            start, end = 4 + 3 * u[3], 12 + 11 * u[4] - 2.5 * (k == 4)
            reach = ramp(start, start + 3.5, r) * ramp(end + 2, end - 6, r)
            _add(at, (angle - way) * r, 0.55 + 0.3 * u[5], reach * broken[at], 0.32 * strength, height, shade)


def _lower_lid(face: Face, m: Landmarks, s: Spots, age: float, broken: F32, height: F32, shade: F32) -> None:
    """Creases below the lower lid, along it, steeper towards the nose."""
    own = stream(face.noise_seed, "wrinkles", "lids").uniform(0, 1, (2, 3, 5))
    long = face.eye_length
    for side, lines in zip((-1.0, 1.0), own, strict=True):
        t = (side * s.p[:, 0] - m.eye_inner) / long
        at = np.flatnonzero((t > -0.1) & (t < 1.15) & (s.y > -26) & (s.y < 0))
        t, y = t[at], s.y[at] + 0.3 * s.n["mid"][at]
        lid = -1.4 + face.canthal * t - 6.4 * np.sqrt(np.clip(np.sin(np.pi * np.clip(t, 0.02, 0.98)), 0, 1))
        for k, u in enumerate(lines):
            strength = (0.35 + 0.65 * u[0]) * float(np.clip(1.5 * age - 0.25 * k, 0, 1.2))
            below = 2.2 + 2.3 * k + 1.2 * u[1] - (1.5 + u[2]) * (t - 0.4)
            reach = ramp(0.02 + 0.35 * u[3], 0.3 + 0.3 * u[3], t) * ramp(0.75 + 0.4 * u[4], 0.55 + 0.3 * u[4], t)
            _add(at, y - lid + below, 0.55, reach * broken[at], 0.16 * strength, height, shade)
