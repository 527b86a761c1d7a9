"""The skin of a photograph as the lesion layer takes it: a `SkinBuffer` whose light adds up to the photograph's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.portrait import shading as s
from nof1sim.render.portrait.coarse import Coarse
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.pigment import Tone
from nof1sim.render.procedural.filters import gather
from nof1sim.render.skin import Lighting, SkinBuffer
from nof1sim.render.skin.relight import clear_gloss

F32 = NDArray[np.float32]

LEAST_SKIN = 0.5
"""Pixels of less skin than this are none."""
ROUGH = 0.36
"""Roughness of skin's gloss, as in the procedural renderer."""
OIL = (0.4, 1.6)
"""Limits of the estimate of how oily skin is."""


def lighting_of(shading: s.Shading, tone: Tone) -> Lighting:
    """Lamp, flash and room as the lesion layer takes them, in the units of the albedo's table."""
    direction = np.zeros((3, 3), np.float32)
    direction[s.LAMP], direction[s.FLASH] = shading.direction, (0, 0, 1)
    colour = np.tile(tone.colour, (3, 1)).astype(np.float32)
    return Lighting(direction, s.SPREAD, shading.power * np.float32(tone.unit), colour, s.WRAP)


def buffer_of(
    light: F32, skin: F32, fields: F32, coarse: Coarse, face: FaceMap, shading: s.Shading, tone: Tone
) -> SkinBuffer:
    """From linear light (h, w, 3) of smooth skin, skin (h, w) and the coarse fields (h', w', 5): melanin, blood, log
    shade, gloss, weight of lesions."""
    h, w = skin.shape
    pixel = np.flatnonzero((skin.ravel() > LEAST_SKIN) & np.isfinite(face.spot[..., 2].ravel()))
    n = pixel.size
    slot = np.full(h * w, -1, np.int32)
    slot[pixel] = np.arange(n, dtype=np.int32)
    values = np.empty((n, fields.shape[-1]), np.float32)
    gather(fields, *coarse.places(pixel, w), values)
    normal = np.ascontiguousarray(face.normal.reshape(-1, 3)[pixel])
    unit = np.float32(tone.unit)
    each = s.irradiance(shading, normal, values[:, 2]) * unit
    seen = np.zeros((n, 3), np.float32)
    flow, lit, gloss, albedo = (np.empty(shape, np.float32) for shape in ((n, 3, 3), (n, 3, 3), (n, 3), (n, 3)))
    power = np.maximum(shading.power * unit, np.float32(1e-6))
    _fill(
        light.reshape(-1, 3), pixel, normal, each, values[:, 3].copy(), shading.direction, power, tone.colour,
        flow, lit, gloss, albedo, seen,
    )  # fmt: skip
    full, rough = np.ones(n, np.float32), np.full(n, ROUGH, np.float32)
    view = np.zeros((n, 3), np.float32)
    view[:, 2] = 1
    oil = _oil(normal, view, seen, gloss, shading, power)
    return SkinBuffer(
        pixel=pixel, slot=slot.reshape(h, w), spot=np.ascontiguousarray(face.spot.reshape(-1, 3)[pixel]),
        normal=normal, view=view, flow=flow, seen=seen, light=lit, gloss=gloss, through=np.ones((n, 3), np.float32),
        sheen=full, melanin=values[:, 0].copy(), blood=values[:, 1].copy(), albedo=albedo,
        oil=full * oil, rough=rough, lock=skin.ravel()[pixel] * values[:, 4],
        mm_per_px=face.mm_per_px, rotation=np.ascontiguousarray(face.rotation, dtype=np.float32),
    )  # fmt: skip


def _oil(normal: F32, view: F32, seen: F32, gloss: F32, shading: s.Shading, power: F32) -> np.float32:
    """How glossy the skin is: its highlights over those of usual skin under the same light."""
    some = slice(None, None, max(1, len(normal) // 4000))
    usual = np.zeros_like(seen[some])
    full = np.ones(len(usual), np.float32)
    direction = np.array([shading.direction, (0, 0, 1), (0, 0, 0)], np.float32)
    clear_gloss(normal[some], view[some], seen[some], full, ROUGH * full, direction, s.SPREAD, usual)
    expected = float((usual * power).sum())
    return np.float32(np.clip(float(gloss[some].sum()) / max(expected, 1e-6), *OIL))


@njit()
def _fill(light, pixel, normal, each, shine, direction, power, colour, flow, lit, gloss, albedo, seen):
    """Light per group and channel, its mean direction, gloss and albedo: light x albedo + gloss is the photograph's."""
    one, tiny = np.float32(1.0), np.float32(1e-6)
    for q in range(pixel.size):
        p = pixel[q]
        total = tiny
        for g in range(3):
            total += each[q, g]
        # Gloss is on top of all channels: no more than the least of them.
        top = np.float32(0.9) * min(light[p, 0], light[p, 1], light[p, 2])
        gloss[q, 0], gloss[q, 1], gloss[q, 2] = (
            min(max(shine[q], np.float32(0.0)), top),
            np.float32(0.0),
            np.float32(0.0),
        )
        for c in range(3):
            albedo[q, c] = (light[p, c] - gloss[q, 0]) / (total * colour[c])
        nl = normal[q, 0] * direction[0] + normal[q, 1] * direction[1] + normal[q, 2] * direction[2]
        for g in range(3):
            for c in range(3):
                lit[q, g, c] = each[q, g] * colour[c]
        lamp = each[q, 0] / max(power[0] * max(nl, np.float32(0.1)), tiny)
        flash = each[q, 1] / max(power[1] * max(normal[q, 2], np.float32(0.1)), tiny)
        room = each[q, 2] / power[2]
        lamp, flash, room = min(lamp, np.float32(1.5)), min(flash, np.float32(1.5)), min(room, np.float32(1.5))
        for c in range(3):
            flow[q, 0, c] = lamp * direction[c]
            flow[q, 1, c] = np.float32(0.0)
            flow[q, 2, c] = np.float32(0.5) * room * normal[q, c]
        flow[q, 1, 2] = flash
        seen[q, 0], seen[q, 1], seen[q, 2] = min(lamp, one), min(flash, one), one
