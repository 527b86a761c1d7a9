"""Where skin lies: from the chart of a piece (mm from its middle) to the picture and back.

The form is a limb or a trunk: an arc across, whose radius tapers along the axis, bent along a second, longer arc. Piece
axes: a along the ridge, c across it, z to the camera.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Sites

from .compiled import njit
from .piece import Piece
from .shot import Shot
from .strip import COVER, SMOOTH_X, SMOOTH_Y, SMOOTH_Z, WIDTH, A, C, X, Y, Z

F = np.float32
STEEPEST, STEEPEST_ALONG = 0.985, 0.95
"""Sine of the angle from which the edge of a form is drawn as if it went on; along the axis it never ends."""


SIDE_MM, MARGIN = 20.0, 1.02
"""Smallest side of a square of a piece's chart; factor on it, for what the form's taper and approximations move."""


class Square(NamedTuple):
    """A square of a piece's chart: its side, and where its middle lies, mm."""

    side: float
    x: float = 0.0
    y: float = 0.0


class Frame(NamedTuple):
    """A piece before a camera. cos, sin : turn from piece axes to the picture's; x_mm, y_mm : its middle in the
    picture's axes; start_mm : arc length from the ridge to the chart's middle; pixel : mm."""

    across: float
    along: float
    offset: float
    taper: float
    start_mm: float
    cos: float
    sin: float
    x_mm: float
    y_mm: float
    pixel: float
    size: int


def frame_of(piece: Piece, shot: Shot, size_px: int) -> Frame:
    """How a piece lies before the camera of a shot."""
    turn, pixel = piece.axis + math.radians(shot.turn_deg), piece.field_mm * shot.distance / size_px
    start = piece.across_mm * math.asin(max(min(piece.offset_mm / piece.across_mm, STEEPEST), -STEEPEST))
    shift = piece.field_mm * shot.distance
    return Frame(
        piece.across_mm, piece.along_mm, piece.offset_mm, piece.taper, start, math.cos(turn), math.sin(turn),
        shot.shift_x * shift, shot.shift_y * shift, pixel, size_px,
    )  # fmt: skip


def square_of(piece: Piece, shot: Shot, *, middle: bool = False) -> Square:
    """The smallest square of the chart that holds all skin of the piece in a picture; middle: the smallest about the
    chart's own middle."""
    f = frame_of(piece, shot, 2)
    corner = f.pixel * (np.array([1, 1, -1, -1]) + 1j * np.array([1, -1, 1, -1])) + f.x_mm + 1j * f.y_mm
    turned = corner * (f.cos - 1j * f.sin)  # picture axes to piece axes
    limit = STEEPEST * piece.across_mm
    c = np.clip(np.array([turned.imag.min(), turned.imag.max()]) + piece.offset_mm, -limit, limit)
    arc = piece.across_mm * np.arcsin(c / piece.across_mm) - f.start_mm
    a = np.array([turned.real.min(), turned.real.max()]) / piece.along_mm
    ends = np.stack([piece.along_mm * np.arcsin(np.clip(a, -STEEPEST_ALONG, STEEPEST_ALONG)), arc])
    x, y = (0.0, 0.0) if middle else ends.mean(axis=1).tolist()
    needed = 2 * float(np.abs(ends - np.array([[x], [y]])).max())
    return Square(float(max(math.ceil(MARGIN * needed), SIDE_MM)), x, y)


def rotation_of(frame: Frame) -> NDArray[np.float32]:
    """(3, 3) from piece axes to the camera's (right, up, to the camera)."""
    c, s = frame.cos, frame.sin
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)


def locate(frame: Frame, x_mm: NDArray[np.floating], y_mm: NDArray[np.floating]) -> Sites:
    """Where chart places lie; one beyond the horizon of the form gets NaN pixels."""
    n = x_mm.size
    spot, normal, x_px, y_px = (np.empty(shape, F) for shape in ((n, 3), (n, 3), n, n))
    _locate(frame, x_mm, y_mm, spot, normal, x_px, y_px)
    return Sites(spot, normal, x_px, y_px, np.full(n, 1 / frame.pixel, F))


@njit(fastmath=False)  # there are NaNs
def _locate(f, x_mm, y_mm, spot, normal, x_px, y_px):
    middle = (f.size - 1) / 2
    for i in range(x_mm.size):
        phi, theta = x_mm[i] / f.along, (y_mm[i] + f.start_mm) / f.across
        seen = abs(theta) < 1.5 and abs(phi) < 1.2
        phi = min(max(phi, -1.2), 1.2)
        a = f.along * math.sin(phi)
        radius = f.across * (1 + f.taper * a)
        c, z = radius * math.sin(theta), radius * math.cos(theta) - f.across + f.along * (math.cos(phi) - 1)
        u, v = math.tan(phi), math.tan(min(max(theta, -1.5), 1.5))
        size = math.sqrt(u * u + v * v + 1)
        spot[i, 0], spot[i, 1], spot[i, 2] = a, c, z
        normal[i, 0], normal[i, 1], normal[i, 2] = u / size, v / size, 1 / size
        right, up = f.cos * a - f.sin * (c - f.offset), f.sin * a + f.cos * (c - f.offset)
        x_px[i] = middle + (right - f.x_mm) / f.pixel if seen else math.nan
        y_px[i] = middle - (up - f.y_mm) / f.pixel if seen else math.nan


@njit(inline="always")
def arcsine(x):
    """Angle of a sine, to 7e-5 rad (Abramowitz and Stegun 1964, 4.4.45)."""
    t = abs(x)
    root = math.sqrt(max(F(1) - t, F(0)))
    angle = F(1.5707963) - root * (F(1.5707288) + t * (F(-0.2121144) + t * (F(0.0742610) + t * F(-0.0187293))))
    return angle if x >= 0 else -angle


@njit(inline="always")
def skin_at(f, column, row):
    """Skin at a pixel (float32): its place (x, y) on the chart, mm; spot (a, c, z) in piece axes; smooth normal
    (x, y, z) in camera axes; cover: how much of the pixel is skin, counted in pixels from the edge (above 1 within)."""
    middle, pixel, cos, sin = F((f.size - 1) / 2), F(f.pixel), F(f.cos), F(f.sin)
    across, along = F(f.across), F(f.along)
    top, top_along = F(STEEPEST), F(STEEPEST_ALONG)
    right, up = (column - middle) * pixel + F(f.x_mm), (middle - row) * pixel + F(f.y_mm)
    a, c = cos * right + sin * up, cos * up - sin * right + F(f.offset)
    radius = across * (F(1) + F(f.taper) * a)
    s = min(max(c / radius, -top), top)
    t = min(max(a / along, -top_along), top_along)
    cs, ct = math.sqrt(F(1) - s * s), math.sqrt(F(1) - t * t)
    na, nc = t / ct, s / cs
    k = F(1) / math.sqrt(na * na + nc * nc + F(1))
    return (
        along * arcsine(t), across * arcsine(s) - F(f.start_mm),
        a, c, radius * cs - across + along * (ct - F(1)),
        (cos * na - sin * nc) * k, (sin * na + cos * nc) * k, k,
        (radius - abs(c)) / pixel + F(0.5),
    )  # fmt: skip


@njit()
def place(f, row, start, b):
    """Skin at each pixel of a strip."""
    for i in range(WIDTH):
        x, y, a, c, z, nx, ny, nz, cover = skin_at(f, F(start + i), F(row))
        b[X + i], b[Y + i], b[A + i], b[C + i], b[Z + i], b[COVER + i] = x, y, a, c, z, cover
        b[SMOOTH_X + i], b[SMOOTH_Y + i], b[SMOOTH_Z + i] = nx, ny, nz
