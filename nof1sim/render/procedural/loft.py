"""The base surface: tilted polar sections make head, neck and shoulders, then broad forms are raised on it.

Only the x >= 0 half is built: rows run from crown to chest, columns from the midline round to the back. All of it
happens on a coarse grid that is smoothed and then refined by cubic splines, so the base has no line anywhere; only
lids, nose and lips are added on the fine grid. Depths: z = 0 at the glabella.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # whose parts load on first use
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks
from nof1sim.render.procedural.sculpt import broad_forms

F32 = NDArray[np.floating]
JAW_SECTION = 17
"""Index of the section that runs along the lower border of the jaw."""
COARSE = (168, 88)
"""Rows and columns of the coarse half."""
MARGIN = 6
"""Columns mirrored beyond midline and back, so that filters and splines see the whole head."""
DENSE_TO, DENSE_SHARE = np.deg2rad(58), 0.66
"""The front up to this angle from the midline gets this share of the columns."""


@dataclass(slots=True)
class Loft:
    """x, y, z (rows, columns) mm; arc (rows, columns): mm along the skin from the midline; jaw_row: row of the jaw."""

    x: F32
    y: F32
    z: F32
    arc: F32
    jaw_row: float


def _cranium(face: Face) -> list[list[float]]:
    """Sections from the crown to the brows: front, widest point, exponent, back."""
    eu, zb, slope = face.head_width / 2, 3 - face.head_length, face.forehead_slope
    top = 115 + 0.5 * (face.forehead - 62) + face.crown
    rows = [[top, -96.0, 0.5, -97.0, top, 2.0, -98.0, top]]
    for y in (top - 2.5, top - 10, top - 23, 74.0, 55.0, 37.0, 20.0):
        # Superellipsoid dome around (30, -97); the forehead leaves it where the face begins.
        f = (1 - np.clip((y - 30) / (top - 30), 0, 1) ** 2.25) ** (1 / 2.25)
        lean = slope * f * np.clip((y - 22) / 40, 0, 1.6) ** 1.5  # none at the crown, or the dome gets a knob
        bulge = face.forehead_bulge * np.exp(-(((y - 48) / 20) ** 2))
        front = -97 + 97 * f**1.25 - lean + bulge
        back = -97 + (zb + 97) * (1 - abs((y - 24) / (top - 24)) ** 2.2) ** (1 / 2.2)
        # Above the ears the skull narrows towards the width of the face.
        low = float(np.clip((74 - y) / 68, 0, 1)) ** 1.6
        half = eu * f * (1 - low) + (0.2 * eu + 0.8 * face.face_width / 2) * low
        power = 2.0 + 0.22 * f + face.forehead_power
        rows.append([y, front, half, -97 + 3 * f, y - 4 * f, power, back, y - 14 * f])
    return rows


def _face_sections(face: Face, m: Landmarks) -> list[list[float]]:
    full, drop = face.fullness, 1.6 * face.jowl
    zy, go = face.face_width / 2, face.jaw_width / 2 + 1.2 * full
    zb = 3 - face.head_length
    sn, sto, sl, pg, me = m.subnasale, m.stomion, m.sublabiale, m.pogonion, m.menton
    jn, fn = face.jaw_power, face.face_power
    chin, prog = face.chin_forward, face.prognathism

    def width(y: float) -> float:
        t = np.clip((-18 - y) / (sto - 12 - drop + 18) * -1.0, 0, 1)
        return zy * 0.985 + (go - zy * 0.985) * t ** (1.75 + face.jaw_curve)

    return [
        [5, -3.2, zy * 1.015, -93, 4, fn + 0.14, zb + 4, -4],
        [-12, -3.8, zy * 1.005, -88, -12, fn + 0.22, zb + 13, -22],
        [-30, -4.2 + 0.2 * prog, width(-28), -81, -28, fn + 0.20, zb + 25, -42],
        [sn, -4.2 + 0.7 * prog, width(sn + 5), -77, sn + 5, fn + 0.12, zb + 33, -58],
        [(sn + sto) / 2, -4.6 + prog, width(sn - 6), -74, sn - 6, 2.30, zb + 37, -70],
        [sto - 4, -6.0 + prog, width(sto + 6.5), -72, sto + 6.5, 2.24, zb + 39, -80],
        [sl, -8.0 + 0.7 * prog + 0.4 * chin, width(sto - 1.5), -72, sto - 1.5, 2.16, zb + 39, -90],
        [pg, -7.5 + 0.3 * prog + chin, width(sto - 6), -73, sto - 6, jn, zb + 38, -98],
        [(pg + me) / 2 - 1, -8.5 + 0.2 * prog + chin, go * 0.985, -74, sto - 9.5 - drop, jn, zb + 37, -104],
        [me, -14.0 + 0.2 * prog + 0.9 * chin, go * 0.955, -76, sto - 13.5 - drop, jn, zb + 36, -110],
    ]


def _neck_sections(face: Face, m: Landmarks) -> list[list[float]]:
    """From under the chin to the chest. The hyoid lies 55 mm behind the glabella, the jugular notch 66."""
    go, nk = face.jaw_width / 2 + 1.2 * face.fullness, face.neck_width + 0.5 * face.fullness
    zb, sto, me, drop = 3 - face.head_length, m.stomion, m.menton, 1.6 * face.jowl
    fat, chin, long = face.submental, face.chin_forward, face.neck_length
    b, s = zb + 33 - 0.25 * (nk - 52), face.shoulder
    return [
        [me - 2.6 - 0.5 * fat, -22 + 0.7 * chin, go * 0.52 + nk * 0.405, -78, sto - 19 - drop, 2.02, b + 1, -115],
        [me - 4.5 - 1.6 * fat, -39 + 0.2 * chin, go * 0.20 + nk * 0.73, -86, sto - 27 - drop, 2.0, b, -120],
        [me - 11 - 2.6 * fat, -53, nk * 0.93, -93, sto - 40, 2.0, b - 1, -126],
        [me - 25, -57, nk * 0.93, -99, me - 18, 2.0, b - 3, -136],
        [me - 45 * long, -59, nk * 0.96, -102, me - 34 * long, 2.0, b - 8, -150],
        [me - 63 * long, -63, nk * 1.06, -106, me - 46 * long, 2.0, b - 15, -160],
        [me - 76 * long, -65, nk * 0.95 + 0.15 * s, -109, me - 56 * long, 2.0, b - 22, -168],
        [me - 87 * long, -62, nk * 0.65 + 0.5 * s, -111, me - 67 * long, 2.1, b - 28, -178],
        [me - 100 * long, -55, 0.84 * s, -111, me - 82 * long, 2.25, b - 33, -192],
        [me - 122 * long, -44, 0.97 * s, -110, me - 108 * long, 2.4, b - 38, -220],
        [me - 185, -26, s, -108, me - 180, 2.5, b - 42, -290],
    ]


def _sections(face: Face, m: Landmarks) -> NDArray:
    """(29, 8): y and z of the front, half-width, z and y of the widest point, exponent, z and y of the back."""
    return np.array(_cranium(face) + _face_sections(face, m) + _neck_sections(face, m), float)


def _row_density(sections: NDArray, m: Landmarks, s: NDArray) -> Any:
    """Rows per mm along the front profile: most at eyes, nose tip and lips, least on crown and chest."""
    y = np.array([120, 92, 74, 34, 20, 8, -8, -20, m.pronasale + 10, m.subnasale, m.labiale_inferius - 4,
                  m.menton + 8, m.menton - 1, m.menton - 12, m.menton - 50, m.menton - 100, -400.0])  # fmt: skip
    want = [0.3, 0.35, 0.75, 0.95, 1.25, 1.5, 1.5, 1.05, 1.2, 1.5, 1.4, 0.95, 0.8, 0.5, 0.35, 0.22, 0.2]
    return scipy.interpolate.PchipInterpolator(s, np.interp(-sections[:, 0], -y, want))


def _rows(sections: NDArray, m: Landmarks, n: int) -> tuple[NDArray, NDArray, NDArray, float]:
    """Coarse sections (R, 8); section length at the coarse and at the n fine rows; fine row of the jaw."""
    steps = np.maximum(np.hypot(np.diff(sections[:, 0]), np.diff(sections[:, 1])), 4.0)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.linspace(0, s[-1], 4000)
    share = np.cumsum(np.maximum(_row_density(sections, m, s)(fine), 0.05))
    share = (share - share[0]) / (share[-1] - share[0])
    coarse = np.linspace(0, s[-1], COARSE[0])
    at = np.interp(np.linspace(0, 1, n), share, fine)
    return (
        scipy.interpolate.CubicSpline(s, sections)(coarse),
        coarse,
        at,
        float(np.interp(s[JAW_SECTION], at, np.arange(n))),
    )


def _coarse_surface(face: Face, q: NDArray, m: Landmarks) -> NDArray:
    """Sections as (3, rows, columns) points over evenly spaced angles."""
    y0, z0, w, zw, yw, power, zb, yb = (q[:, i : i + 1] for i in range(8))
    angle = np.linspace(0, np.pi, COARSE[1])[None]
    sine, cosine = np.sin(angle), np.cos(angle)
    front = cosine >= 0
    low = np.exp(-(((yw - m.stomion + 25) / 30) ** 2))
    p = 2 + (np.where(front, power, 2.1 + 0.25 * low) - 2) * ramp(0, 0.9, np.abs(cosine))
    radius = (sine**p + np.abs(cosine) ** p) ** (1 / p)
    x = w * sine / radius
    z = zw + np.where(front, z0 - zw, zw - zb) * cosine / radius
    across = (x / np.maximum(w, 1e-3)) ** 2
    # The jaw's border rises from chin to angle: early in a tapered face, late in a square one.
    bend = np.where(y0 > m.menton - 30, face.jaw_square, 0.8)
    rise = ((across + 0.03) ** bend - 0.03**bend) / (1.03**bend - 0.03**bend)
    y = np.where(front, y0 + (yw - y0) * rise, yw + (yb - yw) * (1 - across))
    return np.stack([x, y, z])


def _whole(p: NDArray) -> NDArray:
    """Coarse points with mirrored columns on both sides."""
    flip = np.array([-1.0, 1.0, 1.0])[:, None, None]
    left, right = p[:, :, MARGIN:0:-1] * flip, p[:, :, -2 : -MARGIN - 2 : -1] * flip
    return np.concatenate([left, p, right], axis=2)


def _smoothed(p: NDArray, rows: float, columns: float) -> NDArray:
    """Gaussian smoothing, sigmas in coarse cells."""
    out = scipy.ndimage.gaussian_filter1d(_whole(p), rows, axis=1, mode="nearest", truncate=4.0)
    out = scipy.ndimage.gaussian_filter1d(out, columns, axis=2, mode="nearest", truncate=3.0)
    return out[:, :, MARGIN:-MARGIN]


def _columns(n: int) -> NDArray:
    """Angles of the n / 2 columns of the half: dense up to `DENSE_TO`, then ever wider."""
    u = (2 * np.arange(n // 2) + 1) / (n - 1)
    d = DENSE_TO / DENSE_SHARE
    t = np.maximum(u - DENSE_SHARE, 0)
    rest = 1 - DENSE_SHARE
    return d * u + (np.pi - d) * (t / rest) ** 2


def _refined(p: NDArray, coarse: NDArray, at: NDArray, angles: NDArray) -> NDArray:
    """Cubic-spline values of (k, R, C) coarse fields at fine rows and columns: (k, n, n / 2). Mirrored beforehand."""
    step = np.pi / (COARSE[1] - 1)
    grid = (np.arange(COARSE[1] + 2 * MARGIN) - MARGIN) * step
    out = scipy.interpolate.CubicSpline(grid, p, axis=2)(angles)
    return scipy.interpolate.CubicSpline(coarse, out, axis=1)(at)


def build_loft(face: Face, marks: Landmarks, n: int) -> Loft:
    """Half of the base surface with n rows and n / 2 columns (n even)."""
    q, coarse, at, jaw_row = _rows(_sections(face, marks), marks, n)
    p = _smoothed(_coarse_surface(face, q, marks), 1.6, 2.2)
    # Behind the ramus the sections of jaw and neck flow into each other.
    p = p + ramp(-76, -104, p[2]) * ramp(-25, -55, p[1]) * (_smoothed(p, 7.0, 2.0) - p)
    # The border of the jaw is rounded flesh beside the chin.
    row = np.interp(jaw_row, np.arange(n), at) / coarse[-1] * (COARSE[0] - 1)
    near = np.exp(-(((np.arange(COARSE[0]) - row - 1) / 8) ** 2))[:, None]
    p = p + 0.8 * near * ramp(12, 36, p[0]) * (_smoothed(p, 4.5, 1.5) - p)
    p = _smoothed(broad_forms(face, marks, p), 0.7, 0.7)
    steps = np.sqrt((np.diff(p, axis=2) ** 2).sum(0))
    arc = np.concatenate([np.zeros((COARSE[0], 1)), np.cumsum(steps, axis=1)], axis=1)
    # Along the skin: odd about the midline, and about the back once its full length is taken off.
    tail = 2 * arc[:, -1:] - arc[:, -2 : -MARGIN - 2 : -1]
    odd = np.concatenate([-arc[:, MARGIN:0:-1], arc, tail], axis=1)
    x, y, z, along = _refined(np.concatenate([_whole(p), odd[None]]), coarse, at, _columns(n)).astype(np.float32)
    return Loft(x, y, z, along, jaw_row)
