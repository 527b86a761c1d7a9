"""Blood, melanin and light of skin, pixel by pixel, without knowing the lamp: what can be read off a photograph.

The logarithm of a skin pixel's linear colour is a sum of three vectors: grey light and shade, melanin, blood (Tsumura
et al., J Opt Soc Am A 16, 2169, 1999; the erythema index log R/G of Diffey et al., Br J Dermatol 111, 663, 1984, is
its projection on one axis). The two pigments' directions are those of `skin.chromophores.TABLE`, nearly the same on
all skin: melanin (-.41, -.54, -.735), blood (-.275, -.70, -.655), each of unit length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]

MELANIN_RGB = (-0.41, -0.54, -0.735)
BLOOD_RGB = (-0.275, -0.70, -0.655)
DARKEST = 2e-3
"""Linear light below which a pixel's colour means nothing."""

_BYTES = np.arange(256) / 255.0
LINEAR = np.where(_BYTES <= 0.04045, _BYTES / 12.92, ((_BYTES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""Linear light of an 8-bit sRGB value (IEC 61966-2-1)."""

UNMIX = np.linalg.inv(np.stack([BLOOD_RGB, MELANIN_RGB, np.full(3, 1.0)], axis=1)).astype(np.float32)
"""(3, 3): blood, melanin, light of a log colour (R, G, B); natural logarithms."""


@njit(fastmath=True)
def _unmix(pixels, skin, top, left, factor, linear, unmix, darkest, out):
    """out (h, w, 4): blood, melanin, light of each block of skin, all times its share of skin, and that share."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            red, green, blue, some = 0.0, 0.0, 0.0, 0.0
            for dy in range(factor):
                for dx in range(factor):
                    j, i = top + y * factor + dy, left + x * factor + dx
                    w = skin[j, i]
                    red += w * linear[pixels[j, i, 0]]
                    green += w * linear[pixels[j, i, 1]]
                    blue += w * linear[pixels[j, i, 2]]
                    some += w
            share = some / (factor * factor)
            if share < 0.5:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = out[y, x, 3] = 0.0
                continue
            r = np.log(max(red / some, darkest))
            g = np.log(max(green / some, darkest))
            b = np.log(max(blue / some, darkest))
            for k in range(3):
                out[y, x, k] = share * (unmix[k, 0] * r + unmix[k, 1] * g + unmix[k, 2] * b)
            out[y, x, 3] = share


def pigment_sums(pixels: NDArray[np.uint8], skin: F32, box: tuple[int, int, int, int], factor: int) -> F32:
    """(rows, columns, 4) float32 of a box (top, left, bottom, right), in blocks of `factor` pixels: blood, melanin and
    light (natural log units) times the block's share of skin, and that share. A block with less than half is 0."""
    top, left, bottom, right = box
    out = np.empty(((bottom - top) // factor, (right - left) // factor, 4), np.float32)
    _unmix(pixels, skin, top, left, factor, LINEAR, UNMIX, np.float32(DARKEST), out)
    return out


def skin_box(skin: F32, least: float) -> tuple[int, int, int, int]:
    """top, left, bottom, right of the pixels of at least `least` skin; all 0 where there are none."""
    some = skin >= least
    rows, columns = np.flatnonzero(some.any(axis=1)), np.flatnonzero(some.any(axis=0))
    if not rows.size:
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
