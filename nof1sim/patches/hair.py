"""Body hair: single hairs over the skin, lesions and all. The same hairs on every day."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.raster import draw_strands

from .compiled import njit
from .geometry import Frame, Square
from .piece import Piece
from .sites import SITES

F = np.float32
JOINTS = 5
MOST = 6000
"""Hairs of a piece at most: more of them cannot be told apart in a picture."""
HAIR_DARK, HAIR_FAIR = np.array([0.020, 0.014, 0.010]), np.array([0.34, 0.23, 0.12])
"""Linear albedo."""


@dataclass(frozen=True, slots=True)
class Hairs:
    """Polylines on the chart (n, JOINTS, 2), mm; width (n,), mm; opacity (n,)."""

    line: NDArray[np.float32]
    width: NDArray[np.float32]
    opacity: NDArray[np.float32]


def grow(piece: Piece, square: Square) -> Hairs:
    """The hairs of a piece, on a square of its chart. They lie along a common way that turns slowly."""
    site, rng = SITES[piece.site], stream(piece.key, "hairs")
    low, high = site.length_mm
    side = square.side + high  # a hair reaches into the picture from beyond
    n = min(int(site.hairs_cm2 * side * side / 100), MOST)
    x, y = (rng.random((2, n), F) - F(0.5)) * F(side) + np.array([[square.x], [square.y]], F)
    u, z = rng.random((4, n), F), rng.standard_normal((3, n), F)
    terminal = u[0] < piece.terminal
    length = np.where(terminal, low + (high - low) * (0.35 + 0.65 * u[1]), 1.0 + 2.5 * u[1]) * np.exp(0.15 * z[2])
    width = np.where(terminal, 0.050 + 0.045 * u[2], 1e-3 * site.width_um * (0.7 + 0.6 * u[2]))
    bent = 0.5 * np.sin(x / 37 + piece.hair_way) + 0.5 * np.cos(y / 31)
    angle = piece.hair_way + 0.45 * bent + (0.22 + 0.1 * terminal) * z[0]
    turn = (0.5 * z[1]) / JOINTS
    line = np.empty((n, JOINTS, 2), np.float32)
    line[:, 0, 0], line[:, 0, 1] = x, y
    for k in range(1, JOINTS):
        step = length / (JOINTS - 1)
        line[:, k, 0] = line[:, k - 1, 0] + step * np.cos(angle)
        line[:, k, 1] = line[:, k - 1, 1] + step * np.sin(angle)
        angle = angle + turn
    opacity = np.where(terminal, 0.72 + 0.25 * u[3], (0.10 + 0.15 * u[3]) * (0.4 + 0.6 * piece.hair_dark))
    return Hairs(line, width.astype(np.float32), opacity.astype(np.float32))


def comb(hairs: Hairs, frame: Frame, canvas: NDArray[np.float32]) -> None:
    """Draw hairs over a coverage map (size, size), 0 to 1; one that adds less than .01 to a pixel is left out."""
    points = np.empty((hairs.width.size, JOINTS, 2), np.float32)
    width = hairs.width / np.float32(frame.pixel)
    kept = _project(frame, hairs.line, width * hairs.opacity, points)
    draw_strands(canvas, points[: kept.size], width[kept], hairs.opacity[kept])


@njit()
def _project(f, line, weight, points):
    """Pixels of the hairs in the picture, first in points; which these are."""
    kept = np.empty(line.shape[0], np.int64)
    n, middle, pixel = 0, F((f.size - 1) / 2), F(1 / f.pixel)
    across, along, cos, sin = F(f.across), F(f.along), F(f.cos), F(f.sin)
    offset, start, taper, size = F(f.offset), F(f.start_mm), F(f.taper), F(f.size)
    x0, y0 = F(f.x_mm), F(f.y_mm)
    for i in range(line.shape[0]):
        inside, seen = False, weight[i] > F(0.01)
        for k in range(JOINTS):
            phi, theta = line[i, k, 0] / along, (line[i, k, 1] + start) / across
            if not seen or abs(theta) > F(1.5) or abs(phi) > F(1.2):
                seen = False
                break
            a = along * math.sin(phi)
            c = across * (F(1) + taper * a) * math.sin(theta) - offset
            x = middle + (cos * a - sin * c - x0) * pixel
            y = middle - (sin * a + cos * c - y0) * pixel
            points[n, k, 0], points[n, k, 1] = x, y
            inside = inside or (x > F(0) and y > F(0) and x < size and y < size)
            if k == 0 and (x < -size or y < -size or x > F(2) * size or y > F(2) * size):
                seen = False
                break
        if seen and inside:
            kept[n] = i
            n += 1
    return kept[:n].copy()


@njit()
def lay(covered, colour, canvas):
    """Hair of a colour (3,) over the picture (h, w, 3) where it covers (h, w)."""
    for y in range(covered.shape[0]):
        for x in range(covered.shape[1]):
            k = covered[y, x]
            if k > F(0):
                for c in range(3):
                    canvas[y, x, c] += k * (colour[c] - canvas[y, x, c])


def colour(piece: Piece) -> NDArray[np.float32]:
    """Linear colour of the hair, lit."""
    return (HAIR_DARK + (HAIR_FAIR - HAIR_DARK) * (1 - piece.hair_dark) * math.sqrt(0.5)).astype(np.float32)
