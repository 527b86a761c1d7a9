"""A smooth random field on a ground: where lesions are dense, or, cut at a level, where skin is ill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nof1sim.model import Floats

from .ground import Ground
from .points import nearest

KNOTS_PER_LENGTH = 1.5
"""Knots of white noise per correlation length."""
RIM_KNOTS = 3
NEAR = 48
"""So many knots around a point make its value."""


@dataclass(frozen=True, slots=True)
class Smoother:
    """A Gaussian field of unit variance at some points: white noise at knots under a Gaussian window.

    near (points, NEAR): knots of each point.  weight (points, NEAR).  mirror (knots,): each knot's mirror image.
    The covariance of two points d mm apart is exp(-d^2 / (2 length^2)).
    """

    near: NDArray[np.int64]
    weight: Floats
    mirror: NDArray[np.int64]

    def draw(self, rng: Generator, mirrored: float) -> Floats:
        """One field, (points,), of which the share `mirrored` of the variance is the same left and right."""
        both, single = rng.standard_normal((2, self.mirror.size))
        both = (both + both[self.mirror]) / np.sqrt(2.0)
        noise = np.sqrt(mirrored) * both + np.sqrt(1.0 - mirrored) * single
        return np.einsum("ij,ij->i", self.weight, noise[self.near])


def smoother(ground: Ground, x_mm: Floats, y_mm: Floats, length_mm: float) -> Smoother:
    """The Smoother of the points x_mm, y_mm on a ground, with a correlation length of `length_mm`."""
    knot = length_mm / KNOTS_PER_LENGTH
    low, high = ground.y_limits_mm
    half = np.arange(knot / 2, ground.half_width_mm + RIM_KNOTS * knot, knot)
    knots_x = np.concatenate([-half[::-1], half])
    knots_y = np.arange(low - RIM_KNOTS * knot, high + RIM_KNOTS * knot, knot)
    kx, ky = (part.ravel() for part in np.meshgrid(knots_x, knots_y))
    mirror = np.arange(kx.size).reshape(knots_y.size, knots_x.size)[:, ::-1].ravel()
    square = (x_mm[:, None] - kx) ** 2 + (y_mm[:, None] - ky) ** 2
    near = nearest(square, NEAR)
    # White noise under a Gaussian of SD s has the covariance exp(-d2 / (4 s2)): s = length / sqrt(2).
    weight = np.exp(-np.take_along_axis(square, near, axis=1) / length_mm**2)
    return Smoother(near, weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)), mirror)


EDGE = 3
"""So many knots to either side of a point make its value on a square."""
WINDOW = np.exp(-((np.arange(-EDGE, EDGE + 1) / KNOTS_PER_LENGTH) ** 2))


def on_square(rng: Generator, ground: Ground, x_mm: Floats, y_mm: Floats, length_mm: float) -> Floats:
    """One such field at points of a square ground, (points,): the knots are a grid, so none has to be searched."""
    from .squares import smoothed

    knot, half = length_mm / KNOTS_PER_LENGTH, ground.half_width_mm
    noise = rng.standard_normal((int(2.0 * half / knot) + 2 * EDGE + 2,) * 2)
    return smoothed(noise, x_mm, y_mm, half, knot, WINDOW)


def log_normal(values: Floats, log_sd: float) -> Floats:
    """A Gaussian field as a positive one of mean 1, whose logarithm has the SD `log_sd`."""
    return np.exp(log_sd * values - log_sd**2 / 2.0)


def above_level(values: Floats, share: float) -> NDArray[np.bool_]:
    """The level set of a field that holds the `share` (0 to 1) of its points with the highest values."""
    count = round(min(max(share, 0.0), 1.0) * values.size)
    chosen = np.zeros(values.size, bool)
    chosen[np.argsort(-values, kind="stable")[:count]] = True
    return chosen
