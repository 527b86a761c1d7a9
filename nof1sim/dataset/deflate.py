"""The compressed rows of a mask: zeros and flat patches, written straight as a zlib stream (RFC 1950, 1951).

One block of fixed Huffman codes, whose only matches repeat the last byte (zeros) or the last two (a pixel). zlib looks
for repetitions of every kind: at its fastest it takes three to six times as long, for files a fifth to a third smaller.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..compiled import digest_of, njit_named

njit = njit_named(digest_of(Path(__file__)))

LONGEST = 258
"""Bytes that one match repeats at most."""
END, FIRST_LENGTH = 256, 257
"""Symbol that ends a block; the first of those that stand for lengths."""
ADLER = 65521
HEADER = 0x0178 | 0b011 << 16
"""zlib's two bytes (window of 32 KiB, fastest), then three bits: the last block, fixed codes."""


def _reversed(code: int, size: int) -> int:
    """Huffman codes go into the stream from their highest bit, everything else from its lowest."""
    return int(f"{code:0{size}b}"[::-1], 2)


def _symbols() -> NDArray[np.int64]:
    """(288, 2): bits of each symbol, and how many (RFC 1951, 3.2.6)."""
    ranges = ((0, 144, 0x30, 8), (144, 256, 0x190, 9), (256, 280, 0, 7), (280, 288, 0xC0, 8))
    return np.array([(_reversed(code + k, size), size) for low, end, code, size in ranges for k in range(end - low)])


def _matches() -> NDArray[np.int64]:
    """(2, LONGEST + 1, 2): bits of a match, and how many, at distance 1 or 2 for each length from 3 (3.2.5)."""
    table, length = np.zeros((2, LONGEST + 1, 2), np.int64), 3
    for symbol in range(FIRST_LENGTH, 286):
        extra = 0 if symbol < 265 or symbol == 285 else (symbol - 261) // 4
        # 284 would reach 258, which has a symbol of its own.
        for more in range(min(1 << extra, LONGEST - length) if symbol == 284 else 1 << extra):
            code, size = SYMBOLS[symbol]
            for distance in (1, 2):
                far = _reversed(distance - 1, 5) << (size + extra)
                table[distance - 1, length] = code | more << size | far, size + extra + 5
            length += 1
    return table


SYMBOLS = _symbols()
MATCHES = _matches()


@njit()
def _put(out, state, code):
    """Append code (bits, how many). state: bytes written, bits that wait, how many wait."""
    state[1] |= code[0] << state[2]
    state[2] += code[1]
    while state[2] >= 8:
        out[state[0]] = state[1] & 255
        state[0] += 1
        state[1] >>= 8
        state[2] -= 8


@njit()
def _repeat(out, state, high, low, n, matches):
    """Append n bytes more of the same: of the last byte for a pair of zeros, else of the last two."""
    while n >= 3:
        m = min(n, LONGEST)
        _put(out, state, matches[m])
        n -= m
    if n == 2:
        _put(out, state, SYMBOLS[high])
    if n > 0:
        _put(out, state, SYMBOLS[low])


@njit()
def _zeros(out, state, n):
    """Append n bytes of zero; n is 1 or more."""
    _put(out, state, SYMBOLS[0])
    _repeat(out, state, 0, 0, n - 1, MATCHES[0])


@njit()
def _write(ids, out):
    """Compress rows, each a zero and its pixels, high byte first. Returns the bytes written and the Adler-32 sums."""
    h, w = ids.shape
    state = np.zeros(3, np.int64)
    _put(out, state, np.array([HEADER, 19]))
    a, b, pending = 1, 0, 0
    for y in range(h):
        row = ids[y]
        pending += 1
        some = row[0]
        for x in range(w):  # vectorised: most rows of most masks are empty
            some |= row[x]
        x = 0 if some != 0 else w
        pending += 2 * x
        while x < w:
            first, value = x, row[x]
            while x < w and row[x] == value:
                x += 1
            n = x - first
            if value == 0:
                pending += 2 * n
                continue
            if pending:
                _zeros(out, state, pending)
                b, pending = (b + pending * a) % ADLER, 0
            high, low = value >> 8, value & 255
            _put(out, state, SYMBOLS[high])
            _put(out, state, SYMBOLS[low])
            _repeat(out, state, high, low, 2 * n - 2, MATCHES[1])
            for _ in range(n):
                b += 2 * a + 2 * high + low
                a += high + low
            a, b = a % ADLER, b % ADLER
    if pending:
        _zeros(out, state, pending)
        b = (b + pending * a) % ADLER
    _put(out, state, SYMBOLS[END])
    while state[2] > 0:
        _put(out, state, np.array([0, 8 - state[2]]))
    return state[0], a, b


def deflated(ids: NDArray[np.int32]) -> bytes:
    """The zlib stream of PNG's rows, without filters, of an image (h, w) of values 0 to 65535 in 16 bits."""
    h, w = ids.shape
    out = np.empty(64 + h * (2 + 3 * w), np.uint8)  # two literals a pixel, of nine bits at most
    n, a, b = _write(ids, out)
    return out[:n].tobytes() + (b << 16 | a).to_bytes(4, "big")
