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


@dataclass(frozen=True, slots=True)
class Cover:
    """A layer over the skin. at (k,): its canvas rows; alpha (k,): opacity; colour (k, groups, 3): per unit of
    `light` (groups,), or of each group's strength where that is None."""

    name: str
    at: NDArray[np.int64]
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
    """The planes in 16 bits and the light that one step stands for: half the memory to read on every day."""
    step = float(planes.max()) / U16_TOP or 1.0
    return np.rint(planes * np.float32(1 / step)).astype(np.uint16), step


@njit(fastmath=True)
def weigh(planes, weights, index, skin, tan, beard, growth, image):
    """Set the colours of image (pixels, 3) at `index` (n,) to the weighted sum of planes (groups * 4, n).

    weights (groups, 2): of matt light and of gloss; tan (3,): factor on skin (n,), 0 .. 1; growth (3,): share that a
    beard (n,), 0 .. 1, takes. Works in blocks that stay in the cache; slices and unsigned places
    spare the checks for negative indices that would keep the loops from being vectorised.
    """
    n, block = index.size, 2048
    total = np.empty((4, block), np.float32)
    for start in range(0, n, block):
        m = min(block, n - start)
        shine = total[3]
        for k in range(m):
            shine[k] = np.float32(0.0)
        for g in range(weights.shape[0]):
            w = weights[g, 1]
            if w != 0:
                plane = planes[g * 4 + 3, start : start + m]
                for k in range(m):
                    shine[k] += w * np.float32(plane[k])
        for c in range(3):
            row = total[c]
            for k in range(m):
                row[k] = shine[k]
            for g in range(weights.shape[0]):
                w = weights[g, 0]
                if w != 0:
                    plane = planes[g * 4 + c, start : start + m]
                    for k in range(m):
                        row[k] += w * np.float32(plane[k])
        hairs, bare = beard[start : start + m], skin[start : start + m]
        for c in range(3):
            row, less, brown = total[c], growth[c], tan[c] - np.float32(1.0)
            if less != 0 or brown != 0:
                for k in range(m):
                    row[k] *= (np.float32(1.0) - hairs[k] * less) * (np.float32(1.0) + bare[k] * brown)
        for k in range(m):
            p = np.uint64(index[start + k])
            image[p, 0], image[p, 1], image[p, 2] = total[0, k], total[1, k], total[2, k]
