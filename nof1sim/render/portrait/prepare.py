"""A photograph and its geometry made ready to take lesions: skin, light, pigment, sharpness and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import tone_patch
from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait import shading as s
from nof1sim.render.portrait.buffer import buffer_of, lighting_of
from nof1sim.render.portrait.coarse import LINEAR, Coarse, coarse_of
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.finish import Finish, finish_of
from nof1sim.render.portrait.patch import is_flat
from nof1sim.render.portrait.photograph import Photograph
from nof1sim.render.portrait.pigment import Tone, fractions, tone_of
from nof1sim.render.portrait.skin import fade_of, skin_of
from nof1sim.render.procedural.filters import blur, enlarge
from nof1sim.render.skin import Lighting, Primed, SkinBuffer, prime

F32 = NDArray[np.float32]

WELL_LIT = 0.35
"""Share of the skin, the darker lit, that does not say what the skin's tone is."""
PIGMENT_MM = 1.0
"""Melanin and blood are averaged over so much: finer spots keep their colour, but not a chemistry of their own."""


@dataclass(frozen=True, slots=True)
class Work:
    """Memory of `compose`, for one thread at a time. smooth (h, w, 3): linear light without grain, which the buffer
    adds up to on skin; soft (h, w, 3): the same with the blur that lesions get; light (h, w, 3): `smooth` again, to
    draw on and to restore; draw: the buffer, ready for lesions."""

    smooth: F32
    soft: F32
    light: F32
    draw: Primed


@dataclass(frozen=True, slots=True)
class Canvas:
    """A photograph ready to take lesions.

    skin (h, w): 0 .. 1, where lesions may be. buffer, lighting: as the lesion layer takes them; the buffer's light
    adds up to the photograph's, less its grain. light (h, w, 3): linear light of the photograph. dark: 0 for fair and
    medium skin to 1 for the darkest. ita_deg: individual typology angle of the skin, this program's estimate.
    shading, tone, finish: what was estimated. scratch: for `compose`.
    """

    photograph: Photograph
    face: FaceMap
    skin: F32
    buffer: SkinBuffer
    lighting: Lighting
    light: F32
    dark: float
    ita_deg: float
    shading: s.Shading
    tone: Tone
    finish: Finish
    scratch: Work


def prepare(photograph: Photograph, face: FaceMap) -> Canvas:
    """Analyse a photograph (h, w, 3) with the geometry of its face, or of a patch of skin, (h, w).

    Raises
    ------
    RenderError
        Geometry of another picture, or hardly any skin where the face should be.
    """
    if face.shape != photograph.pixels.shape[:2]:
        allowed = f"{photograph.pixels.shape[:2]}, as the photograph"
        raise RenderError(str(Fault("face map", face.shape, allowed, "Fit the face to this very picture.")))
    light = LINEAR[photograph.pixels]
    coarse = coarse_of(light, face)
    skin = skin_of(coarse, is_flat(face))
    shading = s.shading_of(coarse, skin)
    tone = _tone(coarse, skin, shading, is_flat(face))
    fields = _fields(coarse, skin, shading, tone)
    whole = _enlarged(skin, coarse, face)
    finish = _finish(photograph, whole, coarse, face)
    smooth = _blurred(light, finish.smooth_px, coarse)
    buffer = buffer_of(smooth, whole, fields, coarse, face, shading, tone)
    lighting = lighting_of(shading, tone)
    soft = _blurred(smooth, finish.soften_px, coarse)
    work = Work(smooth, soft, smooth.copy(), prime(buffer, lighting))
    return Canvas(
        photograph, face, whole, buffer, lighting, light, tone.dark, tone.ita_deg, shading, tone, finish, work
    )


def _enlarged(skin: F32, coarse: Coarse, face: FaceMap) -> F32:
    """From coarse to all pixels. The box, made of whole coarse pixels, may end a little before a face or a patch that
    fills the picture: there its outermost values go on."""
    part = enlarge(skin, coarse.factor) if coarse.factor > 1 else skin
    beyond = [(one.start, size - one.stop) for one, size in zip(coarse.box, face.shape, strict=True)]
    whole = np.pad(part, beyond, mode="edge")
    whole[np.isnan(face.spot[..., 2])] = 0.0
    return whole


def _blurred(light: F32, width_px: float, coarse: Coarse) -> F32:
    """Light (h, w, 3) with a blur of the box around the face."""
    if not width_px:
        return light
    out = light.copy()
    out[coarse.box] = blur(light[coarse.box], width_px)
    return out


def _finish(photograph: Photograph, skin: F32, coarse: Coarse, face: FaceMap) -> Finish:
    box = coarse.box
    luma = photograph.pixels[box].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return finish_of(luma, np.isfinite(face.chart[..., 0][box]), skin[box] > 0.9, photograph.jpeg)


def _irradiance(coarse: Coarse, shading: s.Shading) -> F32:
    """Total light (h, w) on a coarse photograph; 1 off the face."""
    normal = np.where(coarse.known[..., None], coarse.normal, np.float32(0))
    total = (s.terms(normal, shading.direction) @ shading.power) * np.exp(shading.slow)
    return np.where(coarse.known, np.maximum(total, 1e-5), 1.0).astype(np.float32)


def _tone(coarse: Coarse, skin: F32, shading: s.Shading, flat: bool) -> Tone:
    """From the well-lit part of cheeks and forehead, or of a patch."""
    here = (skin > 0.9) & (tone_patch(coarse.chart[..., 0], coarse.chart[..., 1]) | flat)
    if here.sum() < 50:
        here = skin > 0.5
    total = _irradiance(coarse, shading)
    here &= total >= np.quantile(total[here], WELL_LIT)
    shown = np.median(coarse.light[here], axis=0)
    matt = np.median(coarse.light[here] - shading.gloss[here][:, None], axis=0)
    return tone_of(matt, shown, float(np.median(total[here])))


def _fields(coarse: Coarse, skin: F32, shading: s.Shading, tone: Tone) -> F32:
    """Melanin, blood, log shade, gloss and the weight of lesions (h, w, 5)."""
    total = _irradiance(coarse, shading) * np.float32(tone.unit)
    matt = np.maximum(coarse.light - shading.gloss[..., None], 1e-4)
    albedo = coarse.mean_of(matt / (total[..., None] * tone.colour), np.maximum(skin, 1e-3), PIGMENT_MM)
    usual = np.median(albedo[skin > 0.9] if (skin > 0.9).any() else albedo[skin > 0], axis=0)
    parts = [fractions(albedo, usual, tone), shading.slow[..., None], shading.gloss[..., None]]
    parts.append(fade_of(skin, coarse.mm_per_px)[..., None])
    return np.ascontiguousarray(np.concatenate(parts, -1), dtype=np.float32)
