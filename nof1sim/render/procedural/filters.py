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
        row = out[y]
        for x in range(m):
            line[r * channels + x] = image[y, x]
            row[x] = 0.0
        for t in range(2 * r + 1):
            k, part = kernel[t], line[t * channels : t * channels + m]  # a slice lets the loop be vectorised
            for x in range(m):
                row[x] += k * part[x]


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


def coarse_blur(image: F32, sigma_px: float) -> tuple[F32, int]:
    """Blur for a sigma of several pixels, on a grid coarser by a factor where that loses nothing, and the factor."""
    factor = 1
    while sigma_px / (2 * factor) > 1.6 and image.shape[0] % (2 * factor) == 0 and image.shape[1] % (2 * factor) == 0:
        factor *= 2
    return blur(shrink(image, factor), sigma_px / factor), factor


def wide_blur(image: F32, sigma_px: float) -> F32:
    """`coarse_blur`, enlarged bilinearly."""
    coarse, factor = coarse_blur(image, sigma_px)
    return coarse if factor == 1 else enlarge(coarse, factor)


def widen(image: F32, factor: int) -> F32:
    """Bilinear enlargement of an image (h, w, c) by a whole factor, of its rows alone."""
    out = np.empty((image.shape[0], image.shape[1] * factor, image.shape[2]), np.float32)
    for row, wide in zip(image, out, strict=True):
        _stretch(row, factor, wide)
    return out


def enlarge(image: F32, factor: int) -> F32:
    """Bilinear enlargement by a whole factor, the inverse of `shrink` in geometry."""
    channels = image.shape[2] if image.ndim == 3 else 1
    out = _enlarge(image.reshape(image.shape[0], image.shape[1], channels), factor)
    return out if image.ndim == 3 else out[..., 0]


@njit(fastmath=True)
def _enlarge(image, factor):
    h, w, channels = image.shape
    out = np.empty((h * factor, w * factor, channels), np.float32)
    above, below = np.empty((w * factor, channels)), np.empty((w * factor, channels))
    last = -1
    for y in range(h * factor):
        v = min(max((y + 0.5) / factor - 0.5, 0.0), h - 1.0)
        j = min(int(v), max(h - 2, 0))
        b = np.float32(v - j)
        if j != last:
            last = j
            _stretch(image[j], factor, above)
            _stretch(image[min(j + 1, h - 1)], factor, below)
        row = out[y]
        for x in range(w * factor):
            for c in range(channels):
                row[x, c] = above[x, c] * (1 - b) + below[x, c] * b
    return out


@njit(fastmath=True)
def _stretch(row, factor, out):
    w, channels = row.shape
    for x in range(w * factor):
        u = min(max((x + 0.5) / factor - 0.5, 0.0), w - 1.0)
        i = min(int(u), max(w - 2, 0))
        a = np.float32(u - i)
        i1 = min(i + 1, w - 1)
        for c in range(channels):
            out[x, c] = row[i, c] * (1 - a) + row[i1, c] * a


@njit(fastmath=True)
def _look_up(grid, column, row, out):
    rows, columns, channels = grid.shape
    x = min(max(column, 0.0), columns - 1.0)
    y = min(max(row, 0.0), rows - 1.0)
    i = min(int(x), columns - 2)
    j = min(int(y), rows - 2)
    a = np.float32(x - i)
    b = np.float32(y - j)
    w00 = (1 - a) * (1 - b)
    w01 = a * (1 - b)
    w10 = (1 - a) * b
    w11 = a * b
    for c in range(channels):
        out[c] = w00 * grid[j, i, c] + w01 * grid[j, i + 1, c] + w10 * grid[j + 1, i, c] + w11 * grid[j + 1, i + 1, c]


@njit(fastmath=True)
def gather(grid, u, v, out):
    """Bilinear look-up. grid (rows, columns, channels); u column, v row (n,); out (n, channels)."""
    for q in range(u.size):
        _look_up(grid, u[q], v[q], out[q])


@njit(fastmath=True)
def gather_at(grid, u, v, at, out):
    """`gather` of some of n places: of `at` (k,) alone."""
    for k in range(at.size):
        q = at[k]
        _look_up(grid, u[q], v[q], out[q])


def sample(grid: F32, u: F32, v: F32) -> F32:
    """Bilinear values of a grid (rows, columns[, channels]) at columns `u` and rows `v`, shape of u [+ channels]."""
    channels = grid.shape[2] if grid.ndim == 3 else 1
    out = np.empty((u.size, channels), np.float32)
    flat_u = np.ascontiguousarray(u, dtype=np.float32).ravel()
    flat_v = np.ascontiguousarray(v, dtype=np.float32).ravel()
    gather(np.ascontiguousarray(grid, dtype=np.float32).reshape(*grid.shape[:2], channels), flat_u, flat_v, out)
    return out.reshape(*u.shape, channels) if grid.ndim == 3 else out.reshape(u.shape)
