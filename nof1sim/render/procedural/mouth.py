"""Closed lips and philtrum as a height field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import blob, ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]


def _cushion(s: NDArray, peak: float, end: float, thick: NDArray, tail: float) -> NDArray:
    """Cross-section of a lip: 0 at the mouth line, 1 at its peak, `end` at the vermilion border, fading beyond."""
    up = np.sqrt(np.maximum(1 - (1 - np.clip(s / peak, 0, 1)) ** 2, 0))
    down = 1 - (1 - end) * np.clip((s - peak) / (1 - peak), 0, 1) ** 1.7
    return np.where(s < peak, up, down) * np.exp(-(np.maximum((s - 1) * thick / tail, 0) ** 1.5))


def bow_peak(m: Landmarks) -> float:
    """Distance of the two peaks of Cupid's bow, which end the columns of the philtrum, from the midline."""
    return 0.21 * m.mouth_half


def lip_curves(face: Face, m: Landmarks, x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Height of the line between the lips at `x` >= 0, and how far above and below it their red ends."""
    mw, peak = m.mouth_half, bow_peak(m)
    xh = np.clip(x / mw, 0, 1.3)
    within = np.clip(xh, 0, 1)
    tubercle = face.tubercle * np.exp(-((x / (0.16 * mw)) ** 2))
    # From the tubercle the line rises, and falls again towards the corners.
    line = m.stomion - tubercle + (0.7 + 0.35 * face.mouth_line) * np.exp(-(((xh - 0.40) / 0.24) ** 2))
    line = line - (0.5 - 0.6 * face.corner) * np.clip(xh, 0, 1.2) ** 4
    bow = np.exp(-(((x - peak) / (0.57 * peak)) ** 2)) - 0.65 * np.exp(-((x / (0.5 * peak)) ** 2))
    # How full the lips stay towards the corners.
    upper = face.upper_lip * np.clip(1 - within ** (1.95 + 0.22 * face.lip_taper), 0, 1) ** 0.84
    lower = np.clip(1 - np.clip(xh * 1.03, 0, 1) ** (2.25 + 0.2 * face.lip_taper + 0.25 * face.lip_side), 0, 1)
    # The lower border does not repeat the point of the upper lip.
    return line, upper + face.bow * bow * (1 - within**2), face.lower_lip * lower**0.80 - 0.85 * tubercle


def lips(face: Face, m: Landmarks, x: F32, y: F32) -> tuple[F32, F32, F32]:
    """Height to add, vermilion mask, and mask of the line between the lips."""
    mw, sto = m.mouth_half, m.stomion
    xh = np.clip(x / mw, 0, 1.3)
    within = np.clip(xh, 0, 1)
    line, upper, lower = lip_curves(face, m, x)
    su, sl = (y - line) / np.maximum(upper, 0.35), (line - y) / np.maximum(lower, 0.35)
    taper = np.clip(1 - within**2.6, 0, 1) ** 0.8
    ub, lb = (2.4 + 0.22 * face.upper_lip) * face.lip_roll, (2.9 + 0.22 * face.lower_lip) * face.lip_roll
    h = np.where(
        y >= line,
        ub * _cushion(su, 0.42, 0.62, np.maximum(upper, 1), 5.5),
        lb * _cushion(sl, 0.52, 0.45, np.maximum(lower, 1), 3.2),
    )
    h = h * taper
    # The groove between the lips is shallow and wide where they meet.
    groove = (0.85 + 0.5 * within**4, 1.5 * (1 - 0.75 * within**2) * ramp(1.05, 0.82, xh))
    h -= groove[1] * np.exp(-(((y - line) / groove[0]) ** 2))
    roll = (0.2 + 0.06 * face.lip_edge) * np.exp(-(((su - 1.05) * np.maximum(upper, 1)) ** 2))
    h += roll * taper * (y > line)  # the white roll
    h -= 0.7 * blob(x, y, mw + 0.8, sto - 0.8 + face.corner, 3.2, 2.6)
    h -= face.chin_fold * np.exp(-(((y - m.sublabiale - 0.004 * x * x) / 5.4) ** 2)) * np.exp(-((x / 16) ** 2))
    depth = np.where(y >= line, (1 - su) * np.maximum(upper, 0.35), (1 - sl) * np.maximum(lower, 0.35))
    # The red ends sharply at the bow only; at the sides and towards the corners it fades into the skin.
    soft = 0.75 - 0.12 * face.lip_edge + 0.9 * within**2 + 0.25 * (y < line)
    vermilion = ramp(-1, 1, depth / soft) * ramp(-0.4, 2.5, mw - x)
    # The upper lip shades what lies just over the line.
    width = 0.48 + 0.45 * within**4 + 0.40 * (y > line)
    between = np.exp(-(((y - line) / width) ** 2)) * (1 - 0.60 * within**3) * ramp(1.05, 0.86, xh)
    return h.astype(np.float32), vermilion.astype(np.float32), between.astype(np.float32)


def philtrum(face: Face, m: Landmarks, x: F32, y: F32) -> F32:
    """Height of the two columns and the groove under the nose."""
    sn, ls = m.subnasale, m.labiale_superius
    zone = ramp(sn + 1, sn - 6, y) * ramp(ls - 2, ls + 4, y) * face.philtrum_depth
    column = 3.4 + (bow_peak(m) - 3.4) * (sn - y) / max(face.philtrum, 1.0)
    ridge = 0.85 * np.exp(-(((x - column) / 2.2) ** 2)) - 0.95 * np.exp(-((x / 2.6) ** 2))
    return (zone * ridge).astype(np.float32)


SMILE = (
    ("corner", 0.5, -0.5, 13.0, 11.0, (2.2, 3.3, -1.4)),
    ("corner", 9.0, 9.0, 13.0, 13.0, (1.2, 2.2, 1.2)),
    ("cheek", 36.0, -31.0, 14.0, 11.0, (0.3, 2.0, 2.2)),
    ("cheek", 33.0, -11.0, 14.0, 4.5, (0.0, 0.9, 0.4)),
    ("wing", 1.0, 5.0, 7.0, 7.0, (0.9, 0.5, 0.2)),
    ("lips", 0.0, 0.0, 15.0, 9.0, (0.0, 0.5, -1.1)),
)
"""Places moved by a slight smile (zygomaticus major and minor, orbicularis oculi): what they are counted from, offset
(x, y), standard deviations, displacement (out, up, forward); mm, by eye."""


def smile(m: Landmarks, x: F32, y: F32, z: F32) -> F32:
    """Displacement (rows, columns, 3) in mm of a slight smile with closed lips at full strength, x >= 0."""
    origin = {"corner": (m.mouth_half, m.stomion), "cheek": (0.0, 0.0), "wing": (m.nose_half, m.subnasale),
              "lips": (0.0, m.stomion)}  # fmt: skip
    out = np.zeros((*x.shape, 3), np.float32)
    # Only rows and columns of the face; everything has faded out at their edge.
    rows = np.flatnonzero((y[:, 0] < 12) & (y[:, 0] > m.menton - 10))
    part = (slice(int(rows[0]), int(rows[-1]) + 1), slice(0, x.shape[1] * 3 // 4))
    px, py = x[part], y[part]
    keep = ramp(-80, -50, z[part]) * ramp(11, -4, py) * ramp(m.menton - 6, m.sublabiale - 4, py)
    for name, dx, dy, sx, sy, move in SMILE:
        cx, cy = origin[name]
        there, mirror = blob(px, py, cx + dx, cy + dy, sx, sy), blob(px, py, -cx - dx, cy + dy, sx, sy)
        sides = (there - mirror, there + mirror, there + mirror) if cx + dx else (0 * there, there, there)
        for axis in range(3):
            out[part][..., axis] += (move[axis] * sides[axis] * keep).astype(np.float32)
    return out
