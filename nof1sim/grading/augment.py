"""Photographs changed at random while a grader learns. In: (b, views, h, w, 3) of 0 to 1; out: the same shape.

`bernhard2024` is as published: each photograph by itself stays as it is or undergoes one of a vertical flip, a
horizontal flip, a rotation, a change of brightness, each with a chance of 20 %. The sizes of rotation and brightness
are not published; `ROTATION_DEG` and `BRIGHTNESS` are choices. A photograph is flipped alone there, as published: the
networks average over views, so which one it was plays no part.

`mild` changes a visit as a whole: half of the visits are mirrored, which swaps the left with the right view; then small
shifts, and changes of brightness and colour of each photograph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

Batch = NDArray[np.float32]

ROTATION_DEG, BRIGHTNESS = 20.0, 0.3
"""Largest rotation to either side; largest change of brightness, a factor of 1 +- this. Choices, not published."""
SHIFT, GAIN_SD, COLOUR_SD = 0.04, 0.10, 0.03
"""`mild`: largest shift as a share of the side; SD of the logarithms of brightness and of each channel's gain."""


def mirrored(batch: Batch, views: Sequence[str]) -> Batch:
    """Visits as in a mirror: every photograph flipped, and the left view in the right one's place."""
    order = list(range(len(views)))
    if "left" in views and "right" in views:
        left, right = views.index("left"), views.index("right")
        order[left], order[right] = right, left
    return batch[:, order, :, ::-1]


def none(batch: Batch, views: Sequence[str], rng: np.random.Generator) -> Batch:
    """As it is."""
    del views, rng
    return batch


def mild(batch: Batch, views: Sequence[str], rng: np.random.Generator) -> Batch:
    """Mirror, shift, brightness, colour."""
    out, (b, v, h, _, _) = batch.copy(), batch.shape
    flip = rng.random(b) < 0.5
    out[flip] = mirrored(out[flip], views)
    most = round(SHIFT * h)
    shifts = rng.integers(-most, most + 1, (b, v, 2))
    gains = np.exp(rng.normal(0, GAIN_SD, (b, v, 1)) + rng.normal(0, COLOUR_SD, (b, v, 3))).astype(np.float32)
    for i in range(b):
        for j in range(v):
            out[i, j] = _shifted(out[i, j], *shifts[i, j])
    return np.clip(out * gains[:, :, None, None], 0.0, 1.0)


def _shifted(picture: Batch, down: int, right: int) -> Batch:
    """Moved by whole pixels; the edge is repeated."""
    h, w = picture.shape[:2]
    rows = np.clip(np.arange(h) - down, 0, h - 1)
    return picture[rows][:, np.clip(np.arange(w) - right, 0, w - 1)]


def vertical(picture: Batch, rng: np.random.Generator) -> Batch:
    """Upside down."""
    del rng
    return picture[::-1]


def horizontal(picture: Batch, rng: np.random.Generator) -> Batch:
    """Left for right."""
    del rng
    return picture[:, ::-1]


def rotated(picture: Batch, rng: np.random.Generator) -> Batch:
    """Turned about its middle, bilinear, the edge repeated."""
    angle = np.deg2rad(rng.uniform(-ROTATION_DEG, ROTATION_DEG))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (np.array(picture.shape[:2]) - 1) / 2
    offset = middle - turn @ middle
    channels = [affine_transform(picture[..., c], turn, tuple(offset), order=1, mode="nearest") for c in range(3)]  # type: ignore[arg-type]
    return np.stack(channels, -1).astype(np.float32)


def brighter(picture: Batch, rng: np.random.Generator) -> Batch:
    """Brighter or darker."""
    return np.clip(picture * np.float32(1 + rng.uniform(-BRIGHTNESS, BRIGHTNESS)), 0.0, 1.0)


CHANGES: tuple[Callable[[Batch, np.random.Generator], Batch] | None, ...] = (
    None, vertical, horizontal, rotated, brighter,
)  # fmt: skip
"""What may happen to a photograph in `bernhard2024`, all with the same chance of 20 %; None: nothing."""


def bernhard2024(batch: Batch, views: Sequence[str], rng: np.random.Generator) -> Batch:
    """One of `CHANGES` for each photograph."""
    del views
    out = batch.copy()
    for i, j in np.ndindex(*batch.shape[:2]):
        change = CHANGES[rng.integers(len(CHANGES))]
        if change is not None:
            out[i, j] = change(batch[i, j], rng)
    return out


AUGMENT: dict[str, Callable[[Batch, Sequence[str], np.random.Generator], Batch]] = {
    "none": none, "mild": mild, "bernhard2024": bernhard2024,
}  # fmt: skip
