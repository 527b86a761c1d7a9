"""Where to paint: masks -> windows, feather, composite. numpy only.

The lock on identity is here: whatever a network returns, a pixel whose mask is 0 keeps the portrait's bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...model import Bools, Floats
from ...randomness import stream
from .extras import wrong

GRID = 8
"""Pixels of a portrait under one latent pixel of a Stable Diffusion VAE."""
LATENT_CHANNELS = 4
WHOLE_FROM = 0.8
"""Share of the portrait's area from which windows cost more than the whole portrait at once."""
Item = TypeVar("Item")
Mask = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a portrait that is painted in one go. y, x, height, width are multiples of the grid.

    mask : (height, width) float, the job's mask, zero wherever another window paints.
    """

    y: int
    x: int
    height: int
    width: int
    mask: Mask = field(repr=False, compare=False)

    def cut(self, picture: NDArray) -> NDArray:
        """This window of a picture (h, w, ...)."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]

    def shows(self, points_px: NDArray) -> bool:
        """Whether any of the points (n, 2) x, y lies in it."""
        x, y = np.asarray(points_px, float).T - [[self.x], [self.y]]
        return bool(((x >= 0) & (y >= 0) & (x < self.width) & (y < self.height)).any())


def check_job(portrait: NDArray, mask: NDArray, where: str) -> None:
    """Raise unless the picture is (h, w, 3) uint8 on the grid and the mask (h, w) lies in 0..1."""
    if portrait.dtype != np.uint8 or portrait.ndim != 3 or portrait.shape[2] != 3:
        raise wrong(f"{where}.portrait", f"{portrait.dtype} {portrait.shape}", "uint8 of shape (h, w, 3)")
    if portrait.shape[0] % GRID or portrait.shape[1] % GRID:
        raise wrong(
            f"{where}.portrait", portrait.shape[:2], f"height and width that {GRID} divides", "Resize it first."
        )
    if mask.shape != portrait.shape[:2]:
        raise wrong(f"{where}.mask", mask.shape, f"{portrait.shape[:2]}, the portrait's size")
    if not (np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1):
        raise wrong(f"{where}.mask", f"values from {mask.min()} to {mask.max()}", "0 to 1")


def plan_windows(mask: Mask, size_px: int, margin_px: int = 16, grid: int = GRID) -> list[Window]:
    """Equal windows of side `size_px` that together hold every masked region, each region in one of them.

    A window keeps `margin_px` of surroundings (less at the picture's edge) and lies on the grid. The whole picture
    is one window where that is cheaper (WHOLE_FROM), where a region is too large, or where the picture is small.
    An empty mask has no window.
    """
    h, w = mask.shape
    if not mask.any():
        return []
    whole = [Window(0, 0, h, w, mask.astype(np.float64))]
    if size_px >= min(h, w):
        return whole
    labels, _ = _label(mask > 0)
    boxes = [(s[0].start, s[0].stop, s[1].start, s[1].stop) for s in ndimage.find_objects(labels)]
    groups: list[tuple[int, int, list[int]]] = []  # y, x of a window, its regions
    todo = sorted(range(len(boxes)), key=lambda i: (-_longest(boxes[i]), boxes[i]))
    while todo:
        place = _place(boxes[todo[0]], size_px, margin_px, grid, (h, w))
        if place is None:
            return whole
        y, x = place
        inside = [i for i in todo if _fits(boxes[i], y, x, size_px, margin_px, (h, w))]
        groups.append((y, x, inside))
        todo = [i for i in todo if i not in set(inside)]
    if len(groups) * size_px**2 >= WHOLE_FROM * h * w:
        return whole
    out = []
    for y, x, regions in groups:
        own = np.isin(labels[y : y + size_px, x : x + size_px], np.array(regions) + 1)
        part = np.where(own, mask[y : y + size_px, x : x + size_px], 0.0)
        out.append(Window(y, x, size_px, size_px, part))
    return out


def _longest(box: tuple[int, int, int, int]) -> int:
    return max(box[1] - box[0], box[3] - box[2])


def _place(box: tuple[int, ...], size: int, margin: int, grid: int, shape: tuple[int, int]) -> tuple[int, int] | None:
    """Corner of the window that has the box in its middle, on the grid and within the picture; None if too large."""
    corner = []
    for low, high, length in ((box[0], box[1], shape[0]), (box[2], box[3], shape[1])):
        start = round(((low + high) / 2 - size / 2) / grid) * grid
        corner.append(min(max(start, 0), (length - size) // grid * grid))
    y, x = corner
    return (y, x) if _fits(box, y, x, size, margin, shape) else None


def _fits(box: tuple[int, ...], y: int, x: int, size: int, margin: int, shape: tuple[int, int]) -> bool:
    for low, high, start, length in ((box[0], box[1], y, shape[0]), (box[2], box[3], x, shape[1])):
        if low < start + (margin if start > 0 else 0):
            return False
        if high > start + size - (margin if start + size < length else 0):
            return False
    return True


def feather(mask: Mask, width_px: float = 6.0) -> Floats:
    """Opacity (h, w): 0 wherever the mask is 0, rising inwards with the distance to the region's edge.

    Each region reaches 1 in its middle, however small: a lesion of one pixel is drawn in full.
    """
    inside: Bools = mask > 0
    if not inside.any() or inside.all():
        return inside.astype(np.float64)
    # Padded with itself: a region cut by the picture's edge does not fade there.
    depth = np.asarray(ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge")))[1:-1, 1:-1]
    labels, count = _label(inside)
    deepest = np.concatenate([[1.0], ndimage.maximum(depth, labels, np.arange(1, count + 1))])
    return np.where(inside, np.minimum(depth / np.minimum(max(width_px, 1e-6), deepest)[labels], 1.0), 0.0)


def _label(inside: Bools) -> tuple[NDArray[np.int32], int]:
    """Regions of a mask, neighbours over corners too: (h, w) 1 .. count, 0 outside."""
    labels = np.zeros(inside.shape, np.int32)
    count = ndimage.label(inside, np.ones((3, 3)), output=labels)
    return labels, int(np.asarray(count))


def composite(below: NDArray[np.uint8], above: NDArray[np.uint8], alpha: Floats) -> NDArray[np.uint8]:
    """`above` over `below`, (h, w, 3); alpha (h, w). Where alpha is 0 the bytes are those of `below`."""
    a = alpha[..., None]
    return np.rint(below * (1 - a) + above * a).astype(np.uint8)  # at a = 0 this is exact


def pool_mask(mask: Mask, cells: tuple[int, int]) -> Mask:
    """The mask on a grid of (rows, columns): the maximum of all that a cell touches, so that no lesion is lost."""
    for n in cells:  # rows first; the second pass works on the transpose
        edges = np.arange(n + 1) * mask.shape[0] / n
        spans = zip(np.floor(edges[:-1]).astype(int), np.ceil(edges[1:]).astype(int), strict=True)
        mask = np.stack([mask[low:high].max(0) for low, high in spans]).T
    return mask


def anchored_noise(
    seed: int, address: Sequence[str | int], shape: tuple[int, int], novelty: float = 0.2
) -> NDArray[np.float32]:
    """Unit noise (4, h, w) for a whole portrait's latents, anchored to the face.

    sqrt(1 - novelty) x a field of the patient (the first label of the address) + sqrt(novelty) x one of the whole
    address: two pictures of a patient correlate by 1 - novelty, and overlapping windows get equal noise.
    """
    full = (LATENT_CHANNELS, *shape)
    own = stream(seed, *address, "latent noise").standard_normal(full, np.float32)
    if novelty >= 1:
        return own
    base = stream(seed, address[0], "latent noise of the face").standard_normal(full, np.float32)
    return (np.sqrt(1 - novelty) * base + np.sqrt(novelty) * own).astype(np.float32)


def batches(items: Sequence[Item], size: int) -> Iterator[tuple[list[Item], int]]:
    """Lists of exactly `size` items, the last padded with its own last item; with each, how many are real."""
    for start in range(0, len(items), size):
        part = list(items[start : start + size])
        yield part + part[-1:] * (size - len(part)), len(part)
