"""From canvas pixels, finer than the picture, to the picture's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.screen import Screen

F32 = NDArray[np.floating]


@dataclass(slots=True)
class Grid:
    """Canvas pixels of the person to picture pixels. side: of the plate; index (n,): plate pixels that show the
    person; row (canvas pixels,): into index; first (n,): one canvas row for each; cover (n,): share of the pixel."""

    side: int
    supersample: int
    index: NDArray[np.int32]
    row: NDArray[np.int32]
    first: NDArray[np.int64]
    cover: F32

    @staticmethod
    def of(screen: Screen, supersample: int) -> Grid:
        width = screen.camera.width
        side = width // supersample
        pixel = screen.index // width // supersample * side + screen.index % width // supersample
        count = np.bincount(pixel, minlength=side * side)
        index = np.flatnonzero(count)
        lookup = np.full(side * side, -1, np.int32)
        lookup[index] = np.arange(index.size, dtype=np.int32)
        row = lookup[pixel]
        first = np.empty(index.size, np.int64)
        first[row[::-1]] = np.arange(pixel.size - 1, -1, -1)
        cover = (count[index] / supersample**2).astype(np.float32)
        return Grid(side, supersample, index.astype(np.int32), row, first, cover)

    def image(self, values: NDArray, fill: float = 0.0) -> NDArray:
        """Values (n[, c]) on the plate (s, s[, c])."""
        out = np.full((self.side * self.side, *values.shape[1:]), fill, values.dtype)
        out[self.index] = values
        return out.reshape(self.side, self.side, *values.shape[1:])
