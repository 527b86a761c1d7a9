"""Existing spots faded: their pigment made that of the skin around them, while the skin's own grain and light stay.

As in the blemish gains of Shuai et al. (arXiv 2406.13227, 2024), but without a fit: within a spot the low-frequency
blood, melanin and light maps (`pigments`) are replaced by a membrane from the skin around; the fine residual stays, no
stronger than it is there, so that pores and grain remain and the highlights of a dome go.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.light import to_display
from nof1sim.render.procedural.filters import blur, enlarge, shrink

from .finish import compressed
from .pigments import DARKEST, LINEAR, UNMIX
from .prepare import Canvas, prepare
from .spots import Spots

F32 = NDArray[np.floating]

GRAIN_MM = 0.35
"""Standard deviation of the blur that parts pigment and light from grain."""
CORE, RIM_MM = 1.25, 0.7
"""A spot is replaced within CORE radii plus RIM_MM ..."""
HALO, HALO_MM = 2.0, 2.5
"""... and its redness, where there is any beyond that of the skin around, within HALO radii plus HALO_MM."""
EXCESS = (0.03, 0.10)
"""Log units of blood above the skin around at which the halo begins, and at which it is replaced outright."""
MEMBRANE_MM = (1.5, 3.0, 6.0, 12.0, 24.0)
"""Reaches of the membrane: the shortest that finds enough skin counts."""
ENOUGH = (0.12, 0.40)
WIDE_MM = 12.0
STRENGTH_MM, LOUDER = 0.8, 1.2
"""The residual may be so much stronger within the first width than the skin's usual one before it is damped."""
SWEEPS, OVER = 120, 1.85
"""Of the relaxation: enough for a core of 50 px."""
RED_DOUBT = 0.04
"""Skin around that is redder than its own surroundings by this counts less: it is a halo or a lesion not found."""


def reduced(canvas: Canvas, spots: Spots, amount: float) -> tuple[Canvas, NDArray[np.bool_]]:
    """A canvas whose photograph has its red spots faded by `amount` (0: not at all, 1: as far as can be told).

    Moles and brown spots stay. Returns the canvas and (h, w) bool, every pixel that changed; the others keep their
    bytes. Raises RenderError as `prepare`, which is asked again.
    """
    shape = canvas.face.shape
    nothing = np.zeros(shape, bool)
    red = np.flatnonzero(spots.inflamed)
    if amount <= 0 or not red.size:
        return canvas, nothing
    mm = canvas.face.mm_per_px
    x, y, radius = spots.x_px[red], spots.y_px[red], 0.5 * spots.diameter_mm[red] / mm
    box = _box(x, y, HALO * radius + HALO_MM / mm + 2 * WIDE_MM / mm, shape)
    part = canvas.photograph.pixels[box]
    skin = canvas.skin[box]
    maps = _pigments(part)
    core, halo = (
        _discs(x - box[1].start, y - box[0].start, scale * radius + more / mm, skin.shape)
        for scale, more in ((CORE, RIM_MM), (HALO, HALO_MM))
    )
    change = _change(maps, skin, core, halo, mm) * np.float32(amount)
    pixels = canvas.photograph.pixels.copy()
    pixels[box] = _changed(part, change)
    if canvas.photograph.jpeg is not None:
        touched = (pixels != canvas.photograph.pixels).any(-1)
        pixels = np.where(touched[..., None], compressed(pixels, canvas.photograph.jpeg), pixels)
    support = (pixels != canvas.photograph.pixels).any(-1)
    photograph = replace(canvas.photograph, pixels=np.ascontiguousarray(pixels))
    return prepare(photograph, canvas.face), support


def _box(x: NDArray, y: NDArray, reach: NDArray, shape: tuple[int, int]) -> tuple[slice, slice]:
    low_y, low_x = max(int((y - reach).min()), 0), max(int((x - reach).min()), 0)
    return slice(low_y, min(int((y + reach).max()) + 2, shape[0])), slice(
        low_x, min(int((x + reach).max()) + 2, shape[1])
    )


def _pigments(pixels: NDArray[np.uint8]) -> F32:
    """(h, w, 3) blood, melanin, light, natural log units."""
    return np.log(np.maximum(LINEAR[pixels], np.float32(DARKEST))) @ UNMIX.T


def _discs(x: NDArray, y: NDArray, radius: NDArray, shape: tuple[int, int]) -> F32:
    """(h, w) 1 within the inner three quarters of any disc, 0 from its rim on."""
    out = np.zeros(shape, np.float32)
    for cx, cy, r in zip(x, y, radius, strict=True):
        rows = slice(max(int(cy - r), 0), min(int(cy + r) + 2, shape[0]))
        columns = slice(max(int(cx - r), 0), min(int(cx + r) + 2, shape[1]))
        dy, dx = np.arange(rows.start, rows.stop)[:, None] - cy, np.arange(columns.start, columns.stop) - cx
        fade = _step(4 * (1 - np.sqrt(dy * dy + dx * dx) / r))
        out[rows, columns] = np.maximum(out[rows, columns], fade)
    return out


def _step(t: NDArray) -> F32:
    t = np.clip(t, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _mean(values: F32, weight: F32, width_px: float) -> tuple[F32, F32]:
    """Weighted mean (h, w, c) within about a width, and the weight there; wide ones are blurred on a coarser grid."""
    both = np.concatenate([values * weight[..., None], weight[..., None]], -1)
    factor = max(1, 2 ** int(np.log2(max(width_px / 3.0, 1.0))))
    h, w = weight.shape
    both = np.pad(both, ((0, -h % factor), (0, -w % factor), (0, 0)))
    spread = enlarge(blur(shrink(both, factor), width_px / factor), factor)[:h, :w]
    return spread[..., :-1] / np.maximum(spread[..., -1:], np.float32(1e-4)), spread[..., -1]


def _change(maps: F32, skin: F32, core: F32, halo: F32, mm: float) -> F32:
    """What a full reduction adds to blood, melanin and light (h, w, 3)."""
    low, _ = _mean(maps, np.maximum(skin, np.float32(0.02)), GRAIN_MM / mm)
    around = skin * (1 - core)
    wide, _ = _mean(low[..., :1], around, WIDE_MM / mm)
    excess = low[..., 0] - wide[..., 0]
    clear = around * (1 - halo) * _step(1 - excess / RED_DOUBT) + np.float32(0.02) * around
    filled, _ = _mean(low, clear, MEMBRANE_MM[-1] / mm)
    for width in MEMBRANE_MM[-2::-1]:
        near, weight = _mean(low, clear, width / mm)
        share = _step((weight - ENOUGH[0]) / (ENOUGH[1] - ENOUGH[0]))[..., None]
        filled = filled + share * (near - filled)
    # Halos are of blood alone: melanin and light are known up to the core, and a soap film over it is seamless.
    filled[..., 1:] = low[..., 1:]
    _film(filled, np.ascontiguousarray((core > 0) & (skin > 0)), SWEEPS, OVER)
    above = low[..., 0] - filled[..., 0]
    core = core * skin
    red = np.maximum(core, halo * skin * _step((above - EXCESS[0]) / (EXCESS[1] - EXCESS[0])))
    mask = np.stack([red, core, core], -1)
    fine = maps - low
    strength, _ = _mean(fine * fine, np.maximum(skin, np.float32(0.02)), STRENGTH_MM / mm)
    usual, _ = _mean(fine * fine, clear, WIDE_MM / mm)
    gain = np.minimum(LOUDER * np.sqrt(usual / np.maximum(strength, np.float32(1e-8))), 1)
    return mask * (filled - low) + core[..., None] * (gain - 1) * fine


@njit(fastmath=True)
def _film(values, unknown, sweeps, over):
    """Channels 1 and 2 of values (h, w, 3) within `unknown` made harmonic, the rest kept: successive over-relaxation
    of Laplace's equation; pixels at the picture's edge stay."""
    h, w = unknown.shape
    for sweep in range(sweeps):
        rate = 1.0 if sweep < 2 else over
        for y in range(1, h - 1):
            for x in range(1, w - 1):
                if unknown[y, x]:
                    for c in range(1, 3):
                        mean = 0.25 * (
                            values[y - 1, x, c] + values[y + 1, x, c] + values[y, x - 1, c] + values[y, x + 1, c]
                        )
                        values[y, x, c] += rate * (mean - values[y, x, c])


def _changed(pixels: NDArray[np.uint8], change: F32) -> NDArray[np.uint8]:
    """The pixels with a change of blood, melanin and light; the others as they were."""
    at = np.abs(change).max(-1) > 1e-3
    out = pixels.copy()
    before = LINEAR[pixels[at]]
    after = np.clip(before * np.exp(change[at] @ np.linalg.inv(UNMIX).T), 0, 1)
    steps = 255 * (to_display(after) - to_display(before))
    out[at] = np.clip(np.rint(pixels[at] + steps), 0, 255).astype(np.uint8)
    return out
