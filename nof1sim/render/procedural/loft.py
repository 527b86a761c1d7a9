"""The base surface: one loft of 25 tilted polar superellipse sections makes head, neck and shoulders.

Only the x >= 0 half is built: rows run from crown to chest, columns from the midline round to the back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]
JAW_SECTION = 15
"""Index of the section that runs along the lower border of the jaw."""


@dataclass(slots=True)
class Loft:
    """x, y, z (rows, columns) mm; arc (rows, columns): mm along the skin from the midline; jaw_row: row of the jaw."""

    x: F32
    y: F32
    z: F32
    arc: F32
    jaw_row: float


def _sections(face: Face, m: Landmarks) -> NDArray:
    """(25, 8): y and z of the front, half-width, z and y of the widest point, exponent, z and y of the back."""
    full = face.fullness
    zy, go, eu = face.face_width / 2, face.jaw_width / 2 + 1.6 * full, face.head_width / 2
    nk = face.neck_width + 1.6 * full
    zb = 3 - face.head_length
    slope = face.forehead_slope * 0.5
    me, pg, sl, sto, sn = m.menton, m.pogonion, m.sublabiale, m.stomion, m.subnasale
    top = 118 + (face.forehead - 64) * 0.5
    jn, fn = face.jaw_power, face.face_power
    drop = 1.6 * face.jowl

    def width(y: float) -> float:
        t = np.clip((-14 - y) / (61.0 * face.face_height / 116), 0, 1)
        return zy * 0.985 + (go - zy * 0.985) * t**1.9

    return np.array(
        [
            [top, -92, 0.5, -93, top, 2.0, -94, top],
            [top - 3, -60, 36, -94, top - 3.5, 2.05, -128, top - 3.5],
            [top - 15, -33, eu * 0.80, -97, top - 17, 2.15, -165, top - 20],
            [top - 36, -13 - slope, eu * 0.935, -100, top - 42, 2.2, zb + 5, top - 48],
            [54, -2 - 0.5 * slope + face.forehead_bulge, eu * 0.975, -101, 48, 2.25, zb, 40],
            [28, 1.0 + 0.4 * face.forehead_bulge, eu * 0.965, -99, 24, 2.3, zb, 10],
            [8, -2.5, zy * 1.01, -95, 6, fn, zb + 5, -8],
            [-14, -1.5, zy * 0.985, -86, -14, fn, zb + 15, -26],
            [-32, 1.0, width(-30), -77, -30, fn, zb + 27, -45],
            [sn, 6.0, width(sn + 5), -72, sn + 5, 2.28, zb + 34, -60],
            [(sn + sto) / 2, 6.5, width(sn - 6), -70, sn - 6, 2.2, zb + 37, -72],
            [sto - 4, 4.8, width(sto + 6.5), -68, sto + 6.5, 2.12, zb + 38, -82],
            [sl, 3.9, width(sto - 2.5), -67, sto - 2.5, 2.02, zb + 38, -92],
            [pg, 2.2, width(sto - 6) * 0.998, -66, sto - 6, jn, zb + 37, -100],
            [(pg + me) / 2 - 1, 0.5, go * 0.985, -66, sto - 9 - drop, jn - 0.02, zb + 36, -106],
            [me, -6.5, go * 0.95, -67, sto - 12.5 - drop, jn - 0.04, zb + 35, -112],
            [me - 2.5, -18, go * 0.895, -69, sto - 16.5 - drop, jn - 0.02, zb + 34, -117],
            [me - 4, -36, go * 0.42 + nk * 0.46, -77, sto - 22 - drop, 2.0, zb + 33, -122],
            [me - 10, -52, nk * 0.90, -91, sto - 41, 2.0, zb + 32, -130],
            [me - 24, -60, nk * 0.92, -97, me - 20, 2.0, zb + 30, -142],
            [me - 46, -61, nk, -99, me - 40, 2.0, zb + 27, -158],
            [me - 66, -56, nk * 1.35, -100, me - 58, 2.0, zb + 20, -170],
            [me - 82, -46, nk * 2.2, -100, me - 74, 2.1, zb + 12, -182],
            [me - 104, -36, nk * 3.1, -98, me - 96, 2.3, zb + 4, -200],
            [me - 170, -18, nk * 3.5, -96, me - 168, 2.5, zb - 6, -270],
        ]
    )


def _rows(sections: NDArray, n: int) -> tuple[NDArray, float]:
    """Interpolated sections, (n, 8), with more rows on the face, and the row of the jaw."""
    steps = np.maximum(np.hypot(np.diff(sections[:, 0]), np.diff(sections[:, 1])), 4.0)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    k = np.arange(len(s))
    density = PchipInterpolator(s, np.interp(k, [0, 3, 5, 8, 16, 18, 24], [0.55, 0.75, 1.1, 1.25, 1.15, 0.7, 0.35]))
    fine = np.linspace(0, s[-1], 4000)
    share = np.cumsum(np.maximum(density(fine), 0.1))
    share = (share - share[0]) / (share[-1] - share[0])
    at = np.interp(np.linspace(0, 1, n), share, fine)
    return CubicSpline(s, sections)(at), float(np.interp(s[JAW_SECTION], at, np.arange(n)))


def build_loft(face: Face, marks: Landmarks, n: int) -> Loft:
    """Half of the base surface with n rows and n / 2 columns (n even)."""
    q, jaw_row = _rows(_sections(face, marks), n)
    y0, z0, w, zw, yw, power, zb, yb = (q[:, i : i + 1].astype(np.float32) for i in range(8))
    u = (2 * np.arange(n // 2) + 1) / (n - 1)
    angle = np.pi * (0.42 * u + 0.58 * u**3)
    sine, cosine = np.sin(angle).astype(np.float32)[None], np.cos(angle).astype(np.float32)[None]
    size = np.abs(cosine)
    front = cosine >= 0
    # Exponent 2 at 90 degrees: otherwise the change of exponent shows as a line in front of the ear.
    p = 2 + (np.where(front, power, 2.1) - 2) * ramp(0, 0.55, size)
    radius = (sine**p + size**p) ** (1 / p)
    x = w * sine / radius
    z = zw + np.where(front, z0 - zw, zw - zb) * cosine / radius
    across = (x / np.maximum(w, 1e-3)) ** 2
    bend = (1.30 + 0.14 * (face.masculine + 1)) / 2
    low = ramp(-1.15, -0.75, y0 / -marks.menton)
    y = np.where(front, y0 + (yw - y0) * across ** (1 + (bend - 1) * (1 - low)), yw + (yb - yw) * (1 - across))
    x, y, z = x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)
    _smooth_nape(x, y, z, marks.menton, n)
    _round_jaw(x, y, z, jaw_row, n)
    steps = np.sqrt(np.diff(x, axis=1) ** 2 + np.diff(y, axis=1) ** 2 + np.diff(z, axis=1) ** 2)
    arc = np.concatenate([x[:, :1], x[:, :1] + np.cumsum(steps, axis=1)], axis=1)
    return Loft(x, y, z, arc.astype(np.float32), jaw_row)


def _round_jaw(x: F32, y: F32, z: F32, jaw_row: float, n: int) -> None:
    # Beside the chin the border of the jaw is rounded flesh; the sections alone make it a bright ridge.
    rows = (np.arange(n, dtype=np.float32)[:, None] - np.float32(jaw_row)) * (1024 / n)
    weight = 0.9 * np.exp(-((rows / 55) ** 2)) * ramp(8, 24, x)
    for a in (x, y, z):
        a += weight * (gaussian_filter1d(a, 22.0 * n / 1024, axis=0, mode="nearest", truncate=3.0) - a)


def _smooth_nape(x: F32, y: F32, z: F32, menton: float, n: int) -> None:
    # Behind the jaw angle the sections must flow into the neck without a ledge.
    weight = ramp(-42, -64, z) * ramp(-34, -56, y) * ramp(menton - 60, menton - 35, y)
    for a in (x, y, z):
        a += weight * (gaussian_filter1d(a, 40.0 * n / 1024, axis=0, mode="nearest", truncate=3.0) - a)
