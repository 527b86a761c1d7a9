"""The outer ear: a polar height field (helix, antihelix, concha, tragus, lobe) on an inclined plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import cross, ramp, unit
from nof1sim.render.procedural.identity import Face

F32 = NDArray[np.floating]


@dataclass(slots=True)
class Ear:
    """points, normals (rows, columns, 3); hollow (rows, columns): 0 on the rims to 1 deep in the concha."""

    points: F32
    normals: F32
    hollow: F32


def _relief(a: NDArray, b: NDArray, r: NDArray, ca: NDArray, sb: NDArray, hw: float, hh: float) -> NDArray:
    back = ramp(-0.6, 0.1, ca)
    helix = 4.6 * np.exp(-(((r - 0.86) / 0.085) ** 2)) * ramp(-0.75, -0.2, sb + 0.9 * ca)
    antihelix = 4.0 * np.exp(-(((r - 0.56) / 0.11) ** 2)) * back * ramp(-0.9, -0.4, sb)
    scapha = -1.2 * np.exp(-(((r - 0.71) / 0.06) ** 2)) * back
    concha = -7.0 * np.exp(-((((a + 0.10 * hw) / (0.42 * hw)) ** 2) + ((b + 0.12 * hh) / (0.34 * hh)) ** 2))
    tragus = 4.0 * np.exp(-((((a + 0.62 * hw) / 3.2) ** 2) + ((b + 0.10 * hh) / 4.5) ** 2))
    antitragus = 2.6 * np.exp(-((((a - 0.05 * hw) / 4.0) ** 2) + ((b + 0.52 * hh) / 3.5) ** 2))
    lobe = 1.5 * np.exp(-(((a / 7.0) ** 2) + ((b + 0.80 * hh) / 6.0) ** 2))
    return 4.5 * (1 - 0.55 * r**2) + helix + antihelix + scapha + concha + tragus + antitragus + lobe


def build_ear(face: Face, side: int, skin: F32, n: int) -> Ear:
    """The ear at image right (+1) or left (-1) of the head `skin` (rows, columns, 3), n radial samples."""
    hw, hh = face.ear_height * 0.29, face.ear_height * 0.5
    u, r = np.linspace(0, 2 * np.pi, n * 5 // 4), np.linspace(0, 1, n)[:, None]
    ca, sb = np.cos(u)[None], np.sin(u)[None]
    a = r * ca * hw * (1 + 0.16 * sb - 0.10 * np.maximum(-sb, 0) ** 2) + 1.5 * sb * r
    b = r * sb * hh
    h = _relief(a, b, r, ca, sb, hw, hh)
    h = h * ramp(1.0, 0.93, r) - 3.0 * ramp(0.93, 1.0, r)
    angle = np.deg2rad(face.ear_angle)
    y0, z0, hinge = 0.15 * face.nose_height - 20, -100.0, hw * 0.78
    out = (-a - hinge) * -np.sin(angle) + h * np.cos(angle)
    ahead = (-a - hinge) * np.cos(angle) + h * np.sin(angle)
    near = (np.abs(skin[..., 1] - y0) < 4) & (np.abs(skin[..., 2] - (z0 + hinge)) < 5)
    half = float(np.abs(skin[..., 0][near]).max()) if near.any() else face.face_width / 2
    p = np.stack([side * (half - 2.0 + out), y0 + b * 0.98 - a * 0.18, z0 + hinge + ahead], -1).astype(np.float32)
    if side < 0:
        p = p[:, ::-1]
    du = np.gradient(p, axis=1).astype(np.float32)
    seam = 0.5 * ((p[:, 1] - p[:, 0]) + (p[:, -1] - p[:, -2]))
    du[:, 0] = du[:, -1] = seam
    normals = unit(cross(np.gradient(p, axis=0).astype(np.float32), du)).astype(np.float32)
    normals *= np.sign(normals[..., 0].mean() * side)
    hollow = np.clip(-(h - 4) / 6, 0, 1)
    if side < 0:
        hollow = hollow[:, ::-1]
    return Ear(np.ascontiguousarray(p), normals, np.ascontiguousarray(hollow, dtype=np.float32))
