"""The uniform numbers of a stream from any place on: those that its generator's `random` gives, without all before.

Philox 4x64-10 (Salmon et al. 2011) counts blocks of four numbers and scrambles each count, so blocks can be made in any
order, and many side by side. Compiled.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .compiled import njit

_U = np.uint64
_M0, _M1 = _U(0xD2E7470EE14C6C93), _U(0xCA5A826395121157)
_W0, _W1 = _U(0x9E3779B97F4A7C15), _U(0xBB67AE8584CAA73B)
_HALF, _LOW, _TAIL = _U(32), _U(0xFFFFFFFF), _U(11)
_UNIT = 1.0 / (1 << 53)


def key_of(rng: Generator) -> NDArray[np.uint64]:
    """The key (2,) of a stream."""
    return np.array(rng.bit_generator.state["state"]["key"], np.uint64)


@njit(inline="always")
def _high(a, b):
    """The upper half of the product of two numbers of 64 bits."""
    a0, a1, b0, b1 = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    one = a1 * b0 + (a0 * b0 >> _HALF)
    other = a0 * b1 + (one & _LOW)
    return a1 * b1 + (one >> _HALF) + (other >> _HALF)


@njit(inline="always")
def _round(c0, c1, c2, c3, k0, k1):
    return _high(_M1, c2) ^ c1 ^ k0, _M1 * c2, _high(_M0, c0) ^ c3 ^ k1, _M0 * c0, k0 + _W0, k1 + _W1


@njit()
def _blocks(key, first, out):
    """Blocks `first` and on, (4, blocks)."""
    for i in range(out.shape[1]):
        c0, c1, c2, c3, k0, k1 = _U(first + i + 1), _U(0), _U(0), _U(0), key[0], key[1]
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)  # ten in a row: a loop would not be vectorised
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
        j = _U(i)
        out[_U(0), j], out[_U(1), j] = np.float64(c0 >> _TAIL) * _UNIT, np.float64(c1 >> _TAIL) * _UNIT
        out[_U(2), j], out[_U(3), j] = np.float64(c2 >> _TAIL) * _UNIT, np.float64(c3 >> _TAIL) * _UNIT


@njit()
def fill(key, first, out):
    """Write the numbers `first` (from 0) and on of the stream of a key into out (n,)."""
    begin = first // 4
    made = np.empty((4, (first + out.size + 3) // 4 - begin))
    _blocks(key, begin, made)
    for k in range(out.size):
        place = _U(first - 4 * begin + k)
        out[_U(k)] = made[place & _U(3), place >> _U(2)]
