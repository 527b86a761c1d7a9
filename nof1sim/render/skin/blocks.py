"""Clear skin as lesions are drawn on it: LANES pixels a block, and of a block one row of LANES numbers after another.

So what is known of neighbours lies side by side: loops over it become vector code, and all of a block is read in one
stretch of memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.skin.buffer import F32, Lighting

LANES = 16
STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}  # no reassociation: the same bytes whatever the vector width
F = np.float32
_0, _1 = F(0), F(1)
AWAY_MM = F(1e6)
"""Where lanes lie that no pixel fills."""


def rows(n: int) -> list[np.uint64]:
    """Where rows of LANES numbers begin. Constants: only then can a compiler tell that two rows do not overlap."""
    return [np.uint64(LANES * k) for k in range(n)]


PLACE = 4
P_X, P_Y, P_Z, P_LOCK = rows(PLACE)
"""Place on the skin, and lock: of all blocks, as painting looks at no more."""

# What shading knows of a block: its colour and its form,
KNOWN = 20
MELANIN, BLOOD, INVERSE_R, INVERSE_G, INVERSE_B, ALBEDO_R, ALBEDO_G, ALBEDO_B = rows(KNOWN)[:8]
THROUGH_R, THROUGH_G, THROUGH_B, SHEEN = rows(KNOWN)[8:12]
NORMAL_X, NORMAL_Y, NORMAL_Z, VIEW_X, VIEW_Y, VIEW_Z, OIL, ROUGH = rows(KNOWN)[12:]
# then, of one group of light after the other, what it does to that form,
FLOW = 5
FLOW_X, FLOW_Y, FLOW_Z, SEEN, SHINE = rows(FLOW)
# then, again of one after the other, its light.
LIGHT = 4
LIGHT_R, LIGHT_G, LIGHT_B, GLOSS = rows(LIGHT)


def layout(groups: int) -> tuple[int, int]:
    """Where the rows of light begin in a block, and how many numbers the block holds."""
    light = (KNOWN + groups * FLOW) * LANES
    return light, light + groups * LIGHT * LANES


@dataclass(frozen=True, slots=True)
class Primed:
    """A `SkinBuffer` of n rows ready to be drawn on day by day, under one set-up; one thread may use it at a time.

    pixel, slot, lock, mm_per_px, rotation: the buffer's. place, known: its rows in blocks (see above); shine is
    `relight.clear_gloss`, inverse one over the table's colour of clear skin: only ratios to either are used. The rest
    is working memory, see `paint.paint`; what it held never shows in a result.
    """

    pixel: NDArray[np.int64]
    slot: NDArray[np.int32]
    lock: F32
    mm_per_px: float
    rotation: F32
    lighting: Lighting
    place: F32
    known: F32
    met: NDArray[np.int32]
    acc: F32

    @property
    def spot(self) -> F32:
        """(n, 3): place on the skin, canonical mm."""
        return self._columns(self.place.reshape(-1, PLACE, LANES)[:, :3])

    @property
    def normal(self) -> F32:
        """(n, 3): unit, camera axes."""
        return self._three(NORMAL_X)

    @property
    def view(self) -> F32:
        """(n, 3): unit, camera axes, to the camera."""
        return self._three(VIEW_X)

    @property
    def albedo(self) -> F32:
        """(n, 3): linear RGB of clear skin."""
        return self._three(ALBEDO_R)

    def _three(self, first: np.uint64) -> F32:
        known, row = self.known.reshape(self.met.size, -1, LANES), int(first) // LANES
        return self._columns(known[:, row : row + 3])

    def _columns(self, of_blocks: F32) -> F32:
        """(n, k) of (blocks, k, LANES)."""
        return of_blocks.transpose(0, 2, 1).reshape(-1, of_blocks.shape[1])[: self.pixel.size]


def filled(columns: list[F32], numbers: int) -> F32:
    """Blocks of `numbers` numbers, flat, from (n, ...) arrays, whose columns become rows; what is beyond n is 0."""
    n = len(columns[0])
    blocks, first = -(-n // LANES), 0
    out = np.zeros(blocks * numbers, np.float32)
    for column in columns:
        flat = column.reshape(n, -1)
        _fill(flat, np.uint64(first), numbers, out)
        first += flat.shape[1] * LANES
    return out


@njit()
def _fill(column, first, numbers, out):
    for q in range(column.shape[0]):
        start = np.uint64(q // LANES * numbers + q % LANES) + first
        for c in range(column.shape[1]):
            out[start + np.uint64(c * LANES)] = column[q, c]


@njit(fastmath=STRICT)
def places(slot, pixel, spot, lock, out):
    """Fill out (blocks * PLACE * LANES,): place on the skin and lock of the buffer's rows, LANES rows a block."""
    flat = slot.reshape(-1)
    for b in range(out.size // (PLACE * LANES)):
        start = np.uint64(b * PLACE * LANES)
        for number in range(LANES):
            k, q = np.uint64(number), np.uint64(b * LANES + number)
            if q < pixel.size and flat[pixel[q]] == q:
                out[start + P_X + k], out[start + P_Y + k], out[start + P_Z + k] = spot[q, 0], spot[q, 1], spot[q, 2]
                out[start + P_LOCK + k] = lock[q]
            else:
                out[start + P_X + k] = AWAY_MM
                out[start + P_Y + k] = out[start + P_Z + k] = out[start + P_LOCK + k] = _0
