"""A photograph and its geometry at the resolution where skin and light are judged: about half a millimetre a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render import light as optics
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.procedural.filters import shrink, wide_blur

F32 = NDArray[np.float32]
Box = tuple[slice, slice]

STEP_MM = 0.5
"""Pixels are averaged until one is at least about so wide: finer detail is hair and noise."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
PEDESTAL = 0.002
"""Added to linear light before a logarithm: what is nearly black has no colour."""
LINEAR = optics.to_linear(np.arange(256) / 255).astype(np.float32)
"""Linear light of each 8-bit sRGB value."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """The box of the face at a lower resolution. box: its rows and columns in the photograph; light (h, w, 3): linear,
    mean of factor x factor pixels; chart (h, w, 2), normal (h, w, 3): of the middle one, NaN off the face; known
    (h, w): where they are not; mm_per_px: of these pixels."""

    factor: int
    box: Box
    light: F32
    chart: F32
    normal: F32
    known: NDArray[np.bool_]
    mm_per_px: float

    def soft(self, image: NDArray, width_mm: float) -> F32:
        """An image (h, w[, c]) blurred by a Gaussian of that standard deviation on skin that faces the camera."""
        return wide_blur(np.ascontiguousarray(image, dtype=np.float32), width_mm / self.mm_per_px)

    def mean_of(self, image: NDArray, weight: F32, width_mm: float) -> F32:
        """Weighted mean of an image (h, w[, c]) around each pixel; the overall mean where there is nothing near."""
        flat = image.reshape(*weight.shape, -1)
        both = self.soft(np.concatenate([flat * weight[..., None], weight[..., None]], -1), width_mm)
        total = float(weight.sum()) or 1.0
        whole = (flat * weight[..., None]).sum((0, 1)) / total
        mean = (both[..., :-1] + 1e-3 * whole) / (both[..., -1:] + 1e-3)
        return mean.reshape(image.shape).astype(np.float32)

    def places(self, pixel: NDArray[np.int64], width: int) -> tuple[F32, F32]:
        """Column and row here of pixels row * width + column of the photograph."""
        rows, columns = self.box
        y = pixel // width
        x = pixel - y * width
        step, half = np.float32(1 / self.factor), np.float32(0.5 / self.factor - 0.5)
        return (x - columns.start).astype(np.float32) * step + half, (y - rows.start).astype(np.float32) * step + half


def coarse_of(light: F32, face: FaceMap) -> Coarse:
    """From linear light (h, w, 3). Height and width here are multiples of 4, so that wide blurs are quick."""
    k = max(1, round(STEP_MM / face.mm_per_px))
    rows, columns = (
        _span(np.asarray(np.isfinite(face.chart[..., 0]).any(axis)), 4 * k, side)
        for axis, side in zip((1, 0), face.shape, strict=True)
    )
    middle = slice(k // 2, None, k)
    chart, normal = (np.ascontiguousarray(a[rows, columns][middle, middle]) for a in (face.chart, face.normal))
    known = np.isfinite(chart[..., 0]) & np.isfinite(normal[..., 2])
    return Coarse(k, (rows, columns), shrink(light[rows, columns], k), chart, normal, known, face.mm_per_px * k)


def _span(there: NDArray[np.bool_], step: int, side: int) -> slice:
    """The places that are there with a margin, a multiple of `step` long if the side is long enough."""
    at = np.flatnonzero(there)
    first, last = (int(at[0]), int(at[-1]) + 1) if at.size else (0, side)
    length = min(-(-(last - first + step) // step) * step, side // step * step or side)
    start = min(max((first + last - length) // 2, 0), side - length)
    return slice(start, start + length)


def log_luminance(light: F32) -> F32:
    """(h, w) of linear light (h, w, 3)."""
    return np.log(light @ LUMINANCE + np.float32(PEDESTAL))
