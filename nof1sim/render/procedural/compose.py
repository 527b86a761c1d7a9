"""From shaded canvas layers to the light planes of a plate: one colour and one gloss plane for each light group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.light import COLOUR, GROUPS, STRENGTH

F32 = NDArray[np.floating]

CHANNELS = 4
"""Planes a light group: red, green and blue of matt light, then gloss."""
U16_TOP = 65535.0
BLOCK = 2048
"""Pixels whose light is summed at once: it stays in the cache."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A layer over the skin. at (k,): its canvas rows; alpha (k,): opacity; colour (k, groups, 3): per unit of
    `light` (groups,), or of each group's strength where that is None."""

    name: str
    at: NDArray[np.integer]
    alpha: F32
    colour: F32
    light: F32 | None = None


@njit(fastmath=True)
def _add_skin(row, share, tint, albedo, irradiance, factor, gloss, sheen, above, polish, out):
    groups = tint.shape[0]
    for q in range(row.size):
        r = row[q]
        a = above[q] * share
        for g in range(groups):
            for c in range(3):
                out[g * 4 + c, r] += a * tint[g, c] * albedo[q, c] * irradiance[q, g, c] * factor[q, c]
            out[g * 4 + 3, r] += a * polish[g] * gloss[q, g] * sheen[q]


@njit(fastmath=True)
def _add_cover(row, share, at, weight, colour, light, out):
    for k in range(at.size):
        r = row[at[k]]
        for g in range(light.size):
            for c in range(3):
                out[g * 4 + c, r] += share * weight[k] * light[g] * colour[k, g, c]


@njit()
def pool(values, row, share, out):
    """out[row[q]] += share * values[q] over canvas pixels q with row[q] >= 0. values (q, c); out (n, c)."""
    for q in range(row.size):
        r = row[q]
        if r >= 0:
            for c in range(values.shape[1]):
                out[r, c] += share * values[q, c]


def over(count: int, covers: Sequence[Cover]) -> tuple[F32, list[F32]]:
    """Share of the skin's light that passes all covers (count,), and of each cover that passes those above."""
    above = np.ones(count, np.float32)
    weights: list[F32] = []
    for cover in reversed(covers):
        weights.append((cover.alpha * above[cover.at]).astype(np.float32))
        above[cover.at] *= (1 - cover.alpha).astype(np.float32)
    return above, weights[::-1]


def light_planes(lit, factor: F32, sheen: F32, polish: float, covers, row: NDArray, rows: int, share: float):
    """Light planes (groups * 4, rows) and what `over` says of the skin (canvas pixels,).

    row : picture row of each canvas pixel; share : weight of one canvas pixel in its picture pixel.
    """
    above, weights = over(row.size, covers)
    out = np.zeros((len(GROUPS) * CHANNELS, rows), np.float32)
    tint = (STRENGTH[:, None] * COLOUR).astype(np.float32)
    _add_skin(row, np.float32(share), tint, lit.albedo, lit.irradiance, factor, lit.gloss, sheen, above,
              STRENGTH * np.float32(polish), out)  # fmt: skip
    for cover, weight in zip(covers, weights, strict=True):
        light = STRENGTH if cover.light is None else np.asarray(cover.light, np.float32)
        colour = np.ascontiguousarray(cover.colour, dtype=np.float32)
        _add_cover(row, np.float32(share), cover.at, weight, colour, light, out)
    return out, above


def packed(planes: F32) -> tuple[NDArray[np.uint16], float]:
    """Planes (groups * 4, n) in 16 bits, half the memory to read on every day, and the light that one step stands for.

    They come as `weigh` reads them, from the first number to the last: (blocks, 4 * groups, BLOCK), of each BLOCK
    pixels all groups' gloss, then their red, green and blue.
    """
    step = float(planes.max()) / U16_TOP or 1.0
    groups, n = len(planes) // CHANNELS, planes.shape[1]
    out = np.zeros((-(-n // BLOCK), CHANNELS, groups, BLOCK), np.uint16)
    for k, plane in enumerate(planes):
        whole = np.zeros(len(out) * BLOCK, np.float32)
        whole[:n] = np.rint(plane * np.float32(1 / step))
        out[:, (k + 1) % CHANNELS, k // CHANNELS] = whole.reshape(-1, BLOCK)
    return out.reshape(len(out), CHANNELS * groups, BLOCK), step


@njit(fastmath=True)
def _sum(planes, at, weights, row):
    """Add to row (BLOCK,) the weighted planes (all,) that begin at `at`, one behind the other."""
    for g in range(weights.size):
        w, start = weights[g], at + np.uint64(g * row.size)
        if w != 0:
            for k in range(row.size):
                row[k] += w * np.float32(planes[start + np.uint64(k)])


@njit(fastmath=True)
def weigh(planes, weights, index, skin, tan, beard, growth, image):
    """Set the colours of image (pixels * 4,) at the pixels `index` (n,) to the weighted sum of `packed` planes (all,).

    weights (2, groups): of gloss and of matt light; tan (3,): factor on skin (n,), 0 or 1; growth (3,): share that a
    beard (n,), 0 .. 1, takes. Unsigned places spare the checks for negative ones that would keep the loops from being
    vectorised; slices in a loop would cost as much as its arithmetic.
    """
    n, groups, one = index.size, weights.shape[1], np.float32(1.0)
    total = np.empty((4, BLOCK), np.float32)
    shine, red, green, blue = total[0], total[1], total[2], total[3]
    for start in range(0, n, BLOCK):
        m, first, at = min(BLOCK, n - start), np.uint64(start), np.uint64(start * groups * 4)
        for k in range(BLOCK):
            shine[k] = np.float32(0.0)
        _sum(planes, at, weights[0], shine)
        for c, row in enumerate((red, green, blue)):
            for k in range(BLOCK):
                row[k] = shine[k]
            _sum(planes, at + np.uint64((c + 1) * groups * BLOCK), weights[1], row)
            less, brown = growth[c], tan[c] - one
            if less != 0:
                for k in range(m):
                    row[k] *= one - beard[first + np.uint64(k)] * less
            if brown != 0:
                for k in range(m):
                    row[k] *= one + np.float32(skin[first + np.uint64(k)]) * brown
        for k in range(m):
            p = np.uint64(index[first + np.uint64(k)]) * np.uint64(4)
            image[p], image[p + np.uint64(1)], image[p + np.uint64(2)] = red[k], green[k], blue[k]
