"""Frontal landmarks of a face, in mm: origin between the pupils, x to the image right, y up. Made from its measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.identity import Face

NASION_Y = 7.0


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Heights (y) and half-widths (x) of named points; see the craniometric names in `nof1sim.chart.KEY_POINTS`."""

    nasion: float
    pronasale: float
    subnasale: float
    labiale_superius: float
    stomion: float
    labiale_inferius: float
    sublabiale: float
    pogonion: float
    menton: float
    trichion: float
    eye_inner: float
    eye_outer: float
    eye_middle: float
    eye_level: float
    nose_half: float
    mouth_half: float
    brow_inner: float
    brow_outer: float


PUPIL_AT = 0.495
"""Where the middle of the globe lies between the corners of the eye."""


def _slant(face: Face, t):
    """Height of the line from corner to corner at t = 0 (inner) .. 1."""
    return -1.4 + face.canthal * t


def landmarks_of(face: Face) -> Landmarks:
    """Stack the measured lengths down the face."""
    sn = NASION_Y - face.nose_height
    ls = sn - face.philtrum
    sto = ls - face.upper_lip
    li = sto - face.lower_lip
    me = min(NASION_Y - face.face_height, li - 28.0)  # a chin of at least 28 mm, whatever the lips took
    sl = li - 0.22 * (li - me) - 1.0
    # Wide-set long eyes still leave room for the temple, and so does the tail of the brow.
    room = face.face_width / 2
    inner = min(face.eye_gap / 2, room - 16.0 - face.eye_length)
    outer = inner + face.eye_length
    return Landmarks(
        nasion=NASION_Y,
        pronasale=sn + 8.6 + face.tip_up,
        subnasale=sn,
        labiale_superius=ls,
        stomion=sto,
        labiale_inferius=li,
        sublabiale=sl,
        pogonion=sl - 0.48 * (sl - me),
        menton=me,
        trichion=NASION_Y + face.forehead,
        eye_inner=inner,
        eye_outer=outer,
        eye_middle=inner + PUPIL_AT * face.eye_length,
        # The globe follows the slant of the fissure in part; the lids make up for the rest.
        eye_level=0.15 + 0.65 * (_slant(face, PUPIL_AT) + 0.3),
        nose_half=face.nose_width / 2,
        mouth_half=face.mouth_width / 2,
        brow_inner=max(inner - 2.6 + 0.7 * face.brow_gap, 9.5),
        brow_outer=min(outer + 4.5 + face.brow_length, room - 12.0),
    )


def brow_line(face: Face, s: NDArray) -> NDArray:
    """Height of the middle of the eyebrow at s = 0 (inner end) .. 1 (outer end)."""
    arch, peak = face.brow_arch, face.brow_peak
    rise = arch * (1 - ((s - peak) / peak) ** 2)
    fall = np.where(s > peak, 1.44 * arch * ((s - peak) / (1 - peak)) ** 2, 0)
    return face.brow_height + 1.0 + rise - fall + face.brow_tilt * (s - 0.5) - 10.4 * np.maximum(0.15 - s, 0)


def brow_half(face: Face, s: NDArray) -> NDArray:
    """Half-thickness of the eyebrow along it."""
    return face.brow_thickness * 0.6 * np.interp(s, [0, 0.12, 0.5, 0.8, 1], [0.75, 1.05, 0.95, 0.55, 0.18])


def lid_curves(face: Face, marks: Landmarks, n: int = 96) -> tuple[NDArray, NDArray, NDArray]:
    """x, upper y, lower y (n,) of the palpebral fissure on the x > 0 side.

    From the middle of the pupil a relaxed upper lid is 4 to 4.5 mm away and covers 1 to 2 mm of the iris, the lower one
    at its edge (margin reflex distances: Murchison et al., Arch Facial Plast Surg 2009, 11:303; Dutton 2004): without
    that every face looks startled.
    """
    t = np.linspace(0, 1, n)
    x = marks.eye_inner + (marks.eye_outer - marks.eye_inner) * t
    base, wide = _slant(face, t), face.eye_height - 11.3
    over = float(np.clip(4.05 + 0.50 * wide - 0.30 * face.hood, 2.7, 5.0))
    under = float(np.clip(5.35 + 0.30 * wide, 4.6, 6.0))

    # `eye_arc` moves the highest point of the upper lid outwards, `lid_low` the lowest of the lower lid; a small power
    # makes an arch full as far as the corners.
    def arch(s: NDArray, late: float, power: float) -> NDArray:
        return np.sin(np.pi * s**late) ** power

    above, below = (0.80 + 0.05 * face.eye_arc, 0.74 - 0.07 * face.lid_round), (1.18 + 0.08 * face.lid_low, 0.86)
    at = np.array(PUPIL_AT)
    rise, fall = marks.eye_level + over - _slant(face, at), _slant(face, at) - marks.eye_level + under
    upper = base + rise * arch(t, *above) / arch(at, *above)
    lower = base - fall * arch(t, *below) / arch(at, *below)
    return x, upper, lower


def skewed(face: Face, p: NDArray) -> NDArray:
    """Shift points (..., 3) of the symmetric head by the person's asymmetry: nose, mouth, chin, eyes, brows, cheeks."""
    a = face.asymmetry
    x, y = p[..., 0], p[..., 1]
    k = 0.6
    fade = np.exp(-((np.abs(x) / 60) ** 4))
    sideways = (
        0.7 * a[0] * np.exp(-(((y + 38) / 18) ** 2))
        + 0.8 * a[1] * np.exp(-(((y + 70) / 20) ** 2))
        + 0.8 * a[2] * np.exp(-(((y + 100) / 22) ** 2))
    )
    up = (
        0.6 * a[3] * np.tanh(x / 30) * np.exp(-(((y - 8) / 18) ** 2))
        + 0.8 * a[4] * np.tanh(x / 25) * np.exp(-(((y + 70) / 15) ** 2))
        + 0.5 * a[5] * np.tanh(x / 30) * np.exp(-(((y - 22) / 9) ** 2))
    )
    out = 1.1 * a[6] * np.tanh(x / 40) * np.exp(-(((y + 50) / 40) ** 2))
    return p + k * np.stack([sideways * fade, up, out], -1).astype(p.dtype)
