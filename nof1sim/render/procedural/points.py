"""Key points of a head in one view: the canonical ones of the chart, the pupils, and the 68 of common landmarkers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import JAW_LINE, KEY_POINTS
from nof1sim.render.procedural import atlas
from nof1sim.render.procedural.eyeball import gaze, pupil_centres
from nof1sim.render.procedural.fields import turn
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import FRONT_LEFT, FRONT_PER_MM, FRONT_TOP, Head
from nof1sim.render.procedural.landmarks import brow_line, skewed
from nof1sim.render.procedural.lids import EYE_RADIUS_MM
from nof1sim.render.procedural.mouth import bow_peak, lip_curves
from nof1sim.render.procedural.screen import Camera, Screen

F32 = NDArray[np.floating]
COVER_MM = 12.0
"""Hair and cloth lie up to this over the skin: a point under them is known, one behind the head is not."""


@dataclass(frozen=True, slots=True)
class Points:
    """names (k); place (k, 3): camera axes of the view, mm; smile (k, 3): mm moved by a full smile."""

    names: tuple[str, ...]
    place: F32
    smile: F32


def frontal_68(head: Head) -> tuple[NDArray, NDArray]:
    """The 68-point scheme (Sagonas et al., ICCV workshops 2013): chart points (17, 2) of the contour, and frontal mm
    (51, 2) of brows, nose, eyes and mouth, in the scheme's order (it starts at the image's left)."""
    face, m = head.face, head.marks
    jaw = np.array(JAW_LINE)
    contour = np.concatenate([jaw * [-1, 1], jaw[-2::-1]])
    s = np.linspace(0.02, 0.98, 5)
    brow = np.stack([m.brow_inner + (m.brow_outer - m.brow_inner) * s, brow_line(face, s)], -1)
    bridge = np.stack([np.zeros(4), np.linspace(m.nasion, m.pronasale, 4)], -1)
    base = np.array([(0.62, 2.2), (0.32, 0.6), (0.0, 0.0), (-0.32, 0.6), (-0.62, 2.2)])
    nostrils = np.stack([-base[:, 0] * m.nose_half, m.subnasale + base[:, 1]], -1)
    lids = head.lids
    x = m.eye_inner + (m.eye_outer - m.eye_inner) * np.array([0.0, 1 / 3, 2 / 3, 1.0])
    up, low = lids.upper_at(x), lids.lower_at(x)
    corner = 0.5 * (up + low)
    left_eye = np.array([
        (x[0], corner[0]), (x[1], up[1]), (x[2], up[2]), (x[3], corner[3]), (x[2], low[2]), (x[1], low[1]),
    ])  # fmt: skip
    right_eye = left_eye[[3, 2, 1, 0, 5, 4]] * [-1, 1]
    return contour, np.concatenate([brow[::-1] * [-1, 1], brow, bridge, nostrils, right_eye, left_eye, _mouth(head)])


def _mouth(head: Head) -> NDArray:
    """Twelve points round the lips and eight along the line between them, (20, 2), from the image's left corner."""
    m = head.marks
    x = np.array([0.0, bow_peak(m), 0.25 * m.mouth_half, 0.3 * m.mouth_half, 0.62 * m.mouth_half, 0.9 * m.mouth_half,
                  m.mouth_half])  # fmt: skip
    line, upper, lower = lip_curves(head.face, m, x)
    top, base = line + upper, line - lower
    # Of each row, from the image's left: the indices of x, with the side they lie on.
    rows = (
        (line, [(6, -1)]), (top, [(4, -1), (1, -1), (0, 1), (1, 1), (4, 1)]), (line, [(6, 1)]),
        (base, [(4, 1), (2, 1), (0, 1), (2, -1), (4, -1)]),
        (line, [(5, -1), (3, -1), (0, 1), (3, 1), (5, 1), (3, 1), (0, 1), (3, -1)]),
    )  # fmt: skip
    return np.array([(side * x[i], y[i]) for y, places in rows for i, side in places])


def points_of(head: Head, screen: Screen, camera: Camera) -> Points:
    """All key points of a head, seen by `camera`."""
    names = list(KEY_POINTS)
    chart = np.array([KEY_POINTS[name] for name in names])
    contour, frontal = frontal_68(head)
    u, v = atlas.on_mesh(head.chart, *np.concatenate([chart, contour]).T)
    frontal = skewed(head.face, np.concatenate([frontal, np.zeros((len(frontal), 1))], 1))
    fx, fy = (frontal[:, 0] - FRONT_LEFT) * FRONT_PER_MM, (FRONT_TOP - frontal[:, 1]) * FRONT_PER_MM
    u = np.concatenate([u, sample(head.front[0], fx, fy)])
    v = np.concatenate([v, sample(head.front[1], fx, fy)])
    placed, smile = camera.place(sample(head.skin, u, v)), turn(sample(head.smile, u, v), camera.rotation)
    pupils = np.stack([c + EYE_RADIUS_MM * gaze(screen, c) for c in pupil_centres(head, screen)])
    scheme = tuple(f"ibug_{k + 1:02d}" for k in range(len(contour) + len(frontal)))
    return Points(
        (*names, *scheme, "pupil_left", "pupil_right"),
        np.concatenate([placed, pupils]).astype(np.float32),
        np.concatenate([smile, np.zeros((2, 3), np.float32)]).astype(np.float32),
    )
