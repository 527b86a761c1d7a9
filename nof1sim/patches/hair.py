"""Body hair: single hairs over the skin, lesions and all. The same hairs on every day."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import njit
from .geometry import Square
from .piece import Piece
from .sites import SITES

F, U = np.float32, np.uint64
PIECE_PX, MOST_PIECES = 4.0, 5
"""Hairs are drawn in straight pieces of so many pixels, or longer ones."""
TAPER = F(0.56)
"""A hair's tip is thinner by this share."""
MOST = 6000
"""Hairs of a piece at most: more of them cannot be told apart in a picture."""
FAINT = 0.02
"""A hair that adds less to a pixel (about a grey level) is left out."""
HAIR_DARK, HAIR_FAIR = np.array([0.020, 0.014, 0.010]), np.array([0.34, 0.23, 0.12])
"""Linear albedo."""


class Fur(NamedTuple):
    """The hairs of a piece: how many, on which square of its chart (mm), and what they are like; see `Piece`.

    low, high : length of terminal hairs, mm; vellus : width of the others, mm.
    """

    key: int
    hairs: int
    side: float
    x: float
    y: float
    terminal: float
    low: float
    high: float
    vellus: float
    way: float
    dark: float


def fur_of(piece: Piece, square: Square) -> Fur:
    """The hairs of a piece, on a square of its chart."""
    site = SITES[piece.site]
    low, high = site.length_mm
    side = square.side + high  # a hair reaches into the picture from beyond
    count = min(int(site.hairs_cm2 * side * side / 100), MOST)
    return Fur(
        piece.key, count, side, square.x, square.y, piece.terminal, low, high, 1e-3 * site.width_um, piece.hair_way,
        piece.hair_dark,
    )  # fmt: skip


@njit()
def comb(h, f, canvas):
    """Draw hairs over a coverage map (size, size), 0 to 1. They lie along a common way that turns slowly."""
    for i in range(h.hairs):
        bits = _bits(h.key, i, 0)
        terminal = _share(bits, 0) < F(h.terminal)
        long, thick, dense = _share(bits, 1), _share(bits, 2), _share(bits, 3)
        if terminal:
            width, opacity = F(0.050) + F(0.045) * thick, F(0.72) + F(0.25) * dense
            length = F(h.low) + F(h.high - h.low) * (F(0.35) + F(0.65) * long)
        else:
            width, opacity = F(h.vellus) * (F(0.7) + F(0.6) * thick), F(0.10) + F(0.15) * dense
            opacity *= F(0.4) + F(0.6) * F(h.dark)
            length = F(1.0) + F(2.5) * long
        width /= F(f.pixel)
        if width * opacity <= F(FAINT):
            continue
        bits = _bits(h.key, i, 1)
        x, y = F(h.x) + F(h.side) * (_half(bits, 0) - F(0.5)), F(h.y) + F(h.side) * (_half(bits, 1) - F(0.5))
        length *= F(1) + F(0.15) * _normal(h.key, i, 2)
        if not _near(f, x, y, length):
            continue
        bent = F(0.5) * math.sin(x / F(37) + F(h.way)) + F(0.5) * math.cos(y / F(31))
        spread = F(0.32) if terminal else F(0.22)
        angle = F(h.way) + F(0.45) * bent + spread * _normal(h.key, i, 3)
        _draw(f, x, y, length, angle, F(0.4) * _normal(h.key, i, 4), width, opacity, canvas)


@njit(inline="always")
def _bits(key, hair, number):
    """64 random bits of a hair (SplitMix64: Steele et al., OOPSLA 2014)."""
    x = U(key) + (U(hair) * U(8) + U(number) + U(1)) * U(0x9E3779B97F4A7C15)
    x = (x ^ (x >> U(30))) * U(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U(27))) * U(0x94D049BB133111EB)
    return x ^ (x >> U(31))


@njit(inline="always")
def _share(bits, quarter):
    """0 to 1, of 16 bits."""
    return F(np.int32((bits >> U(16 * quarter)) & U(0xFFFF))) * F(1 / 65536)


@njit(inline="always")
def _half(bits, half):
    """0 to 1, of 24 bits."""
    return F(np.int32((bits >> U(32 * half)) & U(0xFFFFFF))) * F(1 / 16777216)


@njit(inline="always")
def _normal(key, hair, number):
    """Nearly normal: four uniform numbers, summed and scaled to an SD of 1."""
    bits = _bits(key, hair, number)
    return (_share(bits, 0) + _share(bits, 1) + _share(bits, 2) + _share(bits, 3) - F(2)) * F(1.7320508)


@njit(inline="always")
def _sine(x):
    """Up to 1.5 rad, to 2e-6."""
    q = x * x
    return x * (F(1) - q * (F(1 / 6) - q * (F(1 / 120) - q * (F(1 / 5040) - q * F(1 / 362880)))))


@njit(inline="always")
def _seen(f, x, y):
    """Pixel of a chart place, and whether it lies before the form's horizon."""
    phi, theta = x / F(f.along), (y + F(f.start_mm)) / F(f.across)
    a = F(f.along) * _sine(phi)
    c = F(f.across) * (F(1) + F(f.taper) * a) * _sine(theta) - F(f.offset)
    middle, cos, sin = F((f.size - 1) / 2), F(f.cos), F(f.sin)
    right, up = cos * a - sin * c - F(f.x_mm), sin * a + cos * c - F(f.y_mm)
    return middle + right / F(f.pixel), middle - up / F(f.pixel), abs(theta) <= F(1.5) and abs(phi) <= F(1.2)


@njit(inline="always")
def _near(f, x, y, length):
    """Whether a hair from a chart place may reach into the picture."""
    px, py, seen = _seen(f, x, y)
    reach, size = length / F(f.pixel) + F(2), F(f.size)
    return seen and px > -reach and py > -reach and px < size + reach and py < size + reach


@njit()
def _draw(f, x, y, length, angle, turn, width, opacity, canvas):
    """A bent hair from a chart place, in straight pieces of some pixels."""
    pieces = min(int(length / (F(f.pixel) * F(PIECE_PX))) + 1, MOST_PIECES)
    step, share = length / F(pieces), F(1) / F(pieces)
    angle, turn = angle + F(0.5) * turn * share, turn * share
    px, py, _ = _seen(f, x, y)
    for k in range(pieces):
        x, y = x + step * math.cos(angle), y + step * math.sin(angle)
        qx, qy, seen = _seen(f, x, y)
        if not seen:
            return
        wide = width * (F(1) - TAPER * (F(k) + F(0.5)) * share)
        half, strength = F(0.5) * max(wide, F(1)), opacity * min(wide, F(1))
        if abs(qy - py) > abs(qx - px):
            _stroke(canvas, py, px, qy - py, qx - px, half, strength, True)
        else:
            _stroke(canvas, px, py, qx - px, qy - py, half, strength, False)
        px, py, angle = qx, qy, angle + turn


@njit()
def _stroke(canvas, x0, y0, dx, dy, half, strength, steep):
    """A piece of a hair, no steeper than 45 degrees; steep: with x and y exchanged. Thinner than a pixel it is drawn a
    pixel wide and fainter, so that its optical weight is right at every picture size."""
    size, length = canvas.shape[0], math.sqrt(dx * dx + dy * dy) + F(1e-6)
    ux, uy, reach = dx / length, dy / length, half + F(0.5)
    tall, bend = reach / max(abs(ux), F(0.5)), reach * abs(uy)
    first, last = math.ceil(min(x0, x0 + dx) - bend), math.floor(max(x0, x0 + dx) + bend)
    slope = uy / (ux if abs(ux) > F(0.5) else F(0.5))
    for x in range(max(0, first), min(size - 1, last) + 1):
        ex = F(x) - x0
        y = y0 + ex * slope
        for row in range(max(0, math.ceil(y - tall)), min(size - 1, math.floor(y + tall)) + 1):
            ey = F(row) - y0
            t = ex * ux + ey * uy
            cover = min(reach - abs(ey * ux - ex * uy), F(1)) * strength
            if cover > F(0) and t >= F(0) and t < length:  # half-open: a joint is not counted twice
                i, j = U(x if steep else row), U(row if steep else x)
                canvas[i, j] = F(1) - (F(1) - canvas[i, j]) * (F(1) - cover)


@njit()
def lay(covered, colour, canvas):
    """Hair of a colour (3,) over the picture (h, w, 3) where it covers (h, w)."""
    red, green, blue = colour[0], colour[1], colour[2]
    for row in range(covered.shape[0]):
        y = U(row)
        for column in range(covered.shape[1]):
            x = U(column)
            k = covered[y, x]
            canvas[y, x, 0] += k * (red - canvas[y, x, 0])
            canvas[y, x, 1] += k * (green - canvas[y, x, 1])
            canvas[y, x, 2] += k * (blue - canvas[y, x, 2])


def colour(piece: Piece) -> NDArray[np.float32]:
    """Linear colour of the hair, lit."""
    return (HAIR_DARK + (HAIR_FAIR - HAIR_DARK) * (1 - piece.hair_dark) * math.sqrt(0.5)).astype(np.float32)
