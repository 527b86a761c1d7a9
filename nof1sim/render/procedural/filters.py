"""Image filters as small compiled kernels. Every blur has the finite radius that `radius_of` states."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]


def radius_of(sigma_px: float) -> int:
    """Radius in pixels beyond which a blur of this sigma reads nothing: 0 where it is skipped."""
    return 0 if sigma_px < 0.05 else math.ceil(3.0 * sigma_px)


@njit(fastmath=True)
def _blur_rows(image, kernel, out):
    """Blur along axis 0; the inner loop runs along contiguous memory, so it vectorises. image, out (h, m)."""
    h, m = image.shape
    r = kernel.size // 2
    for y in range(h):
        for x in range(m):
            out[y, x] = 0.0
        for t in range(-r, r + 1):
            k = kernel[t + r]
            row = min(max(y + t, 0), h - 1)
            for x in range(m):
                out[y, x] += k * image[row, x]


@njit(fastmath=True)
def _blur_columns(image, kernel, channels, out):
    """Blur along axis 1 of an image (h, w * channels), edges repeated."""
    h, m = image.shape
    r = kernel.size // 2
    line = np.empty(m + 2 * r * channels, np.float32)
    for y in range(h):
        for t in range(r):
            for c in range(channels):
                line[t * channels + c] = image[y, c]
                line[(m + (r + t) * channels) + c] = image[y, m - channels + c]
        for x in range(m):
            line[r * channels + x] = image[y, x]
            out[y, x] = 0.0
        for t in range(2 * r + 1):
            k = kernel[t]
            o = t * channels
            for x in range(m):
                out[y, x] += k * line[x + o]


def gaussian(sigma_px: float) -> F32:
    """Normalised Gaussian taps over `radius_of(sigma)` pixels each side."""
    r = radius_of(sigma_px)
    t = np.arange(-r, r + 1)
    k = np.exp(-0.5 * (t / max(sigma_px, 1e-3)) ** 2)
    return (k / k.sum()).astype(np.float32)


def blur(image: F32, sigma_px: float) -> F32:
    """Gaussian blur of an image (h, w) or (h, w, c) with edges repeated."""
    if radius_of(sigma_px) == 0:
        return image
    channels = image.shape[2] if image.ndim == 3 else 1
    flat = np.ascontiguousarray(image, dtype=np.float32).reshape(image.shape[0], -1)
    kernel = gaussian(sigma_px)
    first, second = np.empty_like(flat), np.empty_like(flat)
    _blur_rows(flat, kernel, first)
    _blur_columns(first, kernel, channels, second)
    return second.reshape(image.shape)


def shrink(image: F32, factor: int) -> F32:
    """Mean over factor x factor blocks of an image (h, w) or (h, w, c)."""
    if factor == 1:
        return np.ascontiguousarray(image, dtype=np.float32)
    channels = image.shape[2] if image.ndim == 3 else 1
    flat = np.ascontiguousarray(image, dtype=np.float32).reshape(image.shape[0], image.shape[1], channels)
    out = _shrink(flat, factor)
    return out if image.ndim == 3 else out[..., 0]


@njit(fastmath=True)
def _shrink(image, factor):
    h, w, channels = image.shape[0] // factor, image.shape[1] // factor, image.shape[2]
    out = np.zeros((h, w, channels), np.float32)
    scale = 1.0 / (factor * factor)
    for y in range(h):
        for dy in range(factor):
            for x in range(w):
                for dx in range(factor):
                    for c in range(channels):
                        out[y, x, c] += scale * image[y * factor + dy, x * factor + dx, c]
    return out


def wide_blur(image: F32, sigma_px: float) -> F32:
    """Blur for a sigma of several pixels: on a coarser grid when that loses nothing, then enlarged bilinearly."""
    factor = 1
    while sigma_px / (2 * factor) > 1.6 and image.shape[0] % (2 * factor) == 0 and image.shape[1] % (2 * factor) == 0:
        factor *= 2
    if factor == 1:
        return blur(image, sigma_px)
    return enlarge(blur(shrink(image, factor), sigma_px / factor), factor)


def enlarge(image: F32, factor: int) -> F32:
    """Bilinear enlargement by a whole factor, the inverse of `shrink` in geometry."""
    channels = image.shape[2] if image.ndim == 3 else 1
    out = _enlarge(image.reshape(image.shape[0], image.shape[1], channels), factor)
    return out if image.ndim == 3 else out[..., 0]


@njit(fastmath=True)
def _enlarge(image, factor):
    h, w, channels = image.shape
    out = np.empty((h * factor, w * factor, channels), np.float32)
    for y in range(h * factor):
        v = min(max((y + 0.5) / factor - 0.5, 0.0), h - 1.0)
        j = min(int(v), max(h - 2, 0))
        b = np.float32(v - j)
        j1 = min(j + 1, h - 1)
        for x in range(w * factor):
            u = min(max((x + 0.5) / factor - 0.5, 0.0), w - 1.0)
            i = min(int(u), max(w - 2, 0))
            a = np.float32(u - i)
            i1 = min(i + 1, w - 1)
            for c in range(channels):
                top = image[j, i, c] * (1 - a) + image[j, i1, c] * a
                low = image[j1, i, c] * (1 - a) + image[j1, i1, c] * a
                out[y, x, c] = top * (1 - b) + low * b
    return out


@njit(fastmath=True)
def gather(grid, u, v, out):
    """Bilinear look-up. grid (rows, columns, channels); u column, v row (n,); out (n, channels)."""
    rows, columns, channels = grid.shape
    for q in range(u.size):
        x = min(max(u[q], 0.0), columns - 1.0)
        y = min(max(v[q], 0.0), rows - 1.0)
        i = min(int(x), columns - 2)
        j = min(int(y), rows - 2)
        a = np.float32(x - i)
        b = np.float32(y - j)
        w00 = (1 - a) * (1 - b)
        w01 = a * (1 - b)
        w10 = (1 - a) * b
        w11 = a * b
        for c in range(channels):
            out[q, c] = (
                w00 * grid[j, i, c] + w01 * grid[j, i + 1, c] + w10 * grid[j + 1, i, c] + w11 * grid[j + 1, i + 1, c]
            )


def sample(grid: F32, u: F32, v: F32) -> F32:
    """Bilinear values of a grid (rows, columns[, channels]) at columns `u` and rows `v`, shape of u [+ channels]."""
    channels = grid.shape[2] if grid.ndim == 3 else 1
    out = np.empty((u.size, channels), np.float32)
    flat_u = np.ascontiguousarray(u, dtype=np.float32).ravel()
    flat_v = np.ascontiguousarray(v, dtype=np.float32).ravel()
    gather(np.ascontiguousarray(grid, dtype=np.float32).reshape(*grid.shape[:2], channels), flat_u, flat_v, out)
    return out.reshape(*u.shape, channels) if grid.ndim == 3 else out.reshape(u.shape)
