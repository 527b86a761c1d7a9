"""One call draws a day's lesions on a clear face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions
from nof1sim.render.skin import chromophores, lanes, paint, records
from nof1sim.render.skin.buffer import F32, Lighting, Sites, SkinBuffer
from nof1sim.render.skin.cores import label
from nof1sim.render.skin.relight import clear_gloss, relief_light
from nof1sim.render.skin.shading import inverses, shade

Labels = NDArray[np.int32]
_MEL_SCALE, _BLOOD_SCALE = np.float32(1 / chromophores.ROOT_MEL), np.float32(1 / chromophores.ROOT_BLOOD)


@dataclass(frozen=True, slots=True)
class Scratch:
    """Working memory for a buffer of n rows, reused from day to day; what it held never shows in a result.

    place, inverse (n, 3) and shine (n, G) depend on the buffer and its lighting alone and are only computed once. For
    place, met, nearest, closeness and acc see `paint.paint`.
    """

    place: F32
    met: NDArray[np.int32]
    nearest: NDArray[np.int32]
    closeness: F32
    acc: F32
    inverse: F32
    shine: F32


def make_scratch(buffer: SkinBuffer, lighting: Lighting) -> Scratch:
    """Scratch for one buffer under one set-up; one thread may use it at a time."""
    b, n = buffer, buffer.pixel.size
    shine = np.empty_like(b.seen)
    clear_gloss(b.normal, b.view, b.seen, b.oil, b.rough, lighting.direction, lighting.spread, shine)
    inverse = np.empty((n, 3), np.float32)
    inverses(chromophores.ROOT_TABLE, _MEL_SCALE, _BLOOD_SCALE, b.melanin, b.blood, inverse)
    scratch = empty_scratch(n, shine, inverse)
    lanes.places(b.slot, b.pixel, b.spot, b.lock, scratch.place)
    return scratch


def empty_scratch(n: int, shine: F32, inverse: F32) -> Scratch:
    """Scratch whose place is still to be filled."""
    blocks = -(-n // lanes.LANES)
    return Scratch(
        np.empty(blocks * lanes.PLACE * lanes.LANES, np.float32), np.full(blocks, -1, np.int32),
        np.empty(blocks * lanes.LANES, np.int32), np.empty(blocks * lanes.LANES, np.float32),
        np.empty(blocks * lanes.CHANNELS * lanes.LANES, np.float32), inverse, shine,
    )  # fmt: skip


def draw(
    buffer: SkinBuffer, lesions: Lesions, sites: Sites, lighting: Lighting, light: F32, *, dark: float,
    day: Sequence[float] | F32, oil: float, veil: Sequence[float] | F32 = (1.0, 1.0, 1.0),
    scratch: Scratch | None = None,
) -> tuple[Labels, Labels]:  # fmt: skip
    """Add the visible lesions of a day to the clear face `light` (h, w, 3 or 4), linear, float32, in place; a fourth
    channel stays as it is.

    dark : 0 for fair and medium skin to 1 for the darkest. day (G,) : the day's factor on each light group.
    oil : factor on gloss. veil (3,) : factor of a tan on the light of skin. Returns (h, w) int32 maps of lesion ids, 0
    elsewhere: `touched`, every pixel that some lesion's finite reach covers and so every one whose light changed;
    `core`, the pixels within the table's radius.
    """
    shape = buffer.slot.shape
    touched, core = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    if (
        light.shape[:2] != shape
        or light.shape[2] not in (3, 4)
        or light.dtype != np.float32
        or not light.flags.c_contiguous
    ):
        raise ValueError(f"light: {light.dtype} {light.shape}, wanted contiguous float32 {(*shape, 3)} or 4 channels")
    rec, ids = records.records(lesions, sites, buffer, dark)
    if len(rec) == 0:
        return touched, core
    b, s = buffer, scratch or make_scratch(buffer, lighting)
    paint.paint(b.slot, s.place, rec, lanes.GRAIN, s.met, s.nearest, s.closeness, s.acc)
    factor = np.asarray(day, np.float32)
    power = factor * lighting.strength
    shade(
        s.acc, s.met, s.inverse, s.shine, b.pixel, b.normal, b.view, b.flow, b.seen, b.light, b.gloss, b.through,
        b.sheen, b.melanin, b.blood, b.albedo, b.oil, b.rough, chromophores.ROOT_TABLE, _MEL_SCALE, _BLOOD_SCALE,
        factor, power, np.float32(oil), relief_light(power, lighting.colour, lighting.wrap), lighting.wrap,
        lighting.direction, lighting.spread, np.asarray(veil, np.float32), light.reshape(-1, light.shape[2]),
    )  # fmt: skip
    label(s.met, b.pixel, s.nearest, s.closeness, ids, touched.reshape(-1), core.reshape(-1))
    return touched, core
