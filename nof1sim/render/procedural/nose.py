"""The nose: a hyperbolic dorsum joined to the face by log-sum-exp, tip, columella, wings and nostrils as ellipsoids."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import curve, ellipsoid, ramp, smooth_max, soft_max
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]


def nostril_centre(face: Face, m: Landmarks) -> tuple[float, float]:
    """Frontal place of the nostril, x > 0."""
    return 0.23 * face.nose_width - 0.9, m.subnasale + 2.6


def _ridge(face: Face, m: Landmarks, y: F32, z: F32, base_z: float) -> NDArray:
    """Profile of the dorsum at each height."""
    on_face = y[:, 0] > m.menton
    ys, zs = -y[on_face, 0].astype(float), z[on_face, 0].astype(float)

    def at(height: float) -> float:
        return float(np.interp(-height, ys, zs))

    n, prn, root = m.nasion, m.pronasale, face.root
    tip = base_z + face.nose_depth - 1.0
    glabella = at(n + 15)
    profile = curve(
        [
            (n + 28, at(n + 28) - 1.5),
            (n + 16, glabella - 0.6),
            (n + 7, max(root + 2.4, glabella - 3.4)),
            (n - 1, max(root + 2.0, glabella - 4.2)),
            (n - 9, root + 4.6),
            ((n + prn) / 2 + 2, (root + tip) / 2 + 2 + face.hump),
            (prn + 10, tip - 4.2),
            (prn + 2, tip - 1.4),
            (prn - 5, tip - 7),
            (m.subnasale - 1, base_z - 3),
        ],
        60,
    )
    order = np.argsort(profile[:, 0])
    ridge = np.interp(y, profile[order, 0], profile[order, 1])
    below = m.subnasale - 1 - y
    return np.where(below > 0, base_z - 3 - 2.0 * below, ridge).astype(np.float32)


def add_nose(face: Face, m: Landmarks, x: F32, y: F32, z: F32) -> tuple[F32, F32]:
    """New heights and the nostril mask."""
    sn, prn, nw = m.subnasale, m.pronasale, m.nose_half
    base_z = float(z[int(np.argmin(np.abs(y[:, 0] - sn))), 0])
    tip_z = base_z + face.nose_depth - 1.0
    ridge = _ridge(face, m, y, z, base_z)
    k = ramp(m.nasion + 6, prn + 6, y)  # 0 at the root, 1 above the tip
    a = face.bridge - 0.9 + 2.2 * k
    dorsum = ridge - (np.sqrt((x * (1.18 - 0.20 * k)) ** 2 + a * a) - a)
    dorsum = dorsum - 14 * ramp(m.nasion + 10, m.nasion + 28, y) - 90 * ramp(m.nasion + 24, m.nasion + 44, y)
    dorsum = dorsum - 0.10 * np.maximum(x - 15, 0) ** 2
    out = soft_max(z, dorsum, 3.2 - 1.2 * k) - 0.5
    r = face.tip_radius
    out = smooth_max(out, ellipsoid(x, y, (0, prn, tip_z - r * 0.98), (r * 1.08, r * 0.93, r * 0.98)), 4.0)
    out = smooth_max(out, ellipsoid(x, y, (3.6, prn + 0.8, tip_z - 6.6), (5.2, 5.4, 6.4)), 2.5)
    out = smooth_max(out, ellipsoid(x, y, (0, sn + 3.6, base_z + 3.5), (3.2, 5.5, 7.5)), 2.5)
    return _wings(face, m, x, y, out, base_z, nw)


def _wings(face: Face, m: Landmarks, x: F32, y: F32, z: F32, base_z: float, nw: float) -> tuple[F32, F32]:
    sn, wing = m.subnasale, face.wing
    aw = 6.2 + 0.08 * (face.nose_width - 34) + 0.4 * wing
    low = ellipsoid(x, y, (nw - aw + 0.4, sn + 6.0, base_z - 1.0), (aw, 6.6 + 0.4 * wing, 11.0), 1.2)
    high = ellipsoid(x, y, (nw - aw - 2, sn + 8.6, base_z + 3.0), (aw, 6.5, 10.0), 1.2)
    z = smooth_max(smooth_max(z, high, 3.2), low, 1.8)
    # A narrow crease around the upper and lateral border of the wing.
    q = np.sqrt(((x - (nw - aw + 0.4)) / (aw + 0.9)) ** 2 + ((y - (sn + 6.2)) / 7.6) ** 2)
    groove = np.exp(-(((q - 1.0) / 0.13) ** 2)) * ramp(nw - aw - 3, nw - aw + 2, x) * ramp(sn - 1, sn + 4, y)
    z = z - (0.9 + 0.25 * wing) * groove
    cx, cy = nostril_centre(face, m)
    c, s = math.cos(0.42), math.sin(0.42)
    nx, ny = (x - cx) * c + (y - cy) * s, -(x - cx) * s + (y - cy) * c
    q = np.sqrt((nx / (3.6 + 0.06 * (face.nose_width - 34))) ** 2 + (ny / 1.75) ** 2)
    z = z - 5.0 * ramp(1.2, 0.45, q)
    return z.astype(np.float32), ramp(1.25, 0.7, q).astype(np.float32)
