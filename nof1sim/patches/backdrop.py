"""What lies behind a limb: a sheet, a dark table, clothes. Linear light."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream

from .compiled import njit
from .geometry import Frame
from .piece import Piece
from .shade import Lamps
from .texture import BROAD_CHANNELS, broad_at
from .tiles import BROAD_MM, FORM_X, FORM_Y, WEAR, tiles

F = np.float32
COLOURS = {
    "sheet": ((0.62, 0.64, 0.66), (0.42, 0.52, 0.62), (0.38, 0.54, 0.50), (0.70, 0.68, 0.62)),
    "table": ((0.055, 0.050, 0.048), (0.10, 0.065, 0.040), (0.16, 0.16, 0.17)),
    "clothes": ((0.05, 0.06, 0.11), (0.16, 0.17, 0.18), (0.22, 0.07, 0.07), (0.10, 0.15, 0.20), (0.45, 0.42, 0.38)),
}
"""Linear albedos."""
WEAVE_MM = {"sheet": 0.55, "table": 0.0, "clothes": 1.1}
FOLDS = {"sheet": 0.30, "table": 0.0, "clothes": 0.22}


def fill(piece: Piece, frame: Frame, lamps: Lamps, cover: NDArray[np.float32], picture: NDArray[np.float32]) -> None:
    """Put the background where skin does not cover a pixel of the picture (n, 3), in place."""
    rng = stream(piece.key, "backdrop")
    choice = COLOURS[piece.backdrop]
    colour = np.array(choice[int(rng.random() * len(choice))]) * math.exp(0.15 * rng.normal())
    turn = np.array([rng.uniform(0, 2 * math.pi), *rng.uniform(0, 300, 2)], np.float32)
    light = lamps.room * 0.8 + lamps.key * lamps.z + 0.65 * lamps.flash
    level = (colour * light).astype(np.float32)
    _fill(
        frame, tiles().broad, F(1 / BROAD_MM), turn, level, F(WEAVE_MM[piece.backdrop]), F(FOLDS[piece.backdrop]),
        F(lamps.x), F(lamps.y), F(lamps.vignette), cover, picture,
    )  # fmt: skip


@njit()
def _fill(f, broad, inverse, turn, level, weave, folds, lx, ly, vignette, cover, picture):
    size = f.size
    wide, pixel, middle = np.empty((1, BROAD_CHANNELS), np.float32), F(f.pixel), F((size - 1) / 2)
    cos, sin = math.cos(turn[0]), math.sin(turn[0])
    thread = F(6.2831853) / max(weave, F(0.1))
    shown = weave * min(max(F(0.5) * weave / pixel - F(0.5), F(0)), F(1)) * F(0.10)
    for row in range(size):
        for column in range(size):
            q = np.uint64(row * size + column)
            k = cover[q]
            if k >= F(1):
                continue
            x, y = (F(column) - middle) * pixel, (middle - F(row)) * pixel
            u, v = F(cos) * x + F(sin) * y + turn[1], F(cos) * y - F(sin) * x + turn[2]
            broad_at(broad, F(1.6) * u * inverse, F(0.6) * v * inverse, wide, 0)
            tone = F(1) + folds * (wide[0, FORM_X] * lx + wide[0, FORM_Y] * ly) + F(0.05) * wide[0, WEAR]
            tone *= F(1) + shown * (math.sin(thread * u) + math.sin(thread * v))
            away = -k * pixel  # mm from the edge of the skin, whose shadow falls here
            tone *= F(1) - F(0.55) * math.exp(-max(away, F(0)) / F(5))
            px, py = F(column) - middle, F(row) - middle
            tone = max(tone, F(0.05)) * (F(1) - vignette * (px * px + py * py) / (F(2) * middle * middle))
            m = min(max(k, F(0)), F(1))
            for c in range(3):
                picture[q, c] = m * picture[q, c] + (F(1) - m) * level[c] * tone
