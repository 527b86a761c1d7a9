"""The outer ear: a polar height field (helix, antihelix, concha, tragus, lobe) on a plane that leans off the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import cross, ramp, unit
from nof1sim.render.procedural.identity import Face

F32 = NDArray[np.floating]
HINGE_Z_MM = -93.0
"""Depth of the line along which the ear meets the head, behind the glabella."""


@dataclass(slots=True)
class Ear:
    """points, normals (rows, columns, 3); hollow (rows, columns): 0 on the rims to 1 deep in the concha."""

    points: F32
    normals: F32
    hollow: F32


def _groove(v: NDArray, at: float, width: float) -> NDArray:
    return np.exp(-(((v - at) / width) ** 2))


def _relief(a: NDArray, b: NDArray, r: NDArray, ca: NDArray, sb: NDArray, hw: float, hh: float) -> NDArray:
    """Height off the plane; a: mm backwards, b: mm up, r: 0 .. 1 of the outline."""
    back = ramp(-0.55, 0.15, ca)
    helix = 4.3 * _groove(r, 0.90, 0.085) * ramp(-0.8, -0.15, sb + 0.85 * ca)
    # The root of the helix runs down and inwards into the concha.
    root = 2.6 * np.exp(
        -((((a + 0.52 * hw) + 0.25 * (b - 0.22 * hh)) / 2.6) ** 2) - ((b - 0.26 * hh) / (0.2 * hh)) ** 2
    )
    upper = ramp(0.25, 0.75, sb)
    fork = 0.55 + 0.45 * np.cos(3.2 * (np.arctan2(sb, ca) - 1.25)) * upper
    antihelix = 3.3 * _groove(r, 0.60 + 0.04 * upper, 0.13 + 0.06 * upper) * back * ramp(-0.85, -0.35, sb)
    antihelix = antihelix * (1 - upper + upper * fork)
    scapha = -2.3 * _groove(r, 0.76, 0.06) * back * ramp(-0.8, -0.3, sb)
    concha = -7.5 * np.exp(-((((a + 0.16 * hw) / (0.40 * hw)) ** 2) + ((b + 0.10 * hh) / (0.33 * hh)) ** 2))
    # Low: most of the tragus is the border of the cheek, which stands over the concha.
    tragus = 2.0 * np.exp(-((((a + 0.68 * hw) / 3.4) ** 2) + ((b + 0.14 * hh) / 5.0) ** 2))
    antitragus = 2.8 * np.exp(-((((a - 0.02 * hw) / 4.2) ** 2) + ((b + 0.50 * hh) / 3.8) ** 2))
    lobe = 2.0 * np.exp(-((((a + 0.1 * hw) / 8.0) ** 2) + ((b + 0.80 * hh) / 7.0) ** 2))
    return 3.6 * (1 - 0.5 * r**2) + helix + root + antihelix + scapha + concha + tragus + antitragus + lobe


def _outline(face: Face, ca: NDArray, sb: NDArray, r: NDArray, hw: float, hh: float) -> tuple[NDArray, NDArray]:
    low = np.maximum(-sb, 0)
    width = 1 + 0.17 * sb - (0.16 - 0.04 * face.ear_lobe) * low**2
    # The upper back is full, the front nearly straight.
    width = width * np.where(ca > 0, 1 + 0.05 * sb, 0.86 + 0.14 * np.abs(sb) ** 3)
    return r * ca * hw * width - 0.08 * hw * low * r, r * sb * hh * (1 + 0.05 * face.ear_lobe * low)


def build_ear(face: Face, side: int, skin: F32, n: int) -> Ear:
    """The ear at image right (+1) or left (-1) of the head `skin` (rows, columns, 3), n radial samples."""
    hw, hh = face.ear_height * (0.290 + 0.012 * face.ear_width), face.ear_height * 0.5
    u, r = np.linspace(0, 2 * np.pi, n * 5 // 4), np.linspace(0, 1, n)[:, None]
    ca, sb = np.cos(u)[None], np.sin(u)[None]
    a, b = _outline(face, ca, sb, r, hw, hh)
    h = _relief(a, b, r, ca, sb, hw, hh)
    hollow = np.clip(-(h - 3) / 6, 0, 1)
    # The rim rolls over at the back; the front border sinks into the cheek.
    ahead_part = ramp(-0.25, -0.8, ca) * (1 - 0.5 * np.maximum(sb, 0)) * (1 - 0.7 * ramp(-0.3, -0.8, sb))
    rolled = 3.2 - 2.4 * ramp(-0.3, -0.8, sb)  # less at the lobe
    h = h * ramp(1.0, 0.94, r) - rolled * ramp(0.94, 1.0, r) - 8.0 * ahead_part * ramp(0.80, 1.0, r)
    # The lower third leans in, so that the lobe leads into the jaw.
    angle, tilt = np.deg2rad(face.ear_angle) * (1 - 0.75 * ramp(0.1, -1.0, b / hh)), np.deg2rad(face.ear_tilt)
    y0, hinge = 0.15 * face.nose_height - 20, hw * 0.62
    along = a + hinge
    out, back = along * np.sin(angle) + h * np.cos(angle), along * np.cos(angle) - h * np.sin(angle)
    y, z = y0 + b * np.cos(tilt) - back * np.sin(tilt), HINGE_Z_MM - back * np.cos(tilt) - b * np.sin(tilt)
    # The upper part stands off further than the lobe.
    x = _head_half(skin, y0, HINGE_Z_MM - 4) - 2.8 + out + 0.09 * b
    p = np.stack([side * x, y, z], -1).astype(np.float32)
    if side < 0:
        p = p[:, ::-1]
    du = np.gradient(p, axis=1).astype(np.float32)
    seam = 0.5 * ((p[:, 1] - p[:, 0]) + (p[:, -1] - p[:, -2]))
    du[:, 0] = du[:, -1] = seam
    normals = unit(cross(np.gradient(p, axis=0).astype(np.float32), du)).astype(np.float32)
    normals *= np.sign(normals[..., 0].mean() * side)
    if side < 0:
        hollow = hollow[:, ::-1]
    return Ear(np.ascontiguousarray(p), normals, np.ascontiguousarray(hollow, dtype=np.float32))


def _head_half(skin: F32, y: float, z: float) -> float:
    """Half-width of the head where the ear hangs."""
    part = skin[::2, ::2]
    near = (np.abs(part[..., 1] - y) < 5) & (np.abs(part[..., 2] - z) < 6)
    return float(np.abs(part[..., 0][near]).mean()) if near.any() else 70.0
