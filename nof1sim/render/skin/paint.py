"""Accumulate a day's records over the skin pixels within their reach: pigment, relief, covers; nearest lesion.

Profiles are polynomials of the distance along the skin that end exactly at zero, so that a pixel out of every reach
gets nothing. All arithmetic is float32. The buffer's rows are taken LANES at a time, in blocks (see `lanes`); a block
that no lesion comes near is never looked at.
"""

from __future__ import annotations

import math

import numpy as np

from nof1sim.render.compiled import njit
from nof1sim.render.skin import lanes as p
from nof1sim.render.skin import records as r
from nof1sim.render.skin.blocks import LANES, PLACE, STRICT
from nof1sim.render.skin.covers import cover

F = np.float32
_0, _1 = F(0), F(1)


@njit(fastmath=STRICT)
def _span(slot, y, left, right):
    """First row of the buffer in a stretch of a row of pixels, and the one behind the last; none: twice 0."""
    while left <= right and slot[np.uint64(y), np.uint64(left)] < 0:
        left += 1
    if left > right:
        return 0, 0
    while slot[np.uint64(y), np.uint64(right)] < 0:
        right -= 1
    return slot[y, left], slot[y, right] + 1


@njit(fastmath=STRICT)
def _core(tile, rec, acc, b, at, lane):
    """Add what lies within a lesion's outline to a block whose lanes have been measured."""
    rough, amount, u0, v0 = _0, rec[r.GRAIN], rec[r.OFFSET_U], rec[r.OFFSET_V]
    scale = F(p.TEXELS_PER_MM) / (_1 + F(1.5) * rec[r.FOCUS])  # a nodule is mottled more coarsely
    if amount > _0:
        p.grain(tile, amount, p.L_U, p.L_V, scale, u0, v0, p.L_GRAIN, at, lane)
        if amount > F(0.75) and rec[r.TENSE] > _0 and rec[r.HEIGHT] != _0:
            rough = F(0.20) * rec[r.TENSE]
            p.grain(tile, _1, p.L_U, p.L_V, scale, u0 + F(0.9), v0, p.L_GRAIN_U, at, lane)
            p.grain(tile, _1, p.L_U, p.L_V, scale, u0, v0 + F(0.9), p.L_GRAIN_V, at, lane)
        if rec[r.CRUST] > _0 or rec[r.RAW] > _0:
            u0, v0, scale = F(1.7) * u0 + F(5), F(1.7) * v0 + F(17), F(1.7) * scale
            p.grain(tile, amount, p.L_V, p.L_U, scale, v0, u0, p.L_FINE, at, lane)  # turned, not to repeat the first
    p.stain(acc, b, rec, lane)
    if rec[r.HEIGHT] != _0:
        p.relief(acc, b, rec, rough, lane)
    if rec[r.RAW] > _0 or rec[r.PUS] > _0 or rec[r.PLUG] > _0 or rec[r.CRUST] > _0:
        cover(acc, b, rec, lane)


@njit(fastmath=STRICT)
def paint(slot, first, place, rec, tile, met, acc):
    """Accumulate records in acc (m * CHANNELS * LANES,) for the m blocks that some lesion comes near.

    slot : of some rows of the picture, from row `first` on. place : see `blocks.places`. met (blocks,): -1 before and,
    for `label` to restore, after which of the m a block is. So each day works in the same little memory, which stays
    near the processor.
    """
    (h, w), count = slot.shape, 0
    lane, found = np.zeros(p.KNOWN * LANES, np.float32), np.zeros(LANES, np.int32)
    for i in range(rec.shape[0]):
        one = rec[i]
        x, y, half = one[r.PX], one[r.PY] - F(first), one[r.HALF]
        lane[:] = _0
        for row in range(max(0, int(y - half + _1)), min(h - 1, int(y + half)) + 1):
            down = F(row) - y
            wide = math.sqrt(max(half * half - down * down, _0))
            start, end = _span(slot, row, max(0, int(x - wide + _1)), min(w - 1, int(x + wide)))
            for number in range(start // LANES, (end + LANES - 1) // LANES):
                begin, at = number * LANES, met[np.uint64(number)]
                a = np.uint64(at * p.CHANNELS * LANES)
                if at < 0:
                    a = np.uint64(count * p.CHANNELS * LANES)
                    met[np.uint64(number)], count = count, count + 1
                    p.clear(acc, a)
                if p.reach(place, np.uint64(begin * PLACE), start - begin, end - begin, one, i, acc, a, lane):
                    _core(tile, one, acc, a, found, lane)
