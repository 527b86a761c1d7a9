"""The light in a photograph, estimated from the skin in it: direction, ambient share, shadows, highlights.

Skin's luminance is fitted by a lamp from one direction, light at the lens (a flash) and light from everywhere, as
functions of the normal alone: their sum is shading of a low order, as in spherical harmonics (Ramamoorthi and Hanrahan,
JOSA A 18, 2448, 2001), but each term is one that light can be and none is negative. What the normals do not explain
and changes slowly over the face is shade of a shape that the fit does not know: it takes light from the lamp first,
then from the rest. Assumed: sRGB's tone curve, one colour of light, skin that is even at the scale of centimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.portrait.coarse import LUMINANCE, Coarse

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LAMP, FLASH, ROOM = range(3)
WRAP = np.array([0.29, 0.14, 0.09], np.float32)
"""Per channel: how far light wraps round a form under the skin, as in the procedural renderer."""
SPREAD = np.array([0.30, 0.08, 0.0], np.float32)
"""Half angles of lamp and flash, radians: what makes shade soft at this distance is not known, a window is assumed."""
SAMPLE, FACING = 2500, 0.4
"""Pixels of skin that the light is fitted to, and how much they face the camera at least (cosine)."""
ROOM_TILT = 0.3
"""Of the room's light towards above and the camera."""
AS_GOOD = 0.05
"""Directions whose error exceeds the best one's by no more than this are averaged."""
ROUNDS = 5
"""Of reweighting (Huber) of the best direction's fit."""
SLOW_MM = 7.0
"""Width of what counts as shade rather than as the skin's colour."""
STEEP = 0.35
"""Residual of log luminance beyond which a pixel counts less: lesions, hairs, highlights."""


@dataclass(frozen=True, slots=True)
class Shading:
    """Light on the skin. direction (3,): of the lamp, camera axes; power (3,): irradiance of lamp, flash and room on
    skin square to each; slow (h, w): log of what shade and the fit's faults change; gloss (h, w): linear light of
    highlights; all on a coarse photograph whose luminance is irradiance x albedo, the albedo's mean being 1."""

    direction: F32
    power: F32
    slow: F32
    gloss: F32

    @property
    def ambient(self) -> float:
        """Share of the room in the light on skin that faces the lamp."""
        return float(self.power[ROOM] / self.power.sum())


@cache
def _directions() -> Floats:
    """Where a lamp may be (k, 3): even over the half of the sphere on the camera's side and a little behind."""
    k = 220
    z = 1.0 - 1.15 * (np.arange(k) + 0.5) / k
    turn = np.arange(k) * 2.399963
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], -1)


def terms(normal: NDArray, direction: NDArray) -> NDArray:
    """Irradiance (..., 3) on normals (..., 3) of lamp, flash and room, each of power 1; the room's is strongest from
    above and from the camera's side, where a face has no shoulders and no wall behind it."""
    lamp = np.maximum(normal @ direction, 0)
    flash = np.maximum(normal[..., 2], 0)
    room = (1 + ROOM_TILT * (normal[..., 1] + normal[..., 2])) / (1 + ROOM_TILT)
    return np.stack([lamp, flash, room], -1)


def shading_of(coarse: Coarse, skin: F32) -> Shading:
    """The light on a coarse photograph with skin (h, w), 0 .. 1."""
    weight = skin * (coarse.known & (skin > 0.5))
    luminance = np.maximum(coarse.soft(coarse.light, 0.8) @ LUMINANCE, 1e-4)
    at = np.flatnonzero((weight > 0) & (coarse.normal[..., 2] > FACING))
    at = at[:: max(1, at.size // SAMPLE)]
    normal = coarse.normal.reshape(-1, 3)[at].astype(float)
    direction, power = _fitted(normal, luminance.ravel()[at].astype(float))
    model = terms(np.where(coarse.known[..., None], coarse.normal, 0), direction.astype(np.float32)) @ power
    residual = np.log(luminance / np.maximum(model, 1e-3 * power.sum()))
    slow = np.zeros_like(luminance)
    for _ in range(2):
        sure = weight / (1 + ((residual - slow) / STEEP) ** 2)
        slow = coarse.mean_of(residual, sure.astype(np.float32), SLOW_MM)
    gloss = _gloss(coarse, weight, residual - slow)
    return Shading(direction.astype(np.float32), power.astype(np.float32), slow, gloss)


def _fitted(normal: Floats, luminance: Floats) -> tuple[Floats, Floats]:
    """Direction (3,) and powers (3,) that fit luminances (n,) on normals (n, 3) best, in shares of the luminance:
    errors count relative to what is there, so that the shadow side has its say."""
    lamp = np.maximum(_directions() @ normal.T, 0) / luminance  # (k, n)
    flash, room = (terms(normal, np.zeros(3))[:, k] / luminance for k in (FLASH, ROOM))
    gram = np.empty((len(lamp), 3, 3))
    gram[:, 0, 0] = np.einsum("kn,kn->k", lamp, lamp)
    gram[:, 0, 1] = gram[:, 1, 0] = lamp @ flash
    gram[:, 0, 2] = gram[:, 2, 0] = lamp @ room
    gram[:, 1, 1], gram[:, 2, 2], gram[:, 1, 2] = flash @ flash, room @ room, flash @ room
    gram[:, 2, 1] = gram[:, 1, 2]
    right = np.stack([lamp.sum(1), np.full(len(lamp), flash.sum()), np.full(len(lamp), room.sum())], -1)
    power, gain = _not_negative(gram, right)
    error = np.maximum(len(normal) - gain, 1e-9)
    good = error <= (1 + AS_GOOD) * error.min()  # one of them would be a matter of chance
    direction = _directions()[good].mean(0)
    direction /= np.linalg.norm(direction)
    design = np.stack([np.maximum(normal @ direction, 0) / luminance, flash, room], -1)
    found = power[int(np.argmin(error))]
    for _ in range(ROUNDS):
        weight = 1 / np.maximum(np.abs(1 - design @ found) / 0.15, 1.0)
        heavy = design * weight[:, None]
        found = _not_negative((heavy.T @ design)[None], heavy.sum(0)[None])[0][0]
    return direction, found


def _not_negative(gram: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Least squares with three coefficients >= 0 of systems (k, 3, 3) and (k, 3), and how much of the sum of squares
    each explains (k,): the best of the seven subsets of columns."""
    best, gain = np.zeros_like(right), np.full(len(right), -np.inf)
    small = 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None, None]
    for columns in ([0, 1, 2], [0, 2], [1, 2], [0, 1], [2], [1], [0]):
        part = gram[:, columns][:, :, columns] + small * np.eye(len(columns))
        found = np.linalg.solve(part, right[:, columns, None])[..., 0]
        explained = (found * right[:, columns]).sum(1)
        better = (found >= 0).all(1) & (explained > gain)
        gain[better] = explained[better]
        full = np.zeros_like(best)
        full[:, columns] = found
        best[better] = full[better]
    return best, gain


def _gloss(coarse: Coarse, weight: F32, bright: F32) -> F32:
    """Highlights (h, w): light of the lamp's own colour on top of the skin's, where skin is brighter and paler than
    around. bright (h, w): residual of log luminance."""
    red, blue = coarse.light[..., 0], coarse.light[..., 2]
    matt = weight * (bright < 0.12)
    share = coarse.mean_of(blue / np.maximum(red, 1e-4), matt.astype(np.float32), 2 * SLOW_MM)
    share = np.clip(share, 0.05, 0.85)
    own = (red - blue) / (1 - share)  # the skin's own red, if what is too blue is gloss
    extra = np.clip(red - own, 0, 0.8 * red) * np.clip((bright - 0.02) / 0.15, 0, 1)
    return np.where(weight > 0, coarse.soft(extra, 0.6), 0.0).astype(np.float32)


def irradiance(shading: Shading, normal: F32, slow: F32) -> F32:
    """Light of lamp, flash and room (n, 3) on normals (n, 3) where log shade is slow (n,): together the fit times
    exp(slow). Shade takes the lamp's light first; more light than the fit has is the lamp's, up to twice."""
    each = (terms(normal, shading.direction) * shading.power).astype(np.float32)
    total = each.sum(-1) * np.exp(slow)
    rest = each[:, FLASH] + each[:, ROOM]
    lamp = np.clip(total - rest, 0, 2 * each[:, LAMP])
    factor = (total - lamp) / np.maximum(rest, 1e-6)
    out = each * factor[:, None]
    out[:, LAMP] = lamp
    return out
