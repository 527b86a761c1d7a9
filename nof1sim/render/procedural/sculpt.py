"""Broad forms of head and neck, raised along the normal of the coarse base, and fine folds as height fields.

Amplitudes and widths in mm, by eye from anatomy (bone, fat and muscle named beside each) and checked in clay against
the mean depths of published 3-D face models; each person's own amounts are the modes of `identity`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import cross, curve, distance_to, ramp, unit
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]
Form = tuple[float, float, float, float, float]
"""Height, centre (x, y) seen from the front, and standard deviations along the skin and upwards."""


def _upper(face: Face, m: Landmarks) -> list[Form]:
    by, mid = face.brow_height, m.eye_middle
    return [
        (0.45 * face.brow_ridge, 0, by - 2, 11, 10),  # glabella
        (0.65 * face.brow_ridge, 20, by - 1, 13, 7.5),  # supraorbital ridge
        (0.50 * face.brow_ridge, 41, by - 3, 11, 7),  # its lateral end
        (face.frontal_boss, 27, 50, 15, 13),
        (-face.temple, 62, 22, 13, 17),
        (-face.orbit, mid + 0.5, 1.5, 14.5, 10.0),
        (-0.18 * face.orbit, mid + 12, -2, 9, 10),  # behind the lateral rim
        (-2.2, 14, 4, 6.0, 9),  # between globe and root of the nose
        (0.9 * face.lid_fat, mid + 2, 11.5, 13, 5),
    ]


def _middle(face: Face, m: Landmarks) -> list[Form]:
    sn, sto, full = m.subnasale, m.stomion, face.fullness
    return [
        (face.cheekbone, 51, -19, 12, 8.5),
        (0.35 * face.cheekbone, 64, -14, 13, 7),  # zygomatic arch
        (face.malar, 36, -28, 14, 11),  # malar fat
        (-face.hollow, 50, sto + 8, 11, 14),
        (1.6 * full, 45, sto + 3, 17, 16),  # buccal fat
        (0.9 * full, 28, sn - 4, 12, 12),
        (5.2 + face.mouth_bulge, 0, (sn + sto) / 2 - 3, 14, 17),  # the arch of the teeth
        (3.4, 0, sn + 1, 8, 6),  # nasal spine
    ]


def _lower(face: Face, m: Landmarks) -> list[Form]:
    sto, me, pg, sl = m.stomion, m.menton, m.pogonion, m.sublabiale
    cw, scale = face.chin_width, (m.subnasale - me) / 64.0
    return [
        (face.chin_depth, 0, pg - 0.5, cw, 9.5 * scale),
        (0.35 * face.chin_depth, 0.9 * cw, pg - 4, 7, 7),  # mental tubercles
        (-0.8 - 0.9 * face.jowl, 23, sl - 5, 8, 10),  # pre-jowl hollow
        (2.0 * face.jowl, 36, sl - 7, 9, 9),
        (face.masseter, 0.49 * face.jaw_width, sto + 2, 15, 15),
        (face.gonial, 0.47 * face.jaw_width, sto - 7, 13, 11),
        (0.8 * max(face.fullness, 0.0), 0, me - 3, 24, 6),
    ]


def _planes(face: Face, m: Landmarks) -> list[Form]:
    """Depth forms: the middle of the face is flatter in front and turns more abruptly than any superellipse."""
    wide = face.face_width / 134.0
    return [
        (6.0, 62 * wide, -28, 11, 20),  # zygoma and arch
        (-3.8, 25, -20, 11, 15),  # beside the nose, under the eye
    ]


def _at_side(face: Face, m: Landmarks) -> list[tuple[float, tuple[float, float, float], tuple[float, float]]]:
    """Height, centre in space, standard deviations: what lies beside or under the face."""
    sto, me, nk = m.stomion, m.menton, face.neck_width
    return [
        (-3.0, (nk + 6, sto + 14, -96), (8.0, 12.0)),  # hollow behind the ramus, below the ear
        (2.5, (62, -42, -114), (12.0, 12.0)),  # mastoid
        (-0.4, (0.62 * nk, me + 2, -52), (16.0, 10.0)),  # under the body of the mandible
        (-1.5, (0, me - 10, -50), (14.0, 7.0)),  # angle between chin and neck
        (-3.5, (0, me - 76 * face.neck_length, -65), (9.0, 6.5)),  # jugular notch
        (-4.0, (1.1 * nk, me - 70 * face.neck_length, -82), (17.0, 9.0)),  # above the collarbone
        (2.2, (1.5 * nk, me - 88 * face.neck_length, -75), (30.0, 5.0)),  # collarbone
        (1.6 * face.larynx, (0, me - 29, -57), (5.5, 6.5)),  # thyroid cartilage
        (0.7 + 0.3 * face.larynx, (0, me - 44, -59), (8.0, 9.0)),  # cricoid and trachea
        (-1.0 - 0.25 * face.larynx, (0, me - 15, -54), (9.0, 5.0)),  # above it, at the hyoid
    ]


def _surface_point(p: NDArray, facing: NDArray, x: float, y: float) -> NDArray:
    far = (p[0] - x) ** 2 + (p[1] - y) ** 2 + np.where(facing & (p[2] > -100), 0.0, 1e6)
    return p.reshape(3, -1)[:, int(np.argmin(far))]


def _bump(p: NDArray, centre: NDArray, along: float, up: float) -> NDArray:
    """Gaussian of height 1 around a point of the skin and its mirror image."""
    x, y, z = p
    rest = ((y - centre[1]) / up) ** 2 + ((z - centre[2]) / along) ** 2
    out = np.exp(-0.5 * (((x - centre[0]) / along) ** 2 + rest))
    if centre[0] > 0.5:
        out = out + np.exp(-0.5 * (((x + centre[0]) / along) ** 2 + rest))
    return out


def _muscle(face: Face, m: Landmarks, p: NDArray) -> NDArray:
    """Sternocleidomastoid, from the mastoid to the jugular notch."""
    nk = face.neck_width
    line = [(nk + 4, -46, -112), (nk - 2, m.menton + 10, -100), (0.68 * nk, m.menton - 32, -72),
            (0.2 * nk, m.menton - 74 * face.neck_length, -64)]  # fmt: skip
    best = np.full(p.shape[1:], 1e9)
    for a, b in zip(np.array(line[:-1], float), np.array(line[1:], float), strict=True):
        d = b - a
        t = np.clip(sum((p[i] - a[i]) * d[i] for i in range(3)) / float(d @ d), 0, 1)
        best = np.minimum(best, sum((p[i] - a[i] - t * d[i]) ** 2 for i in range(3)))
    # Hollows accompany it: the carotid triangle before, the posterior triangle behind it.
    ridge = 1.9 * np.exp(-best / (2 * 5.5**2)) - 1.1 * np.exp(-best / (2 * 14.0**2))
    return face.sterno * ridge * ramp(m.menton + 30, m.menton - 15, p[1])


def broad_forms(face: Face, m: Landmarks, p: NDArray) -> NDArray:
    """The coarse half head (3, rows, columns) with its broad forms."""
    grid = np.moveaxis(p, 0, -1)
    normal = unit(-cross(np.gradient(grid, axis=1), np.gradient(grid, axis=0)))
    facing = normal[..., 2] > 0.05
    height = _muscle(face, m, p)
    for amplitude, x, y, along, up in _upper(face, m) + _middle(face, m) + _lower(face, m):
        height += amplitude * _bump(p, _surface_point(p, facing, x, y), along, up)
    for amplitude, centre, (along, up) in _at_side(face, m):
        height += amplitude * _bump(p, np.array(centre), along, up)
    # The first column lies on the midline and must stay there.
    push = np.moveaxis(normal, -1, 0) * height
    push[0, :, 0] = push[0, :, -1] = 0.0
    front = ramp(-92, -62, p[2])
    for amplitude, x, y, along, up in _planes(face, m):
        push[2] += amplitude * front * np.exp(-0.5 * (((p[0] - x) / along) ** 2 + ((p[1] - y) / up) ** 2))
    return p + push


def folds(face: Face, m: Landmarks, x: F32, y: F32) -> tuple[F32, F32, F32]:
    """Height of the nasolabial fold, the tear trough and the marionette line, and masks of the first two."""
    nw, mw, sn, sto = m.nose_half, m.mouth_half, m.subnasale, m.stomion
    smile = curve(
        [(nw + 1.0, sn + 9), (nw + 5, sn + 2), (nw + 9.5, sn - 9), (mw + 6.5, sto + 3), (mw + 7.5, sto - 8)], 30
    )
    d, side, t = distance_to(x, y, smile, 40.0)
    # Deepest beside the wing of the nose, running out below the corner of the mouth.
    w = np.maximum(np.sin(np.pi * np.clip(t * 0.94 + 0.06, 0, 1) ** 0.8), 0) ** 0.8
    a = face.smile_fold
    cheek = np.exp(-(((d - 6) / 6.0) ** 2)) * ramp(-5, 5, d * side)
    h = w * a * (1.7 * cheek - 0.8 * np.exp(-((d / 3.6) ** 2)))
    fold = w * np.exp(-((d / 1.6) ** 2))
    trough = curve(
        [(m.eye_inner + 1, -7), (m.eye_inner + 8, -13), (m.eye_middle + 5, -17), (m.eye_middle + 14, -14)], 24
    )
    d, _, t = distance_to(x, y, trough, 30.0)
    tear = np.exp(-((d / 3.4) ** 2)) * (1 - 0.6 * t)
    h = h - face.tear_trough * np.exp(-((d / 3.6) ** 2)) * (1 - 0.7 * t)
    if face.jowl > 0.05:
        line = curve([(mw + 2, sto - 4), (mw + 4, sto - 13), (mw + 5, sto - 22)])
        d, _, t = distance_to(x, y, line, 30.0)
        h = h - 0.8 * face.jowl * np.exp(-((d / 4.6) ** 2)) * np.sin(np.pi * np.clip(0.1 + 0.85 * t, 0, 1))
    return h.astype(np.float32), fold.astype(np.float32), tear.astype(np.float32)
