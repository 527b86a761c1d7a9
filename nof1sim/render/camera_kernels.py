"""The camera's work on every pixel, compiled: framing, the answer to light, saturation and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import njit

F32 = NDArray[np.float32]
STEPS = 4096
"""Of the table of the camera's answer, in equal steps of the root of light: finer than a tenth of a grey level."""


@njit()
def framed(pixels, lesion, support, back, offset, new_pixels, new_lesion, new_support):
    """A picture (h, w, 3) uint8 and its labels (h, w) seen through a moved frame: pixel (x, y) of the new ones shows
    the place back @ (x, y) + offset. Bilinear, beyond the edge the edge goes on; labels nearest, beyond the edge 0."""
    h, w = lesion.shape
    half = np.float32(0.5)
    for y in range(h):
        for x in range(w):
            u = back[0, 0] * x + back[0, 1] * y + offset[0]
            v = back[1, 0] * x + back[1, 1] * y + offset[1]
            i, j = int(np.floor(u + 0.5)), int(np.floor(v + 0.5))
            if 0 <= i < w and 0 <= j < h:
                new_lesion[y, x] = lesion[j, i]
                new_support[y, x] = support[j, i]
            else:
                new_lesion[y, x] = 0
                new_support[y, x] = 0
            u, v = min(max(u, 0.0), w - 1.0), min(max(v, 0.0), h - 1.0)
            i, j = min(int(u), w - 2), min(int(v), h - 2)
            a, b = np.float32(u - i), np.float32(v - j)
            for c in range(3):
                top = pixels[j, i, c] * (1 - a) + pixels[j, i + 1, c] * a
                low = pixels[j + 1, i, c] * (1 - a) + pixels[j + 1, i + 1, c] * a
                new_pixels[y, x, c] = np.uint8(np.float32(top * (1 - b) + low * b) + half)


@njit()
def looked_up(pixels, table, out):
    """out (n, 3) = table (3, 256) at pixels (n, 3) uint8."""
    for k in range(pixels.shape[0]):
        for c in range(3):
            out[k, c] = table[c, pixels[k, c]]


@njit(fastmath=True)
def answered(light, table):
    """light (n, 3) in place: table (3, STEPS + 2) at its root, linear between the steps; 1 and more are the last."""
    steps = np.float32(STEPS)
    for k in range(light.shape[0]):
        for c in range(3):
            place = np.sqrt(min(max(light[k, c], np.float32(0.0)), np.float32(1.0))) * steps
            i = int(place)
            a = place - np.float32(i)
            light[k, c] = table[c, i] * (np.float32(1.0) - a) + table[c, i + 1] * a


@njit(fastmath=True)
def finished(shown, noise, saturation, amount, floor, dark, out):
    """Display values (n, 3) with saturation and noise (n, 3), 8 bits (n, 3). An empty noise is none."""
    top, half, grain = np.float32(255.0), np.float32(0.5), noise.size > 0
    for k in range(shown.shape[0]):
        r, g, b = shown[k, 0], shown[k, 1], shown[k, 2]
        grey = np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b
        sd = amount * (floor + dark * (np.float32(1.0) - grey))
        for c in range(3):
            value = grey + saturation * (shown[k, c] - grey)
            if grain:
                value += sd * noise[k, c]
            out[k, c] = np.uint8(min(max(top * value + half, np.float32(0.0)), top))
