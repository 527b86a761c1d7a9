"""A camera for pictures that are already there (portraits, photographs): framing, focus, exposure, colour, noise.

What a day's photograph does beside the skin, as far as a flat picture allows: it cannot turn the head or move the
lights. `DRAWN` says what it can; a renderer that uses it leaves the rest of a `Nuisance` neutral (`Renderer.ignores`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.randomness import stream

from .camera_kernels import STEPS, answered, finished, framed, looked_up
from .light import NOISE_DARK, NOISE_FLOOR, to_display, to_linear, white_balance
from .masks import dilate
from .procedural.filters import blur

Labels = NDArray[np.int32]
Points = Mapping[str, tuple[float, float]]

DRAWN = (
    "roll_deg", "scale", "shift_x", "shift_y", "blur_px", "exposure_ev", "white_balance_k", "tint", "noise",
    "contrast", "saturation", "jpeg_quality", "phone",
)  # fmt: skip
IGNORED = tuple(field.name for field in fields(Nuisance) if field.name not in DRAWN)

REFERENCE_PX = 512
REACH = 3.0
"""A blur is cut at so many of its standard deviations."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What a camera makes of a picture: pixels (h, w, 3) uint8, the labels (h, w) and the key points in it."""

    pixels: NDArray[np.uint8]
    lesion: Labels
    support: Labels
    points_px: dict[str, tuple[float, float]]


def shoot(
    pixels: NDArray[np.uint8],
    lesion: Labels,
    support: Labels,
    points_px: Points,
    nuisance: Nuisance,
    address: tuple[int, *tuple[str | int, ...]],
) -> Shot:
    """Photograph a picture and its truth. Without nuisance: the same bytes.

    address : seed and address of the sensor's noise.
    """
    n, size = nuisance, pixels.shape[0]
    frame = Framing(n, size)
    if not frame.still:
        pixels, lesion, support = frame.moved(pixels, lesion, support)
    sigma = n.blur_px * size / REFERENCE_PX
    if sigma >= 0.3:
        support = dilate(support, math.ceil(REACH * sigma))
    points = {name: frame.point(*at) for name, at in points_px.items()}
    return Shot(_developed(pixels, n, sigma, address), lesion, support, points)


class Framing:
    """Roll, scale and shift in the picture, about its middle."""

    def __init__(self, nuisance: Nuisance, size: int) -> None:
        n, roll = nuisance, math.radians(nuisance.roll_deg)
        self.still = (n.roll_deg, n.scale, n.shift_x, n.shift_y) == (0.0, 1.0, 0.0, 0.0)
        self.matrix = n.scale * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
        self.middle = size / 2 - 0.5
        self.offset = self.middle + np.array([n.shift_x, n.shift_y]) * size

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture lies in the photograph."""
        at = self.matrix @ np.array([x - self.middle, y - self.middle]) + self.offset
        return float(at[0]), float(at[1])

    def moved(self, pixels: NDArray[np.uint8], lesion: Labels, support: Labels) -> tuple[Any, Labels, Labels]:
        """A picture (h, w, 3) and its labels (h, w) as the photograph shows them; beyond its edge the edge goes on."""
        back = np.linalg.inv(self.matrix)
        out = np.empty_like(pixels), np.empty_like(lesion), np.empty_like(support)
        framed(*map(np.ascontiguousarray, (pixels, lesion, support)), back, self.middle - back @ self.offset, *out)
        return out


def _developed(pixels: NDArray[np.uint8], n: Nuisance, sigma: float, address) -> NDArray[np.uint8]:
    """Focus, exposure and colour in linear light; then contrast, saturation and noise."""
    neutral = Nuisance()
    plain = all(getattr(n, name) == getattr(neutral, name) for name in DRAWN[4:11])
    if plain and n.saturation == 1.0:
        return pixels
    shown = np.empty(pixels.shape, np.float32)
    flat = shown.reshape(-1, 3)
    if sigma >= 0.3:
        looked_up(pixels.reshape(-1, 3), np.tile(LINEAR, (3, 1)), flat)
        shown = np.ascontiguousarray(blur(shown, sigma))
        flat = shown.reshape(-1, 3)
        roots = np.minimum(np.arange(STEPS + 2) / STEPS, 1.0)
        answered(flat, _answer(n, np.tile(roots**2, (3, 1))))
    else:
        looked_up(pixels.reshape(-1, 3), _answer(n, np.tile(LINEAR, (3, 1))), flat)
    noise = NO_NOISE
    if n.noise:
        noise = stream(address[0], *address[1:], "sensor").standard_normal(flat.shape, np.float32)
    out = np.empty(flat.shape, np.uint8)
    finished(flat, noise, *map(np.float32, (n.saturation, n.noise, NOISE_FLOOR, NOISE_DARK)), out)
    return out.reshape(pixels.shape)


LINEAR = to_linear(np.arange(256) / 255).astype(np.float32)
"""Linear light of each 8-bit value."""
NO_NOISE = np.zeros((0, 3), np.float32)


def _answer(n: Nuisance, light: NDArray[np.floating]) -> NDArray[np.float32]:
    """What the camera shows of light (3, k), by channel: exposure, white balance, contrast."""
    gain = white_balance(n.white_balance_k, n.tint) * 2.0**n.exposure_ev
    x = to_display(light * gain[:, None])
    return (x + n.contrast * (x - 0.5) * (1 - np.abs(2 * x - 1))).astype(np.float32)
