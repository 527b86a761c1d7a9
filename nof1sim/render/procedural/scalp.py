"""What covers the head: hair, a headband or a bouffant cap, hair at the temples, and a garment on the shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import face_edge_mm
from nof1sim.render.procedural.fields import ramp, smooth_max, unit
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
TEMPLE_Y = (-30, -15, 0, 12, 23, 30, 40, 52)
TEMPLE_MM = {True: (23, 21, 19, 15, 8.5, 10, 16, 26), False: (40, 32, 25, 17, 10, 10, 13, 19)}
"""Chart heights, and how many chart mm the hair of men (True) and women begins behind the edge of the facial skin
there: the temporal point comes forward at the height of the brow's tail, the corner of the forehead above it recedes,
the border of the sideburn below it falls steeply. By eye, from portraits; never nearer than lesions may lie."""
EAR_Z = -101.0
"""Depth of the middle of the ear's root, round which no hair grows."""


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


def _band(face: Face, p: F32, q: F32, hair: F32, temple: F32, ear_mm: F32) -> tuple[F32, F32, F32]:
    """Towelling headband over combed-back hair: mask, displacement, elastic (none)."""
    y, z = p[..., 1], p[..., 2]
    # It passes behind the ear.
    mask = ramp(EDGE - 0.5, EDGE + 0.4, q) * ramp(27, 25.5, q) * ramp(-48, -40, y) * ramp(0, 2, ear_mm)
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
    """Hairline coordinate of the hair's edge: a low peak in the middle, temples set back on men and some women."""
    # Numbers of the person's own: how far the peak comes down, how wide it is, how unlike the two sides are; and
    # whether a woman's line is round or has corners.
    peak, wide, uneven, corner = (
        (face.noise_seed * f) % 1.0 for f in (0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134)
    )
    back = 1.0 + 3.0 * _grown(face) + 8.0 * np.clip(face.hairline_back, 0, 2.4) if face.male else 6.0 * corner - 2.0
    back = back * (1 + 0.5 * (uneven - 0.5) * np.sign(x)) * np.exp(-(((np.abs(x) - 44) / (12 + 5 * wide)) ** 2))
    return EDGE + 1.4 + (0.8 + 3.4 * peak * peak) * np.tanh((x / (10 + 10 * wide)) ** 2) + back


def _grown(face: Face) -> float:
    """How far a boy's sideburns have become a man's; 0 of women."""
    return float(np.clip((face.age_years - 13) / 6, 0, 1)) * face.male


def _temple(face: Face, chart: F32, y: F32) -> F32:
    """mm inside the hair of temple and sideburn, by chart places (rows, columns, 2)."""
    cx, cy = np.abs(chart[..., 0]), chart[..., 1]
    manly = float(face.male) * min(1.0, 0.4 + 0.6 * _grown(face))
    begins = [a * manly + b * (1 - manly) for a, b in zip(*TEMPLE_MM.values(), strict=True)]
    begins = face_edge_mm(np.array(TEMPLE_Y)) + begins + 3.0 * ((face.noise_seed * 0.3247179572) % 1.0)
    # A sideburn ends where its owner likes; a woman's temple has down only below the point.
    low = -6.0 - 22.0 * _grown(face) * ((face.noise_seed * 0.4142135624) % 1.0)
    beyond = cx - np.interp(cy, TEMPLE_Y, begins).astype(np.float32)
    return np.minimum(np.minimum(beyond, 0.6 * (y - low)), 1.5 * (58 - cy))


def hangs(face: Face) -> bool:
    """Whether hair falls behind the ears and down the neck: of most women who comb it back (share by eye)."""
    straight = face.wear in ("tied", "band") and not face.male and face.hair_curl < 0.5
    return straight and (face.noise_seed * 0.3819660113) % 1.0 < 0.8


def around_neck(p: F32) -> F32:
    """mm round the axis of the neck from the middle of its back."""
    return np.arctan2(p[..., 0], -95 - p[..., 2]) * 60


def _behind(face: Face, m: Landmarks, y: F32, z: F32) -> F32:
    """mm inside the hair behind the ear and on the nape."""
    if hangs(face):
        border = np.interp(y, (-115, -60, -20, 5, 30), (-104, -108, -111, -104, -98)).astype(np.float32)
        return (border - z) * (1 + 3 * ramp(-20, -50, y))
    border = np.interp(y, (-70, -45, -20, 5, 30), (-134, -124, -113, -104, -98)).astype(np.float32)
    return np.minimum(border - z, y - 0.10 * (z + 110) - (m.menton + 46))


def _off_ear(face: Face, y: F32, z: F32) -> F32:
    """mm, roughly, from the root of the ear."""
    cy, half = 0.15 * face.nose_height - 24, 0.31 * face.ear_height
    return 12.0 * (np.sqrt(((y - cy) / half) ** 2 + ((z - EAR_Z) / 12.0) ** 2) - 1)


def _inside(face: Face, p: F32, chart: F32, q: F32, behind_mm: F32) -> F32:
    """mm from the nearest edge of uncovered hair, negative on bare skin."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    # Hairs leave the skin one by one: no stretch of the edge is straight.
    ragged = 2.6 * noise(p, 13.0, face.noise_seed + 5, 3, 0.75)
    front = q - hairline(face, x) - np.maximum(ragged, -1.0)
    # The plane of the hairline leans: on the side of the head q runs faster than the skin.
    front = front / (1 + 0.3 * ramp(-15, -50, z))
    temple = 0.75 * (_temple(face, chart, y) - 1.5 * ragged)
    # A woman's temple is rounder than the two corners of a man's.
    line = smooth_max(front, temple, 5.0 if face.male else 12.0)
    # A sideburn stays sparse: seen edge on from the front, a dense one draws a line before the ear.
    line = np.minimum(line, 8 + 20 * ramp(-12, 36, y) + 100 * ramp(15, 50, y) + 30 * ramp(-96, -102, z))
    return np.maximum(line, behind_mm - ragged * ramp(-45, -20, y))


def cropped(face: Face, y: F32) -> F32:
    """Length in mm of cropped hair: clipped close at the sides, longest on top."""
    return face.crop_mm * (0.22 + 0.28 * ramp(15, 50, y) + 0.9 * ramp(45, 95, y))


def _hair(face: Face, p: F32, inside: F32) -> tuple[F32, F32]:
    """Uncovered hair, tied back or cropped: mask, rising over 15 mm from its edge, and displacement."""
    y, z = p[..., 1], p[..., 2]
    hair = np.clip(inside / 15.0, 0, 1)
    ear = _near_ear(y, z, -14, 34, -100, 30)
    locks = noise(p, 26, face.noise_seed + 3, 2)
    if face.wear == "short":
        grown = cropped(face, y) + 0.6 * locks * ramp(20, 70, y)
        return hair, np.maximum(grown, 0.3) * ramp(-2, 24, inside) * hair * (1 - 0.6 * ear)
    # Drawn tight at the sides, over the crown it keeps some body.
    sides = 0.13 * face.hair_volume_mm * (1 - np.exp(-np.maximum(inside, 0) / 12.0))
    crown = 0.55 * face.hair_volume_mm * ramp(4, 50, inside) * ramp(28, 95, y)
    return hair, hair * (0.2 + (sides + crown) * (1 + 0.7 * face.hair_curl) * (1 + 0.12 * locks)) * (1 - 0.6 * ear)


def _hanging(face: Face, m: Landmarks, p: F32) -> F32:
    """mm by which hair that falls behind the neck stands off it, tucked into the collar."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    lanes = np.stack([around_neck(p), 0.12 * y, np.zeros_like(y)], -1)
    body = 2.0 * face.hair_volume_mm * (1 + 0.16 * noise(lanes, 14, face.noise_seed + 4, 2))
    return body * ramp(-106, -124, z) * ramp(-15, -100, y) * ramp(-70, -25, y - neckline(face, m, x, z))


def cover(face: Face, m: Landmarks, p: F32, chart: F32) -> Cover:
    """Everything on the skin of the head `p` (rows, columns, 3), whose chart places are `chart` (rows, columns, 2)."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    q = hairline_coordinate(m, y, z)
    ear_mm, behind_mm = _off_ear(face, y, z), _behind(face, m, y, z)
    behind = ramp(0, 14, np.minimum(behind_mm, ear_mm))
    top = np.maximum(ramp(-2, 2, q - 4), behind)
    ragged = noise(p, 5.0, face.noise_seed + 5, 2) * 2.0
    edge = np.abs(x) - (face.face_width / 2 - 5 + np.clip(y * 0.06, -6, 6)) + ragged
    # Men's sideburns end where they like, thinning out downwards; a woman's temple has down only.
    low = -14.0 - 16.0 * _grown(face) * ((face.noise_seed * 0.4142135624) % 1.0)
    temple = ramp(0, 7, edge) * ramp(low - 9, low + 16, y + 1.2 * ragged) * ramp(-53, -70, z + 1.2 * ragged) * (1 - top)
    temple = temple * ramp(0, 4, ear_mm)
    if face.wear == "cap":
        hair = top * ramp(m.menton - 40, m.menton + 10, y)
        cloth, lift, elastic = _cap(face, p, q)
    elif face.wear in ("tied", "short"):
        hair, lift = _hair(face, p, np.minimum(_inside(face, p, chart, q, behind_mm), ear_mm))
        temple = temple * (1 - hair)
        cloth, elastic = np.zeros_like(lift), np.zeros_like(lift)
    else:
        hair = top if hangs(face) else top * ramp(m.menton - 40, m.menton + 10, y)
        cloth, lift, elastic = _band(face, p, q, hair, temple, ear_mm)
    if hangs(face):
        lift = lift + _hanging(face, m, p)
    garment = ramp(1.0, -1.0, y - neckline(face, m, x, z))
    lift = lift + garment * (2.2 + 1.6 * noise(p, 40, face.noise_seed + 12, 3, 0.5, (1, 1.6, 1)))
    return Cover(*(np.asarray(a, np.float32) for a in (hair, temple, cloth, elastic, garment, q, lift)))


def shell(p: F32, normals: F32, lift: F32) -> F32:
    """The surface displaced by `lift`: along the normal, on the crown away from its middle (normals cross there)."""
    out = unit(p - np.array([0, 15, -95], np.float32))
    w = ramp(40, 80, p[..., 1])[..., None]
    return (p + (normals * (1 - w) + out * w) * lift[..., None]).astype(np.float32)
