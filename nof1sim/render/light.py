"""Light and the camera's answer to it, as far as all renderers share them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]

DAYLIGHT_K = 5500.0
NOISE_FLOOR, NOISE_DARK = 0.0065, 0.006
"""Standard deviation of sensor noise at white and its rise towards black, display units."""


def white_balance(shift_k: float, tint: float = 0.0) -> Numbers:
    """Gains (3,) of a camera set for daylight under light warmer or cooler by `shift_k` (Planck's law, green = 1)."""
    wavelength_um = np.array([0.600, 0.550, 0.450])
    change = -14388.0 / wavelength_um * (1 / (DAYLIGHT_K + shift_k) - 1 / DAYLIGHT_K)
    return (np.exp(change - change[1]) * np.exp(np.array([-0.5, 1.0, -0.5]) * tint)).astype(np.float32)


def to_linear(shown: Numbers) -> Numbers:
    """sRGB display values 0 .. 1 to linear light (IEC 61966-2-1)."""
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def to_display(light: Numbers) -> Numbers:
    """Linear light to sRGB display values, cut to 0 .. 1."""
    x = np.clip(light, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-8), 1 / 2.4) - 0.055)
