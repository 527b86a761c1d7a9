"""Where a photograph shows skin that a lesion may lie on: a colour model seeded by the face chart, grown over the face.

Colour is judged as log ratios of the channels, which light and shade leave alone, and as lightness relative to the
skin around it: so the shadow side of a face is skin, and the black hair beside dark skin is not. The chart excludes
what skin's colour cannot tell apart (lips, lids) and what lies beyond the face (neck, ears, hands beside it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nof1sim.chart import excluded, face_edge_mm
from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait.coarse import LUMINANCE, PEDESTAL, Coarse, log_luminance

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST_CM2 = 2.0
"""Of skin: with less there is nothing to edit, or the photograph shows something else."""
CHROMA_FLOOR = 0.05
"""Least standard deviation of skin's log ratios: even the evenest skin reddens over a cheek by more."""
DARKER, BRIGHTER = 0.40, 0.50
"""Standard deviations of skin's log lightness around the local mean: shade on one side, highlights on the other."""
ROUGHER = 0.10
"""Local standard deviation of log lightness, beyond that of the seeds, that costs as much: hair is streaky."""
GATE_IN, GATE_OUT = 6.0, 10.0
"""Squared distance of what is surely skin, and of what is skin when it touches that."""
ROUNDS, SPREAD_MM = 6, 7.0
"""How often and how far the knowledge of the local skin's lightness spreads from the seeds."""
HOLE_MM2 = 40.0
"""Holes up to this size are moles, lesions, highlights: skin."""
SPECK_MM2 = 12.0
MARGIN_MM = 0.7
"""Width of the soft edge."""
FADE_MM = 2.5
"""Over so much inside the border of the skin lesions fade out: nothing that reaches beyond it ends in a line."""
BEYOND_MM, OVERLAP_MM = 4.0, 1.0
"""How far skin is accepted beyond the chart's facial skin and within its gaps."""
NEAR_MM, DARKER_NEAR = 6.0, 0.20
"""So far around brows, eyes, lips and nostrils what is a little darker than skin may be one of them already."""
GLINT, GLINT_FROM = 0.9, 0.15
"""Standard deviation of log lightness of skin with a highlight, whose colour is then judged without it; from what
brightness on there may be one."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Mean (2,) and inverse covariance (2, 2) of skin's log red and log blue over green; rough: its usual texture."""

    mean: NDArray[np.float64]
    inverse: NDArray[np.float64]
    rough: float


def skin_of(coarse: Coarse, face_is_flat: bool) -> F32:
    """(h, w) 0 .. 1 of a coarse photograph: where lesions may be. RenderError if there is hardly any skin."""
    light = coarse.soft(coarse.light, 0.5)
    chroma = np.log(light[..., ::2] + PEDESTAL) - np.log(light[..., 1:2] + PEDESTAL)
    rough = _texture(coarse)
    on_face, near = _on_face(coarse)
    may = coarse.known if face_is_flat else coarse.known & on_face
    seeds = may & (_warm(chroma) if face_is_flat else _seeds(coarse) & _warm(chroma))
    _enough(seeds, coarse, 0.25 * LEAST_CM2)
    colours = _colours(chroma[seeds], rough[seeds])
    seeds &= _distance(chroma, rough, colours) < GATE_IN
    darker = np.where(near & (not face_is_flat), np.float32(DARKER_NEAR), np.float32(DARKER))
    sure = _grown(coarse, light, _distance(chroma, rough, colours), colours, seeds, may, darker)
    skin = _cleaned(sure, may, coarse)
    _enough(skin, coarse, LEAST_CM2)
    soft = coarse.soft(skin.astype(np.float32), MARGIN_MM)
    facing = np.where(coarse.known, coarse.normal[..., 2], 0.0)
    edge = np.clip((soft - 0.25) / 0.5, 0, 1) * np.clip((facing - 0.12) / 0.2, 0, 1)
    return np.where(may, edge, 0.0).astype(np.float32)


def fade_of(skin: F32, mm_per_px: float) -> F32:
    """(h, w) weight of a lesion's change: 0 where skin (h, w) ends, 1 from FADE_MM inside. The picture's edge is no
    border."""
    there = skin > 0.5
    if there.all():
        return np.ones(skin.shape, np.float32)
    inside = np.asarray(ndimage.distance_transform_edt(there), np.float32)
    t = np.clip((inside - 0.5) * np.float32(mm_per_px / FADE_MM), 0, 1)  # the border runs between two pixels
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _texture(coarse: Coarse) -> F32:
    """Local standard deviation of log lightness at the finest scale, (h, w)."""
    fine = log_luminance(coarse.light)
    fine = fine - coarse.soft(fine, 1.2)
    return np.sqrt(coarse.soft(fine * fine, 1.5))


def _warm(chroma: F32) -> Mask:
    """Redder than green and bluer than nothing: what skin of any type is under any usual light."""
    return (chroma[..., 0] > 0.0) & (chroma[..., 1] < 0.15)


def _on_face(coarse: Coarse) -> tuple[Mask, Mask]:
    """The chart's facial skin and a little more, so that a lesion at its edge is whole: within the outline, off eyes,
    brows, lips, nostrils; and what is next to those."""
    x, y = (np.nan_to_num(coarse.chart[..., k], nan=1e3).astype(float) for k in range(2))
    gaps = excluded(x, y)
    off = np.asarray(ndimage.binary_erosion(gaps, iterations=_steps(OVERLAP_MM, coarse)), bool)
    near = np.asarray(ndimage.binary_dilation(gaps, iterations=_steps(NEAR_MM, coarse)), bool)
    edge = np.maximum(face_edge_mm(y - BEYOND_MM), face_edge_mm(y + BEYOND_MM))
    return (np.abs(x) < edge + np.minimum(edge, BEYOND_MM)) & ~off, near


def _steps(width_mm: float, coarse: Coarse) -> int:
    return max(1, round(width_mm / coarse.mm_per_px))


def _pieces(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number (h, w) of the connected piece that a pixel belongs to, 0 for none, and the pieces' sizes, px."""
    names = np.empty(mask.shape, np.intp)
    count = ndimage.label(mask, output=names)
    return names, np.bincount(names.ravel(), minlength=int(np.asarray(count)) + 1)


def _seeds(coarse: Coarse) -> Mask:
    """Places that show skin on nearly every face: cheeks, bridge of the nose, middle of forehead and chin."""
    x, y = np.abs(coarse.chart[..., 0]), coarse.chart[..., 1]
    cheek = (x > 20) & (x < 56) & (y > -48) & (y < -18)
    forehead = (x < 30) & (y > 30) & (y < 48)
    return cheek | forehead | ((x < 7) & (y > -30) & (y < 0)) | ((x < 14) & (y > -98) & (y < -88))


def _enough(mask: Mask, coarse: Coarse, least_cm2: float) -> None:
    area = float(mask.sum()) * coarse.mm_per_px**2 / 100
    if area < least_cm2:
        fault = Fault(
            "photograph", f"{area:.1f} cm2 of skin", f"at least {LEAST_CM2:.0f} cm2",
            "Check that it shows bare skin in colour, and that the key points lie on the face.",
        )  # fmt: skip
        raise RenderError(str(fault))


def _colours(chroma: F32, rough: F32) -> Colours:
    """Of the seeds' majority: a Gaussian refitted to what it holds (a few steps of a minimum covariance estimate)."""
    mean = np.median(chroma, axis=0).astype(float)
    spread = 1.48 * np.median(np.abs(chroma - mean), axis=0)
    inverse = np.diag(1 / np.maximum(spread, CHROMA_FLOOR).astype(float) ** 2)
    for _ in range(4):
        off = chroma - mean
        close = np.einsum("ij,jk,ik->i", off, inverse, off) < GATE_IN
        if close.sum() < 20:
            break
        mean = chroma[close].mean(0).astype(float)
        covariance = 1.4 * np.cov(chroma[close].T) + CHROMA_FLOOR**2 * np.eye(2)
        inverse = np.linalg.inv(covariance)
    return Colours(mean, np.asarray(inverse, float), float(np.median(rough)))


def _distance(chroma: F32, rough: F32, colours: Colours) -> F32:
    """Squared distance (h, w) from skin in colour and texture."""
    a, b = (chroma[..., k] - np.float32(colours.mean[k]) for k in range(2))
    p = colours.inverse.astype(np.float32)
    more = np.maximum(rough - 1.5 * np.float32(colours.rough), 0) / np.float32(ROUGHER)
    return p[0, 0] * a * a + 2 * p[0, 1] * a * b + p[1, 1] * b * b + more * more


def _grown(
    coarse: Coarse, light: F32, far: F32, colours: Colours, seeds: Mask, may: Mask, darker: F32
) -> Mask:  # fmt: skip
    """Skin from the seeds outwards: as light as the skin next to it, which is known a little farther each round."""
    skin, distance, lightness = seeds, far, log_luminance(light)
    for turn in range(ROUNDS):
        weight = skin.astype(np.float32)
        both = coarse.soft(np.stack([weight * lightness, weight], -1), SPREAD_MM)
        off = lightness - both[..., 0] / np.maximum(both[..., 1], 1e-4)
        step = off / np.where(off < 0, darker, np.float32(BRIGHTER))
        distance = far + step * step
        if turn >= ROUNDS - 2:
            distance = np.minimum(distance, _glinting(light, off, colours))
        distance = np.where(both[..., 1] > 0.02, distance, np.float32(99.0))
        skin = may & (distance < GATE_IN)
    weak = may & (distance < GATE_OUT)
    names, sizes = _pieces(weak)
    kept = np.zeros(sizes.size, bool)
    kept[names[skin]] = True
    kept[0] = False
    return kept[names]


def _glinting(light: F32, off: F32, colours: Colours) -> F32:
    """Squared distance (h, w) from skin under a highlight: white light on top makes up what is too bright by off."""
    out = np.full(off.shape, 99.0, np.float32)
    here = off > GLINT_FROM
    some = light[here]
    extra = (some @ LUMINANCE) * (1 - np.exp(-off[here]))
    matt = some - np.minimum(extra, 0.9 * some.min(-1))[:, None] + np.float32(PEDESTAL)
    chroma = np.log(matt[:, ::2]) - np.log(matt[:, 1:2])
    out[here] = _distance(chroma, np.zeros(len(some), np.float32), colours) + (off[here] / np.float32(GLINT)) ** 2
    return out


def _cleaned(skin: Mask, may: Mask, coarse: Coarse) -> Mask:
    """Without specks and hairs, with moles, lesions and highlights."""
    area = coarse.mm_per_px**2
    skin = np.asarray(ndimage.binary_opening(skin, iterations=_steps(0.6, coarse)), bool)
    names, sizes = _pieces(skin)
    large = sizes * area >= SPECK_MM2
    large[0] = False
    skin = large[names]
    holes, sizes = _pieces(~skin & may)
    fill = sizes * area <= HOLE_MM2
    # A hole touches nothing but skin: one at a brow or at the hairline may be what lies beyond.
    rim = np.asarray(ndimage.binary_dilation(~may), bool)
    fill[holes[rim]] = False
    fill[0] = False
    return skin | fill[holes]
