"""The nose: a dorsum that rises from the cheeks as a bell, then tip, columella, wings and nostrils as ellipsoids."""

from __future__ import annotations

import math

import numpy as np
import scipy  # whose parts load on first use
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import curve, ellipsoid, ramp, smooth_max, soft_max
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]
SKIN_MM = 1.3
"""Standard deviation of the smoothing that stands for skin and fat over the cartilages."""


def nostril_centre(face: Face, m: Landmarks) -> tuple[float, float]:
    """Frontal place of the nostril, x > 0."""
    return 0.23 * face.nose_width - 0.9, m.subnasale + 2.3


def _ridge(face: Face, m: Landmarks, y: F32, z: F32, base_z: float) -> tuple[F32, F32]:
    """Profile of the dorsum at each height, and that of the face without it."""
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
            (n + 7, max(root + 3.2, glabella - 2.6)),
            (n - 1, max(root + 2.6, glabella - 3.8)),
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
    ridge = np.where(below > 0, base_z - 3 - 2.0 * below, ridge)
    return ridge.astype(np.float32), np.interp(-y, ys, zs).astype(np.float32)


def _dorsum(face: Face, m: Landmarks, x: F32, y: F32, z: F32, base_z: float) -> F32:
    """Bell over the midline: its flanks run out into the cheeks, where any straight side would end in a line."""
    ridge, face_z = _ridge(face, m, y, z, base_z)
    prn = m.pronasale
    rise = np.logaddexp(0, np.clip(ridge - face_z, -30, 60) / 0.9) * 0.9
    k = ramp(m.nasion + 4, prn + 12, y)  # 0 at the root, 1 above the tip
    wide = 4.9 + 0.55 * face.bridge + (2.4 + 0.12 * (face.nose_width - 33)) * k
    # Wider again where it flows into the brows; at the tip the wings take over.
    wide = wide + 4.5 * ramp(m.nasion, m.nasion + 16, y) - 3.0 * ramp(prn + 14, prn - 2, y)
    q = (x / wide) ** 2
    bell = 0.88 * np.exp(-0.5 * q) + 0.12 / (1 + 0.12 * q * q)
    fade = ramp(m.nasion + 30, m.nasion + 12, y) * ramp(40, 24, x)
    return (z + rise * bell * fade).astype(np.float32)


def add_nose(face: Face, m: Landmarks, x: F32, y: F32, z: F32) -> tuple[F32, F32]:
    """New heights and the nostril mask."""
    sn, prn, nw = m.subnasale, m.pronasale, m.nose_half
    base_z = float(z[int(np.argmin(np.abs(y[:, 0] - sn))), 0])
    tip_z = base_z + face.nose_depth - 1.0
    out = _dorsum(face, m, x, y, z, base_z)
    r = face.tip_radius
    out = soft_max(out, ellipsoid(x, y, (0, prn, tip_z - r - 0.4), (r * 1.18, r * 1.05, r * 0.98)), 1.7)
    out = soft_max(out, ellipsoid(x, y, (3.2, prn + 1.0, tip_z - 7.6), (6.4, 6.6, 6.2)), 1.5)
    low = sn + 3.6 - 0.45 * face.columella
    out = smooth_max(out, ellipsoid(x, y, (0, low, base_z + 3.5), (3.3, 5.8, 7.5)), 3.0)
    out, nostril = _wings(face, m, x, y, out, base_z, nw)
    # The fall of the ellipsoids would meet the steep sides of the head again, far from the nose.
    return (z + (out - z) * ramp(42, 28, x)).astype(np.float32), nostril


def _softened(x: F32, y: F32, z: F32, sn: float) -> F32:
    """Depths with the joints of the parts under one skin: a Gaussian of `SKIN_MM` around the tip."""
    r0, r1 = (int(np.argmin(np.abs(y[:, 0] - v))) for v in (sn + 26, sn - 6))
    c1 = int(np.searchsorted(x[r1], 30.0))
    part = (slice(r0, r1), slice(0, c1))
    sigma = (SKIN_MM * (r1 - r0) / 32.0, SKIN_MM * c1 / 30.0)
    smooth = scipy.ndimage.gaussian_filter(z[part], sigma, mode="reflect", truncate=3.0)
    weight = ramp(27, 21, x[part]) * ramp(sn + 24, sn + 16, y[part]) * ramp(sn - 5, sn - 1, y[part])
    out = z.copy()
    out[part] += weight * (smooth - z[part])
    return out


def _wings(face: Face, m: Landmarks, x: F32, y: F32, z: F32, base_z: float, nw: float) -> tuple[F32, F32]:
    sn, wing = m.subnasale, face.wing
    aw = 6.8 + 0.10 * (face.nose_width - 34) + 0.4 * wing
    cx, cy = nw - aw + 0.2, sn + 5.8
    low = ellipsoid(x, y, (cx, cy, base_z - 2.6), (aw, 6.8 + 0.4 * wing, 10.6), 1.1)
    high = ellipsoid(x, y, (nw - aw - 2.6, sn + 9.0, base_z + 1.0), (aw + 0.6, 7.5, 10.0), 1.1)
    z = _softened(x, y, smooth_max(soft_max(z, high, 1.4), low, 3.7), sn)
    # A soft crease around the upper and lateral border of the wing.
    q = np.sqrt(((x - cx) / (aw + 1.2)) ** 2 + ((y - cy - 0.4) / 8.0) ** 2)
    groove = np.exp(-(((q - 1.0) / 0.17) ** 2)) * ramp(cx - 3, cx + 3, x) * ramp(sn - 3, sn + 3, y)
    z = z - (1.6 + 0.3 * wing) * groove
    hx, hy = nostril_centre(face, m)
    c, s = math.cos(0.42), math.sin(0.42)
    nx, ny = (x - hx) * c + (y - hy) * s, -(x - hx) * s + (y - hy) * c
    wide = (3.5 + 0.07 * (face.nose_width - 34)) * (1 + 0.08 * face.nostril)
    q = np.sqrt((nx / wide) ** 2 + (ny / (1.45 * (1 + 0.12 * face.nostril))) ** 2)
    z = z - 4.6 * ramp(1.25, 0.35, q)
    return z.astype(np.float32), ramp(1.2, 0.6, q).astype(np.float32)
