"""Building blocks of height fields: ramps, blobs, smooth joins, distances to drawn curves. Lengths in mm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # whose parts load on first use
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]


def ramp(a: float, b: float, x):
    """Smooth step from 0 at `a` to 1 at `b` (b < a falls)."""
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def blob(x, y, cx: float, cy: float, sx: float, sy: float):
    """Gaussian bump of height 1."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def smooth_max(a, b, k: float):
    """Maximum with a polynomial blend over a band of width k."""
    h = np.maximum(k - np.abs(a - b), 0) / k
    return np.maximum(a, b) + h * h * (k * 0.25)


def soft_max(a, b, k):
    """Log-sum-exp: joins two surfaces over their whole extent (a nose into cheeks) without a visible band."""
    m = np.maximum(a, b)
    return m + k * np.log(np.exp((a - m) / k) + np.exp((b - m) / k))


def ellipsoid(x, y, centre: tuple[float, float, float], radii: tuple[float, float, float], fall: float = 1.6):
    """Height of the upper half of an ellipsoid, falling off steeply beyond its rim."""
    q = np.sqrt(((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2)
    return centre[2] + radii[2] * (np.sqrt(np.maximum(1 - q * q, 0)) - fall * np.maximum(q - 0.98, 0))


def curve(points: Sequence[tuple[float, float]], n: int = 14) -> NDArray[np.float64]:
    """`n` points of a cubic spline through `points`, by arc length. (n, 2)."""
    p = np.array(points, float)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    return scipy.interpolate.CubicSpline(s, p)(np.linspace(0, s[-1], n))


@njit(fastmath=True)
def _nearest(x, y, points, reach, distance, side, along):
    n = points.shape[0] - 1
    x_low, x_high = points[:, 0].min() - reach, points[:, 0].max() + reach
    y_low, y_high = points[:, 1].min() - reach, points[:, 1].max() + reach
    for q in range(x.size):
        px, py = x[q], y[q]
        if px < x_low or px > x_high or py < y_low or py > y_high:
            continue
        best = 1e9
        for i in range(n):
            ax, ay = points[i, 0], points[i, 1]
            dx, dy = points[i + 1, 0] - ax, points[i + 1, 1] - ay
            t = ((px - ax) * dx + (py - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
            t = min(max(t, 0.0), 1.0)
            ex, ey = px - ax - t * dx, py - ay - t * dy
            d = ex * ex + ey * ey
            if d < best:
                best = d
                side[q] = 1.0 if dx * ey - dy * ex >= 0 else -1.0
                along[q] = (i + t) / n
        distance[q] = math.sqrt(best)


def distance_to(x: F32, y: F32, points: NDArray, reach_mm: float = 24.0) -> tuple[F32, F32, F32]:
    """Distance to a polyline (k, 2), its side (+1, -1), place along it (0 .. 1); 1000 beyond `reach_mm` of its box."""
    distance, side, along = np.full(x.size, 1e3, np.float32), np.ones(x.size, np.float32), np.zeros(x.size, np.float32)
    flat_x = np.ascontiguousarray(x, dtype=np.float32).ravel()
    flat_y = np.ascontiguousarray(y, dtype=np.float32).ravel()
    _nearest(flat_x, flat_y, np.asarray(points, np.float64), reach_mm, distance, side, along)
    return distance.reshape(x.shape), side.reshape(x.shape), along.reshape(x.shape)


def rotation(yaw_rad: float, pitch_rad: float) -> F32:
    """Head to camera axes: yaw about y, then pitch about x."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    d, t = math.cos(pitch_rad), math.sin(pitch_rad)
    return np.array([[c, 0, s], [t * s, d, -t * c], [-d * s, t, d * c]], np.float32)


def turn(points: NDArray, matrix: NDArray) -> F32:
    """Rotate vectors (..., 3). Written out: a BLAS product may round differently with its number of threads."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    m = np.asarray(matrix, np.float32)
    turned = [m[i, 0] * x + m[i, 1] * y + m[i, 2] * z for i in range(3)]
    return np.stack(turned, -1).astype(np.float32, copy=False)


def unit(v):
    """Vectors (..., 3) at length 1."""
    v = np.asarray(v)
    x, y, z = v[..., 0], v[..., 1], v[..., 2]  # a sum over so short an axis is slow
    return v / (np.sqrt(x * x + y * y + z * z) + 1e-9)[..., None]


@njit()
def make_unit(v):
    """`unit` in place, of many vectors (n, 3) of 32 bits."""
    for q in range(v.shape[0]):
        x, y, z = v[q, 0], v[q, 1], v[q, 2]
        size = np.sqrt(x * x + y * y + z * z) + np.float32(1e-9)
        v[q, 0], v[q, 1], v[q, 2] = x / size, y / size, z / size


def dot(a, b):
    """Scalar product of vectors (..., 3)."""
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


def cross(a: F32, b: F32) -> F32:
    """Cross product of (..., 3), several times faster than numpy's."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.float32)
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def grid_normals(p: F32) -> F32:
    """Unit normals of a grid (rows, columns, 3), rows running down, columns to the right: pointing out."""
    n = cross(np.gradient(p, axis=1).astype(np.float32), np.gradient(p, axis=0).astype(np.float32))
    return unit(-n).astype(np.float32)
