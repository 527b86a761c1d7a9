"""Numbers of 16 bits of floating point (IEEE 754), whose arithmetic numba does not have: by their bits."""

from __future__ import annotations

import numpy as np

from nof1sim.render.compiled import njit

LEAST_NORMAL = int(np.float32(2.0**-14).view(np.int32))
"""Bits, in 32, of the least number that is not denormal in 16."""
FINEST, EXPONENTS = np.float32(2.0**24), np.float32(2.0**112)
"""What the least number of 16 bits is divided by; ratio of the least exponents of 32 bits and of 16."""


@njit()
def to_halves(values, bits, at, out):
    """values (k, c), below 65504, and their bits, int32, to the bits out (c, n), uint16, at columns `at` (k,): the
    nearest, of two as near the even one."""
    for k in range(at.size):
        q = np.uint64(at[k])
        for c in range(values.shape[1]):
            b = bits[k, c] & 0x7FFFFFFF
            normal = (b - (112 << 23) + 0xFFF + ((b >> 13) & 1)) >> 13
            small = np.int64(np.rint(abs(values[k, c]) * FINEST)) if b < LEAST_NORMAL else np.int64(0)
            out[np.uint64(c), q] = (small if b < LEAST_NORMAL else normal) | ((bits[k, c] >> 16) & 0x8000)


@njit()
def from_halves(halves, out):
    """halves (n,), bits as uint16, to out (n,)."""
    bits = out.view(np.int32)
    for k in range(out.size):
        h = np.int32(halves[k])
        bits[k] = ((h & np.int32(0x7FFF)) << np.int32(13)) | ((h & np.int32(0x8000)) << np.int32(16))
    for k in range(out.size):
        out[k] *= EXPONENTS
