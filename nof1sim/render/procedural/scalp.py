"""What covers the head: hair, a headband or a bouffant cap, hair at the temples, and a garment on the shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import ramp, unit
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks
from nof1sim.render.procedural.noise import noise

F32 = NDArray[np.floating]
EDGE = -9.3
"""Value of the hairline coordinate `q` at the lower edge of the band or cap."""
BAND_TOP = 26.2
"""The same at the upper edge of the band."""
LIFT_MM = 2.5
"""How far the whole arrangement sits up, so that no chart point of the forehead lies under cloth."""


@dataclass(slots=True)
class Cover:
    """Masks (rows, columns): hair, temple, cloth (band or cap), elastic, garment; q: mm across the hairline;
    lift: mm by which the surface is displaced."""

    hair: F32
    temple: F32
    cloth: F32
    elastic: F32
    garment: F32
    q: F32
    lift: F32

    @property
    def bare(self) -> F32:
        """Skin that nothing covers."""
        return np.clip(1 - np.maximum(np.maximum(self.hair, self.cloth), self.garment), 0, 1)


def hairline_coordinate(m: Landmarks, y: F32, z: F32) -> F32:
    """mm across the hairline: a plane through the forehead that leans back over the ears."""
    return y - (m.trichion - 1 + LIFT_MM + (z + 8) * 0.86)


def _near_ear(y: F32, z: F32, cy: float, sy: float, cz: float, sz: float) -> F32:
    return np.exp(-(((y - cy) / sy) ** 4) - ((z - cz) / sz) ** 4)


def _cap(face: Face, p: F32, q: F32) -> tuple[F32, F32, F32]:
    """Disposable bouffant cap: mask, displacement, elastic."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    ear = _near_ear(y, z, -12, 30, -102, 26) * (np.abs(x) > 40)
    behind = ramp(-64, -56, y - 0.35 * (z + 110))
    mask = ramp(EDGE - 0.5, EDGE + 0.5, q) * behind * (1 - ramp(0.25, 0.6, ear))
    crumple = noise(p, 24, face.noise_seed + 9, 2, 0.45, (1.0, 0.6, 1.0))
    # Pleats fan out from the elastic.
    pleat = noise(p, 6.0, face.noise_seed + 10, 2, 0.5, (0.8, 3.2, 2.0))
    puff = 3 + 11 * ramp(-8, 26, q)
    flat = 1 - 0.85 * _near_ear(y, z, -12, 40, -102, 34)
    lift = (
        mask * flat * (puff * (1 + 0.16 * crumple) + (0.12 + 1.0 * ramp(22, -4, q)) * pleat * ramp(EDGE, EDGE + 6, q))
    )
    lift = lift + 1.2 * ramp(EDGE - 1.5, EDGE + 1.5, q) * ramp(-3, -6, q) * ramp(-64, -40, y)
    elastic = np.exp(-(((q - EDGE - 2.8) / 2.6) ** 2)) * ramp(-64, -40, y)
    return mask, lift, elastic


def _band(face: Face, p: F32, q: F32, hair: F32, temple: F32) -> tuple[F32, F32, F32]:
    """Towelling headband over combed-back hair: mask, displacement, elastic (none)."""
    y, z = p[..., 1], p[..., 2]
    mask = ramp(EDGE - 0.5, EDGE + 0.4, q) * ramp(27, 25.5, q) * ramp(-135, -120, y)
    profile = np.sqrt(np.clip(1 - ((q - 8.5) / 18.2) ** 2, 0, 1))
    crumple = noise(p, 16, face.noise_seed + 9, 3, 0.55, (2.2, 1.0, 2.2))
    strands = (
        hair * (0.45 * face.hair_volume_mm * ramp(18, 60, q) + 2.2) * (1 + 0.12 * noise(p, 30, face.noise_seed + 3, 2))
    )
    ear = _near_ear(y, z, -14, 34, -100, 30)
    lift = strands * (1 - mask) * (1 - 0.6 * ear) + mask * (1.5 + (4.2 + 0.9 * crumple) * profile) * (1 - 0.75 * ear)
    return mask, lift + 0.8 * temple, np.zeros_like(mask)


def neckline(face: Face, m: Landmarks, x: F32, z: F32) -> F32:
    """Height of the garment's upper edge: round T-shirt, V-neck, or gown closed high; highest at the neck's sides."""
    style = face.garment // 12
    dip = (20 * np.exp(-((x / 34) ** 2)), 46 * np.maximum(1 - np.abs(x) / 46, 0), 9 * np.exp(-((x / 40) ** 2)))[style]
    start = (48.0, 46.0, 42.0)[style]
    return m.menton - start - dip + 16 * np.tanh((z + 60) / -40)


def hairline(face: Face, x: F32) -> F32:
    """Hairline coordinate of the hair's edge: a low peak in the middle, temples set back more on men."""
    # Three numbers of the person's own: how far the peak comes down, how wide it is, how unlike the two sides are.
    peak, wide, uneven = ((face.noise_seed * f) % 1.0 for f in (0.6180339887, 0.7548776662, 0.5698402910))
    back = (4.0 + 7.0 * np.clip(face.hairline_back, 0, 1.8)) * (1 + 0.5 * (uneven - 0.5) * np.sign(x))
    back = back * np.exp(-(((np.abs(x) - 41) / (11 + 5 * wide)) ** 2))
    return EDGE + 1.4 + (0.8 + 3.4 * peak * peak) * np.tanh((x / (10 + 10 * wide)) ** 2) + back


def _hair(face: Face, p: F32, q: F32, behind: F32) -> tuple[F32, F32]:
    """Uncovered hair, tied back or cropped: mask, rising over 15 mm from its edge, and displacement."""
    x, z = p[..., 0], p[..., 2]
    ragged = 3.4 * noise(p, 13.0, face.noise_seed + 5, 3, 0.75)
    inside = q - hairline(face, x) - np.maximum(ragged, -1.0)
    hair = np.maximum(np.clip(inside / 15.0, 0, 1), behind)
    ear = _near_ear(p[..., 1], z, -14, 34, -100, 30)
    locks = noise(p, 26, face.noise_seed + 3, 2)
    if face.wear == "short":
        grown = (face.crop_mm * (0.45 + 0.55 * ramp(20, 60, p[..., 1])) + 0.6 * locks) * ramp(-2, 28, inside)
        return hair, np.maximum(grown, 0) * np.maximum(hair, 0) * (1 - 0.8 * ear) + 0.6 * behind
    rise = 0.25 * face.hair_volume_mm * (1 - np.exp(-np.maximum(inside - 1, 0) / 18.0)) * (1 + 0.9 * face.hair_curl)
    crown = 0.45 * face.hair_volume_mm * ramp(18, 60, inside)
    return hair, hair * (0.3 + (rise + crown) * (1 + 0.14 * locks)) * (1 - 0.75 * ear)


def cover(face: Face, m: Landmarks, p: F32) -> Cover:
    """Everything on the skin of the head `p` (rows, columns, 3)."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    q = hairline_coordinate(m, y, z)
    behind = ramp(-88, -112, z) * ramp(m.menton + 44, m.menton + 56, y - 0.10 * (z + 110))
    top = np.maximum(ramp(-2, 2, q - 4), behind)
    ragged = noise(p, 5.0, face.noise_seed + 5, 2) * 2.0
    edge = np.abs(x) - (face.face_width / 2 - 5 + np.clip(y * 0.06, -6, 6)) + ragged
    # Men's sideburns end where they like, thinning out downwards; a woman's temple has down only.
    grown = float(np.clip((face.age_years - 13) / 6, 0, 1)) * face.male
    low = -14.0 - 16.0 * grown * ((face.noise_seed * 0.4142135624) % 1.0)
    temple = ramp(0, 7, edge) * ramp(low - 9, low + 16, y + 1.2 * ragged) * ramp(-53, -70, z + 1.2 * ragged) * (1 - top)
    hair = top * ramp(m.menton - 40, m.menton + 10, y)
    if face.wear == "cap":
        cloth, lift, elastic = _cap(face, p, q)
    elif face.wear in ("tied", "short"):
        hair, lift = _hair(face, p, q, behind * ramp(m.menton - 40, m.menton + 10, y))
        temple = temple * (1 - hair)
        cloth, elastic = np.zeros_like(lift), np.zeros_like(lift)
    else:
        cloth, lift, elastic = _band(face, p, q, hair, temple)
    garment = ramp(1.0, -1.0, y - neckline(face, m, x, z))
    lift = lift + garment * (2.2 + 1.6 * noise(p, 40, face.noise_seed + 12, 3, 0.5, (1, 1.6, 1)))
    return Cover(*(np.asarray(a, np.float32) for a in (hair, temple, cloth, elastic, garment, q, lift)))


def shell(p: F32, normals: F32, lift: F32) -> F32:
    """The surface displaced by `lift`: along the normal, on the crown away from its middle (normals cross there)."""
    out = unit(p - np.array([0, 15, -95], np.float32))
    w = ramp(40, 80, p[..., 1])[..., None]
    return (p + (normals * (1 - w) + out * w) * lift[..., None]).astype(np.float32)
