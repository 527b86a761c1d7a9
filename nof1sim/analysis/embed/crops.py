"""Flips and random resized crops, as published for `schneider2023`."""

from __future__ import annotations

import numpy as np

from ..images import Pixels
from ..preprocess import Array
from .networks import import_torch

AREA, RATIO, FLIP = (0.8, 1.0), (0.9, 1.1), 0.5


def resized(pixels: Pixels, side: int) -> Array:
    """Pictures (b, h, w, 3) at `side` px, bilinear with antialiasing: (b, 3, side, side), 0 to 1."""
    torch = import_torch()
    x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32) / 255)
    if pixels.shape[1:3] != (side, side):
        x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return x.numpy()


def cropped(pixels: Pixels, side: int, rng: np.random.Generator) -> Array:
    """A random crop of each picture, flipped half of the time in either direction: (b, 3, side, side), 0 to 1.

    The crop has a share `AREA` of the area and an aspect `RATIO`; where it would not fit it is cut to the picture.
    """
    torch = import_torch()
    x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32) / 255)
    grid = torch.nn.functional.affine_grid(
        torch.from_numpy(draw_crops(len(pixels), rng)), (len(x), 3, side, side), False
    )
    return torch.nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False).numpy()


def draw_crops(n: int, rng: np.random.Generator) -> Array:
    """Affine maps (n, 2, 3) from the crop's coordinates (-1 to 1) to the picture's."""
    area = rng.uniform(*AREA, n)
    ratio = np.exp(rng.uniform(np.log(RATIO[0]), np.log(RATIO[1]), n))
    size = np.minimum(np.sqrt(np.stack([area * ratio, area / ratio], 1)), 1.0)  # (n, 2): across, down
    shift = rng.uniform(-1, 1, (n, 2)) * (1 - size)
    flip = np.where(rng.random((n, 2)) < FLIP, -1.0, 1.0)
    maps = np.zeros((n, 2, 3), np.float32)
    maps[:, 0, 0], maps[:, 1, 1], maps[:, :, 2] = size[:, 0] * flip[:, 0], size[:, 1] * flip[:, 1], shift
    return maps
