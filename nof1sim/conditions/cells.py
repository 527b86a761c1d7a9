"""Points by the cells of a grid, so that only near ones have to be looked at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nof1sim.model import Floats, Ints

from .compiled import njit


class Cells(NamedTuple):
    """Points (n,) by square cells of `side_mm`, counted from the lowest and leftmost point, row by row.

    Cell c has the points member[first[c] : first[c + 1]], in their order.
    """

    x_mm: Floats
    y_mm: Floats
    side_mm: float
    low_x_mm: float
    low_y_mm: float
    columns: int
    rows: int
    first: Ints
    member: Ints


def cells(x_mm: Floats, y_mm: Floats, side_mm: float) -> Cells:
    """The cells of points (n,), of which there is at least one."""
    low_x, low_y = float(x_mm.min()), float(y_mm.min())
    columns, rows = (int((float(at.max()) - low) / side_mm) + 1 for at, low in ((x_mm, low_x), (y_mm, low_y)))
    grid = (side_mm, low_x, low_y, columns, rows)
    return Cells(x_mm, y_mm, *grid, *_sorted(x_mm, y_mm, *grid))


@njit()
def _sorted(x, y, side, low_x, low_y, columns, rows):
    """`first` and `member` of Cells: a counting sort."""
    cell, member = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    first = np.zeros(columns * rows + 1, np.int64)
    for p in range(x.size):
        cell[p] = int((y[p] - low_y) / side) * columns + int((x[p] - low_x) / side)
        first[cell[p]] += 1
    for c in range(columns * rows):
        first[c + 1] += first[c]
    for p in range(x.size - 1, -1, -1):
        first[cell[p]] -= 1
        member[first[cell[p]]] = p
    return first, member


@njit()
def reach(low, side, count, at, far):
    """The first and last of `count` cells along an axis that hold places within `far` of `at`."""
    return max(int((at - far - low) / side), 0), min(int((at + far - low) / side), count - 1)
