"""A photograph's sharpness, noise and JPEG grid, and how a change takes them on.

The change is worked out on a skin without noise and added to the photograph as displayed: so the photograph's noise
and finest texture stay what they are, over a pustule as over clear skin.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nof1sim.render.portrait.photograph import JpegGrid
from nof1sim.render.procedural.filters import blur, radius_of

F32 = NDArray[np.float32]
Pixels = NDArray[np.uint8]

OWN_PX = 0.55
"""Blur that a lesion is drawn with: half a pixel at its edges."""
LEAST_PX, MOST_PX = 0.35, 8.0
"""Blurs below do not show; above there is no face to see."""
SCALES_PX, NOISY_SCALES_PX, NOISY = (0.7, 1.4), (1.4, 2.8), 1.5
"""Pairs of blurs by which sharpness is judged; from what noise on the coarser pair."""
FALL = 1.4
"""Faces are smoother than most scenes, whose amplitudes fall as 1 / f. Judged on faces drawn with known blur."""
GRAINY = 2.0
"""Power of a sensor's grain at these scales over that of white noise with the same finest differences."""
QUIET = 0.7
"""Noise below this, grey levels, is rounding."""


@dataclass(frozen=True, slots=True)
class Finish:
    """blur_px: standard deviation of the photograph's blur; noise: standard deviation of its finest grain, grey
    levels; smooth_px: width of the average that takes the grain away; jpeg: its grid, or None."""

    blur_px: float
    noise: float
    smooth_px: float
    jpeg: JpegGrid | None

    @property
    def soften_px(self) -> float:
        """Blur that a drawn lesion still needs; 0 for none."""
        more = max(self.blur_px**2 - OWN_PX**2, 0.0) ** 0.5
        return more if more >= LEAST_PX else 0.0

    @property
    def reach_px(self) -> int:
        """How far that carries a change."""
        return radius_of(self.soften_px)


def finish_of(luma: F32, where: NDArray[np.bool_], skin: NDArray[np.bool_], jpeg: JpegGrid | None) -> Finish:
    """From luma (h, w), grey levels: blur judged over the face `where`, edges and all, noise on `skin` (h, w)."""
    noise = noise_of(luma, skin)
    smooth = 0.0 if noise < QUIET else float(np.clip(0.5 + 0.2 * noise, 0.6, 1.5))
    return Finish(blur_of(luma, where, noise), noise, smooth, jpeg)


def noise_of(luma: F32, skin: NDArray[np.bool_]) -> float:
    """Standard deviation of white noise, grey levels: median absolute deviation of the second difference along both
    axes (Immerkaer, CVIU 64, 300, 1996), which smooth skin does not show."""
    rows = luma[:-2] - 2 * luma[1:-1] + luma[2:]
    both = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    values = np.abs(both[skin[1:-1, 1:-1]])
    return float(1.4826 * np.median(values) / 6.0) if values.size > 100 else 0.0


def blur_of(luma: F32, where: NDArray[np.bool_], noise: float) -> float:
    """Standard deviation of the blur, px, if the amplitudes of edges and texture fell as 1 / f^FALL before it.

    Then the mean squared gradient after a further blur s is proportional to (blur^2 + s^2)^(FALL - 2): two blurs s
    give it. The finer pair sees more, the coarser one is less disturbed by noise.
    """
    scales = SCALES_PX if noise < NOISY else NOISY_SCALES_PX
    energies = []
    for s in scales:
        soft = blur(luma, s)
        across, down = (soft[1:-1, 2:] - soft[1:-1, :-2]) / 2, (soft[2:, 1:-1] - soft[:-2, 1:-1]) / 2
        energy = float((across**2 + down**2)[where[1:-1, 1:-1]].mean()) if where.any() else 0.0
        energies.append(max(energy - GRAINY * noise**2 / (8 * np.pi * s**4), 1e-9))  # what grain gives of its own
    q = (energies[0] / energies[1]) ** (1 / (2 - FALL))
    if q <= 1:
        return MOST_PX
    square = (scales[1] ** 2 - q * scales[0] ** 2) / (q - 1)
    return float(np.sqrt(np.clip(square, 0.0, MOST_PX**2)))


def compressed(pixels: Pixels, grid: JpegGrid) -> Pixels:
    """What a picture (h, w, 3) is after a JPEG file of the photograph's own tables and grid."""
    file = io.BytesIO()
    tables = {int(k): list(v) for k, v in grid.tables.items()}
    Image.fromarray(pixels).save(file, "JPEG", qtables=tables, subsampling=grid.subsampling)
    file.seek(0)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
