"""The canonical face chart on a person's own skin.

The loft gives every vertex a place on the skin: (arc from the midline, height). A thin-plate spline (Duchon 1977)
takes the person's own key points in that plane to `chart.KEY_POINTS`, plus some that only keep lesions off hair, cloth
and nostrils. Built from the symmetric head, so symmetric pairs stay symmetric; the person's asymmetry moves vertices,
not their chart coordinates.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import KEY_POINTS
from nof1sim.render.compiled import njit
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks, brow_half, brow_line
from nof1sim.render.procedural.loft import Loft
from nof1sim.render.procedural.nose import nostril_centre
from nof1sim.render.procedural.raster import draw_mesh
from nof1sim.render.procedural.scalp import EDGE, hairline_coordinate

F32 = NDArray[np.floating]
X_LOW, Y_HIGH, PER_MM = -100.0, 82.0, 2
"""Left and upper edge of the look-up raster on the chart, and its pixels per mm."""
SIZE = (420, 400)
"""Rows and columns of the look-up raster."""

STEP = 4
"""The chart map is evaluated at every STEP-th vertex."""

CLOTH_EDGE = ((0.0, 67.5), (18.0, 67.0), (34.0, 64.5), (44.0, 60.5), (54.0, 52.0), (61.0, 42.0), (66.5, 31.5))
"""Chart points just off the facial skin, to which the lower edge of band or cap is tied from the midline out."""

JAW = ((22.0, -107.5), (36.0, -103.0), (52.0, -95.0), (64.0, -85.0), (74.0, -74.0))
"""Chart points along the lower border of the jaw, from beside the chin to the gonion."""


def frontal_points(face: Face, m: Landmarks) -> dict[str, tuple[float, float]]:
    """The person's key points that are known by frontal (x, y), midline or x > 0."""
    brow = {
        name: (m.brow_inner + (m.brow_outer - m.brow_inner) * s, float(brow_line(face, np.array(s))))
        for name, s in (("brow_inner_left", 0.0), ("brow_peak_left", face.brow_peak), ("brow_outer_left", 1.0))
    }
    return brow | {
        "glabella": (0.0, face.brow_height + 0.7),
        "nasion": (0.0, m.nasion),
        "pronasale": (0.0, m.pronasale),
        "subnasale": (0.0, m.subnasale),
        "labiale_superius": (0.0, m.labiale_superius),
        "stomion": (0.0, m.stomion),
        "labiale_inferius": (0.0, m.labiale_inferius),
        "sublabiale": (0.0, m.sublabiale),
        "pogonion": (0.0, m.pogonion),
        "menton": (0.0, m.menton),
        "endocanthion_left": (m.eye_inner, -1.4),
        "exocanthion_left": (m.eye_outer, -1.4 + face.canthal),
        "alare_left": (m.nose_half, m.subnasale + 6.0),
        "cheilion_left": (m.mouth_half, m.stomion - 0.5),
    }


def _anchors(face: Face, m: Landmarks, loft: Loft) -> tuple[NDArray, NDArray]:
    """Matching places (n, 2) on the person's skin and on the chart, x >= 0."""
    source: list[tuple[float, float]] = []
    target: list[tuple[float, float]] = []

    def add(arc: float, y: float, to: tuple[float, float]) -> None:
        source.append((arc, y))
        target.append(to)

    seen = loft.z > -75

    def along(x: float, y: float) -> float:
        i = int(np.argmin((loft.x - x) ** 2 + (loft.y - y) ** 2 + ~seen * 1e6))
        # The last fraction of a millimetre to the vertex is left to the plane.
        return 0.0 if x == 0 else float(loft.arc.ravel()[i]) + x - float(loft.x.ravel()[i])

    for name, (x, y) in (frontal_points(face, m) | {"nostril": nostril_centre(face, m)}).items():
        add(along(x, y), y, KEY_POINTS.get(name, (7.5, -45.0)))
    peak = face.brow_peak
    for s, x in ((0.45 * peak, 23.4), (peak, 36.0), (peak + 0.45 * (1 - peak), 43.7)):
        line, half = (float(f(face, np.array(s))) for f in (brow_line, brow_half))
        top = 20.0 - 0.006 * (x - 36.0) ** 2 + 2.7
        add(along(m.brow_inner + s * (m.brow_outer - m.brow_inner), line + half), line + half, (x, top))
    for arc, y, to in _cloth_edge(face, m, loft):
        add(arc, y, to)
    width, jaw = face.face_width / 134.0, face.jaw_width / 100.5
    row = round(loft.jaw_row)
    for x, y in JAW:
        add(x * jaw, float(np.interp(x * jaw, loft.arc[row], loft.y[row])), (x, y))
    add(KEY_POINTS["zygion_left"][0] * width, -20.0, KEY_POINTS["zygion_left"])
    # Where cloth comes down low at the temple, the key point goes down with it.
    arc, y, _ = _cloth_edge(face, m, loft, ((KEY_POINTS["temple_left"][0], 0.0),))[0]
    add(arc, min(30.0, y + 9.0), KEY_POINTS["temple_left"])
    add(110.0 * width, -20.0, (110.0, -20.0))
    add(105.0 * width, 40.0, (105.0, 40.0))
    return np.array(source), np.array(target)


def _cloth_edge(
    face: Face, m: Landmarks, loft: Loft, points: tuple[tuple[float, float], ...] = CLOTH_EDGE
) -> list[tuple[float, float, tuple[float, float]]]:
    """(arc, y) a little below the edge of band or cap, and the chart point of each."""
    q = hairline_coordinate(m, loft.y, loft.z) - (EDGE - 3.0)
    # Rows run down: the last row above the edge, per column.
    row = (q > 0).sum(0)
    columns = np.arange(q.shape[1])
    a, b = q[row - 1, columns], q[row, columns]
    t = a / np.maximum(a - b, 1e-6)
    arc = loft.arc[row - 1, columns] * (1 - t) + loft.arc[row, columns] * t
    y = loft.y[row - 1, columns] * (1 - t) + loft.y[row, columns] * t
    width = face.head_width / 147.5
    return [(x * width, float(np.interp(x * width, arc, y)), (x, to)) for x, to in points]


@njit()
def _solve(a, b):
    """Gaussian elimination with pivoting: small, and free of threads. Solves a @ x = b in place, returns x."""
    n = a.shape[0]
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        for j in range(n):
            a[k, j], a[p, j] = a[p, j], a[k, j]
        for j in range(b.shape[1]):
            b[k, j], b[p, j] = b[p, j], b[k, j]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k, n):
                a[i, j] -= f * a[k, j]
            for j in range(b.shape[1]):
                b[i, j] -= f * b[k, j]
    x = np.zeros_like(b)
    for k in range(n - 1, -1, -1):
        for j in range(b.shape[1]):
            s = b[k, j]
            for i in range(k + 1, n):
                s -= a[k, i] * x[i, j]
            x[k, j] = s / a[k, k]
    return x


@njit()
def _kernel(r2):
    return r2 * math.log(r2) if r2 > 1e-12 else 0.0


@njit()
def _spline_values(knots, weights, x, y, out):
    n = knots.shape[0]
    for q in range(x.size):
        for c in range(2):
            out[q, c] = weights[n, c] + weights[n + 1, c] * x[q] + weights[n + 2, c] * y[q]
        for i in range(n):
            k = _kernel((x[q] - knots[i, 0]) ** 2 + (y[q] - knots[i, 1]) ** 2)
            out[q, 0] += weights[i, 0] * k
            out[q, 1] += weights[i, 1] * k


def _fit(knots: NDArray, values: NDArray, smoothing: float) -> NDArray:
    n = len(knots)
    a = np.zeros((n + 3, n + 3))
    r2 = ((knots[:, None] - knots[None]) ** 2).sum(-1)
    a[:n, :n] = np.where(r2 > 1e-12, r2 * np.log(np.maximum(r2, 1e-12)), 0.0) + smoothing * np.eye(n)
    a[:n, n], a[:n, n + 1 :] = 1.0, knots
    a[n:, :n] = a[:n, n:].T
    return _solve(a, np.concatenate([values, np.zeros((3, 2))]))


def chart_coordinates(face: Face, m: Landmarks, loft: Loft) -> F32:
    """Chart x, y of each vertex of the half head: (rows, columns, 2)."""
    source, target = _anchors(face, m, loft)
    off = source[:, 0] > 0.5
    mirror = np.array([-1.0, 1.0])
    knots = np.concatenate([source * np.array([1.0, 1.0]), source[off] * mirror])
    values = np.concatenate([target, target[off] * mirror])
    # The little smoothing (units of mm^2 log) lets close anchors give way to each other rather than fold the map.
    weights = _fit(knots, values, 10.0)
    # The map is smooth: every fourth vertex, and straight lines between.
    n = loft.x.shape
    rows, columns = (np.unique(np.append(np.arange(0, k, STEP), k - 1)) for k in n)
    arc, y = (a[np.ix_(rows, columns)].astype(float) for a in (loft.arc, loft.y))
    out = np.empty((arc.size, 2))
    _spline_values(knots, weights, arc.ravel(), y.ravel(), out)
    return _between(_between(out.reshape(*arc.shape, 2), rows, n[0], 0), columns, n[1], 1).astype(np.float32)


def _between(values: NDArray, at: NDArray, n: int, axis: int) -> NDArray:
    """Values known at indices `at` of an axis, at all its n indices."""
    index = np.arange(n)
    low = np.clip(np.searchsorted(at, index, side="right") - 1, 0, len(at) - 2)
    t = ((index - at[low]) / (at[low + 1] - at[low])).reshape((-1,) + (1,) * (values.ndim - 1 - axis))
    a, b = np.take(values, low, axis), np.take(values, low + 1, axis)
    return a + (b - a) * t


def chart_lookup(chart: F32, z: F32) -> tuple[F32, F32]:
    """Raster over the chart that holds the mesh column and row of each place: two (SIZE) arrays, -1 where none."""
    depth = np.full(SIZE, -1e9, np.float32)
    column, row = np.full(SIZE, -1, np.float32), np.full(SIZE, -1, np.float32)
    owner = np.full(SIZE, -1, np.int32)
    sx, sy = (chart[..., 0] - X_LOW) * PER_MM, (Y_HIGH - chart[..., 1]) * PER_MM
    draw_mesh(sx, sy, np.ascontiguousarray(z), depth, column, row, owner, 0)
    return column, row


def on_mesh(lookup: tuple[F32, F32], x_mm: NDArray, y_mm: NDArray) -> tuple[F32, F32]:
    """Mesh column and row (n,) of chart points."""
    out = np.empty((2, len(x_mm)), np.float32)
    _on_mesh(*lookup, np.ascontiguousarray(x_mm, float), np.ascontiguousarray(y_mm, float), *out)
    return out[0], out[1]


@njit()
def _on_mesh(columns, rows, x_mm, y_mm, u, v):
    for k in range(x_mm.size):
        x = min(max((x_mm[k] - X_LOW) * PER_MM, 0.0), SIZE[1] - 1.001)
        y = min(max((Y_HIGH - y_mm[k]) * PER_MM, 0.0), SIZE[0] - 1.001)
        i, j = int(x), int(y)
        a, b = x - i, y - j
        for grid, out in ((columns, u), (rows, v)):
            top = grid[j, i] * (1 - a) + grid[j, i + 1] * a
            out[k] = top * (1 - b) + (grid[j + 1, i] * (1 - a) + grid[j + 1, i + 1] * a) * b
