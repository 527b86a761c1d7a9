"""How much of a face lesions cover, and how red it is there: on the grid of the face's cells. Compiled."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nof1sim.conditions.ground import CELL_MM, FACE, cells
from nof1sim.model import Floats, Ints

from .compiled import njit


class Grid(NamedTuple):
    """Centres of cells (cells,), and the number of the cell in each row and column of the grid, or -1."""

    x_mm: Floats
    y_mm: Floats
    left_mm: float
    low_mm: float
    number: Ints


@cache
def face_grid() -> Grid:
    """The cells of the face."""
    x, y = cells(FACE)
    left, low = float(x.min()), float(y.min())
    column, row = (np.rint((at - first) / CELL_MM).astype(np.int64) for at, first in ((x, left), (y, low)))
    number = np.full((row.max() + 1, column.max() + 1), -1)
    number[row, column] = np.arange(x.size)
    return Grid(x, y, left, low, number)


@njit()
def add(grid, x, y, radius, red, total, held):
    """Add the redness of lesions (n,) to the cells (cells,) that lie in them, and note that these are held."""
    rows, columns = grid.number.shape
    for k in range(x.size):
        right, up, far = x[k] - grid.left_mm, y[k] - grid.low_mm, radius[k]
        for row in range(max(int(np.ceil((up - far) / CELL_MM)) - 1, 0), min(int((up + far) / CELL_MM) + 2, rows)):
            first = max(int(np.ceil((right - far) / CELL_MM)) - 1, 0)
            for column in range(first, min(int((right + far) / CELL_MM) + 2, columns)):
                cell = grid.number[row, column]
                if cell >= 0 and (grid.x_mm[cell] - x[k]) ** 2 + (grid.y_mm[cell] - y[k]) ** 2 <= far**2:
                    total[cell] += red[k]
                    held[cell] = True
