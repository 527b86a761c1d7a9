"""Broad forms of the face as height fields in frontal mm: brow ridge, orbit, cheeks, chin, folds, jowl, neck."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import blob, curve, distance_to, ramp
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks

F32 = NDArray[np.floating]


def broad_forms(face: Face, m: Landmarks, x: F32, y: F32) -> F32:
    """Height (mm) to add to the base surface."""
    sn, sto, me, pg = m.subnasale, m.stomion, m.menton, m.pogonion
    full, sex = face.fullness, face.masculine
    scale = (sn - me) / 64.0
    by = face.brow_height
    ridge = curve([(2, by - 4), (14, by - 3.5), (28, by - 0.5), (40, by - 1.5), (50, by - 8)])
    d, _, t = distance_to(x, y, ridge)
    h = face.brow_ridge * np.exp(-((d / 7.5) ** 2)) * (1 - 0.25 * t)
    terms = (
        (0.5 * face.brow_ridge, 0, by - 2, 9, 8),
        (1.2, 24, 52, 14, 13),
        (-face.temple, 63, 28, 10, 16),
        (-face.orbit, m.eye_middle + 1.5, 2, 15.5, 10.5),
        (-3.2, 15, 4, 6, 8),
        (2.4, 20, -27, 8, 13),
        (face.cheekbone, 47, -21, 15, 9),
        (face.malar, 33, -33, 13, 11),
        (-face.hollow, 46, sto + 12, 11, 15),
        (1.5 * full, 36, sto + 4, 14, 14),
        (0.8 * max(full, 0), 0, me - 3, 20, 6),
        (face.mouth_bulge, 0, (sn + sto) / 2 - 2, 21, 15),
        (face.chin_depth, 0, pg - 1, face.chin_width, 9.5 * scale),
        (0.9 * float(np.clip(sex + 0.3, 0, 1.2)), 7, pg - 3, 6, 6),
        (-0.9 * face.chin_cleft, 0, pg - 3, 1.8, 5),
        (-1.5 - 0.6 * face.jowl, 20, m.sublabiale - 3, 8, 10),  # marionette / pre-jowl hollow
        (1.8 * face.jowl, 34, m.sublabiale - 4, 9, 10),
    )
    for amplitude, cx, cy, sx, sy in terms:
        h = h + amplitude * blob(x, y, cx, cy, sx, sy)
    return h.astype(np.float32)


def folds(face: Face, m: Landmarks, x: F32, y: F32) -> tuple[F32, F32, F32]:
    """Height of the nasolabial fold and the tear trough, and a mask of each."""
    nw, mw, sn, sto = m.nose_half, m.mouth_half, m.subnasale, m.stomion
    smile = curve([(nw + 1.5, sn + 9), (nw + 6, sn + 1), (nw + 10.5, sn - 10), (mw + 5.5, sto + 3), (mw + 6, sto - 7)])
    d, side, t = distance_to(x, y, smile)
    w = np.maximum(np.sin(np.pi * np.clip(t * 0.9 + 0.12, 0, 1)), 0) ** 0.7
    a = face.smile_fold
    h = w * (a * 1.5 + 0.6) * np.exp(-(((d - 5) / 6.0) ** 2)) * ramp(-4, 4, d * side)
    h = h - w * (a * 0.75 + 0.15) * np.exp(-((d / 3.2) ** 2))
    fold = w * np.exp(-((d / 1.3) ** 2))
    trough = curve([(m.eye_inner + 2, -7), (m.eye_inner + 9, -12.5), (m.eye_middle + 5, -16), (m.eye_middle + 14, -13)])
    d, _, t = distance_to(x, y, trough)
    tear = np.exp(-((d / 3.0) ** 2)) * (1 - 0.6 * t)
    h = h - face.tear_trough * np.exp(-((d / 3.2) ** 2)) * (1 - 0.7 * t)
    return h.astype(np.float32), fold.astype(np.float32), tear.astype(np.float32)


def neck(face: Face, m: Landmarks, x: F32, y: F32) -> F32:
    """Sternocleidomastoid, larynx, jugular notch: height on the front of the neck."""
    me = m.menton
    zone = ramp(me - 6, me - 14, y) * ramp(me - 95, me - 70, y)
    muscle, _, _ = distance_to(x, y, np.array([(46, me + 8), (30, me - 35), (9, me - 68)]))
    h = zone * 2.5 * np.exp(-((muscle / 8) ** 2))
    h = h + zone * 2.6 * float(np.clip(face.masculine, 0, 1.3)) * blob(x, y, 0, me - 30, 7, 9)
    return (h - 2.0 * blob(x, y, 0, me - 72, 8, 7)).astype(np.float32)
