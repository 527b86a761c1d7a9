"""Melanin and blood of the skin in a photograph: the inverse of the chromophore table, and the skin's tone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.light import white_balance
from nof1sim.render.portrait.coarse import LUMINANCE
from nof1sim.render.procedural.filters import sample
from nof1sim.render.skin import chromophores as c

F32 = NDArray[np.float32]

USUAL_BLOOD, BLOOD_SPREAD = 0.020, 0.35
"""Blood volume fraction of unremarkable facial skin and the standard deviation of its logarithm between people."""
USUAL_LIGHT, LIGHT_SPREAD = 1.3, 0.35
"""Irradiance that a camera's exposure gives a face (1: a white card just reaches white), and its log-SD."""
PLAIN_LIGHT = 1.2
"""Of it, the share that shows skin as a colorimeter would see it: what the brightest half of a face gets is more."""
BALANCE_SPREAD = 0.05
"""Log-SD of the error of a camera's white balance, as blue against red."""
CHROMA_SPREAD = 0.04
"""By how much (log) the table's colours are off those of a given person's skin."""
BALANCES_K = np.linspace(-1500, 2500, 17)
"""Colour temperatures that are tried, relative to the one that the camera was set for."""
STEPS = 48
RANGE = 4.0
"""Melanin and blood of a spot lie within this factor of the face's median: beyond is something else."""


@dataclass(frozen=True, slots=True)
class Tone:
    """Of the median skin. melanin, blood: volume fractions; colour (3,): of the light, luminance 1; unit: what the
    shading's irradiance is to be multiplied by so that skin has the table's albedo; ita_deg: individual typology angle
    as shown, but under white light of usual strength."""

    melanin: float
    blood: float
    colour: F32
    unit: float
    ita_deg: float

    @property
    def dark(self) -> float:
        """0 for fair and medium skin to 1 for the darkest."""
        return float(np.clip((30 - self.ita_deg) / 60, 0, 1))


def tone_of(skin: NDArray, shown: NDArray, irradiance: float) -> Tone:
    """The likeliest melanin, blood, colour and strength of light behind the median colour of well-lit skin, (3,),
    linear: `skin` without highlights, `shown` with them; `irradiance`: the shading's on it.

    Linear sRGB cannot tell the light's colour from the skin's; priors say which is likelier: blood, exposure and
    white balance spread as the constants of this file say (judged by eye).
    """
    seen = np.log(np.maximum(np.asarray(skin, float), 1e-4))
    table = np.log(c.TABLE[:, ::2].astype(float))  # (melanin, blood, 3)
    blood = np.geomspace(c.BLOOD_LOW, c.BLOOD_HIGH, c.STEPS)[::2]
    gains = np.log(np.stack([_light_colour(k) for k in BALANCES_K]))  # (k, 3)
    off = seen - table[:, :, None] - gains  # log irradiance, if all were right: three times the same number
    light = off @ LUMINANCE.astype(float)
    chroma = ((off - light[..., None]) ** 2).sum(-1) / CHROMA_SPREAD**2
    chroma = chroma + ((light - np.log(USUAL_LIGHT)) / LIGHT_SPREAD) ** 2
    chroma += ((gains[:, 2] - gains[:, 0]) / (2 * BALANCE_SPREAD)) ** 2
    chroma += (np.log(blood / USUAL_BLOOD)[:, None] / BLOOD_SPREAD) ** 2
    i, j, k = np.unravel_index(np.argmin(chroma), chroma.shape)
    colour = np.exp(gains[k]).astype(np.float32)
    melanin, lit = float(np.geomspace(c.MEL_LOW, c.MEL_HIGH, c.STEPS)[i]), float(np.exp(light[i, j, k]))
    # Half of what the exposure seems to be off by is taken back: the estimate of it is no better.
    white = np.asarray(shown, float) / colour * (PLAIN_LIGHT / lit) ** 0.5
    return Tone(melanin, float(blood[j]), colour, lit / irradiance, float(c.ita_deg(c.lab(white))))


def _light_colour(shift_k: float) -> NDArray:
    """Of a lamp warmer or cooler than the camera was set for, luminance 1."""
    gain = white_balance(shift_k).astype(float)
    return gain / (gain @ LUMINANCE)


@cache
def _inverse() -> tuple[F32, tuple[float, float, float, float]]:
    """Table (STEPS, STEPS, 2) of log melanin and log blood by log red and log red over green, and both axes' limits."""
    table = np.log(c.TABLE.reshape(-1, 3).astype(float))
    red, ratio = table[:, 0], table[:, 0] - table[:, 1]
    limits = (float(red.min()), float(red.max()), float(ratio.min()), float(ratio.max()))
    steps = [np.linspace(low, high, STEPS) for low, high in (limits[:2], limits[2:])]
    grid = np.stack(np.meshgrid(*steps, indexing="ij"), -1).reshape(-1, 2)
    scale = np.array([1.0, 2.0])  # the ratio says more
    near = np.empty(len(grid), np.int64)
    points = np.stack([red, ratio], -1) * scale
    for start in range(0, len(grid), 256):
        part = grid[start : start + 256] * scale
        near[start : start + 256] = ((part[:, None] - points) ** 2).sum(-1).argmin(1)
    m, b = np.divmod(near, c.STEPS)
    melanin = np.log(c.MEL_LOW) + m / (c.STEPS - 1) * np.log(c.MEL_HIGH / c.MEL_LOW)
    blood = np.log(c.BLOOD_LOW) + b / (c.STEPS - 1) * np.log(c.BLOOD_HIGH / c.BLOOD_LOW)
    return np.stack([melanin, blood], -1).reshape(STEPS, STEPS, 2).astype(np.float32), limits


def fractions(albedo: F32, usual: NDArray, tone: Tone) -> F32:
    """Melanin and blood (h, w, 2) of albedos (h, w, 3); those of the `usual` albedo (3,) are the tone's."""
    found = _looked_up(albedo)
    middle = np.log([tone.melanin, tone.blood]).astype(np.float32)
    off = found - _looked_up(np.asarray(usual, np.float32).reshape(1, 1, 3))
    return np.exp(middle + np.clip(off, -np.log(RANGE), np.log(RANGE))).astype(np.float32)


def _looked_up(albedo: F32) -> F32:
    """Log melanin and log blood (h, w, 2)."""
    table, (low, high, least, most) = _inverse()
    log = np.log(np.maximum(albedo, 1e-4))
    v = (log[..., 0] - low) / (high - low) * (STEPS - 1)
    u = (log[..., 0] - log[..., 1] - least) / (most - least) * (STEPS - 1)
    return sample(table, u.astype(np.float32), v.astype(np.float32))
