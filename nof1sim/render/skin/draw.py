"""One call draws a day's lesions on a clear face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions
from nof1sim.render.skin import blocks, lanes, paint, records, shading
from nof1sim.render.skin.blocks import LANES, Primed
from nof1sim.render.skin.buffer import F32, Lighting, Sites, SkinBuffer
from nof1sim.render.skin.cores import label
from nof1sim.render.skin.relight import clear_gloss

Labels = NDArray[np.int32]


def prime(buffer: SkinBuffer, lighting: Lighting) -> Primed:
    """A buffer ready to be drawn on, under one set-up."""
    b, n, groups = buffer, buffer.pixel.size, len(lighting.strength)
    shine = np.empty_like(b.seen)
    clear_gloss(b.normal, b.view, b.seen, b.oil, b.rough, lighting.direction, lighting.spread, shine)
    light = np.concatenate([b.light, b.gloss[..., None]], -1)
    flow = np.concatenate([b.flow, b.seen[..., None], shine[..., None]], -1)
    numbers = blocks.layout(groups)[1]
    no_inverse = np.zeros((n, 3), np.float32)  # yet
    colour = [b.melanin, b.blood, no_inverse, b.albedo, b.through, b.sheen]
    known = blocks.filled([*colour, b.normal, b.view, b.oil, b.rough, flow, light], numbers)
    shading.invert_all(known, numbers, shading.TABLE)
    count = -(-n // LANES)
    place = np.empty(count * blocks.PLACE * LANES, np.float32)
    blocks.places(b.slot, b.pixel, b.spot, b.lock, place)
    return Primed(b.pixel, b.slot, b.lock, b.mm_per_px, b.rotation, lighting, place, known, *memory(count))


def memory(count: int) -> tuple[Labels, F32]:
    """met and acc of `Primed` for so many blocks."""
    return np.full(count, -1, np.int32), np.empty(count * lanes.CHANNELS * LANES, np.float32)


def draw(
    skin: Primed, lesions: Lesions, sites: Sites, light: F32, *, dark: float, day: Sequence[float] | F32, oil: float,
    veil: Sequence[float] | F32 = (1.0, 1.0, 1.0),
) -> tuple[Labels, Labels]:  # fmt: skip
    """Add the visible lesions of a day to the clear face `light` (h, w, 3 or 4), linear, float32, in place; a fourth
    channel stays as it is.

    dark : 0 for fair and medium skin to 1 for the darkest. day (G,) : the day's factor on each light group.
    oil : factor on gloss. veil (3,) : factor of a tan on the light of skin. Returns (h, w) int32 maps of lesion ids, 0
    elsewhere: `touched`, every pixel that some lesion's finite reach covers and so every one whose light changed;
    `core`, the pixels within the table's radius.
    """
    shape, s = skin.slot.shape, skin
    touched, core = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    if (
        light.shape[:2] != shape
        or light.shape[2] not in (3, 4)
        or light.dtype != np.float32
        or not light.flags.c_contiguous
    ):
        raise ValueError(f"light: {light.dtype} {light.shape}, wanted contiguous float32 {(*shape, 3)} or 4 channels")
    rec, ids = records.records(lesions, sites, s.rotation, s.mm_per_px, dark)
    if len(rec) == 0:
        return touched, core
    paint.paint(s.slot, 0, s.place, rec, lanes.GRAIN, s.met, s.acc)
    shading.shade(
        s.acc, s.met, s.known, blocks.layout(len(day)), s.pixel, shading.day_of(s.lighting, day, oil, veil),
        light.reshape(-1, light.shape[2]),
    )  # fmt: skip
    label(s.met, s.pixel, s.acc, ids, touched.reshape(-1), core.reshape(-1))
    return touched, core
