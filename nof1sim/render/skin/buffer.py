"""What every renderer knows of a clear face and hands to the lesion layer: skin pixel by pixel, lights, lesion places.

The procedural renderer fills it from its mesh; one that starts from a photograph fills it from a warp (places), the
photograph (albedo) and an estimate of the light. Nothing here knows which.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SkinBuffer:
    """The n paintable skin pixels of one view of one clear face; G light groups. Arrays are float32, C-contiguous.

    pixel (n,) int64: place in the picture, row * width + column, ascending; slot (h, w) int32: row of a pixel, or -1.
    spot (n, 3): place on the skin, canonical mm; normal, view (n, 3): unit, camera axes (x right, y up, z to camera).
    flow (n, G, 3): vector irradiance, camera axes; seen (n, G): share of a group that is not hidden.
    light (n, G, 3), gloss (n, G): clear skin's irradiance and gloss, the groups' strength included.
    through (n, 3), sheen (n,): share of skin light and of gloss that reaches the picture.
    melanin, blood (n,): volume fractions; albedo (n, 3): linear RGB, which need not be the chromophore table's.
    oil, rough (n,): amount and roughness of gloss; lock (n,): 0 .. 1, fades lesions out towards lips and lids.
    mm_per_px: a pixel's width on skin that faces the camera; rotation (3, 3): canonical to camera axes.
    """

    pixel: NDArray[np.int64]
    slot: NDArray[np.int32]
    spot: F32
    normal: F32
    view: F32
    flow: F32
    seen: F32
    light: F32
    gloss: F32
    through: F32
    sheen: F32
    melanin: F32
    blood: F32
    albedo: F32
    oil: F32
    rough: F32
    lock: F32
    mm_per_px: float
    rotation: F32


@dataclass(frozen=True, slots=True)
class Lighting:
    """The set-up that a buffer's G light groups belong to.

    direction (G, 3): unit, camera axes, where a group's highlight comes from; all zero for one without (the room).
    spread (G,): its width, radians, half angle. strength (G,), colour (G, 3): as they are in the buffer's light.
    wrap (3,): per channel, how far light wraps round a form under the skin (0 .. 1).
    """

    direction: F32
    spread: F32
    strength: F32
    colour: F32
    wrap: F32


@dataclass(frozen=True, slots=True)
class Sites:
    """Where a day's lesions lie, one entry a lesion of the table, hidden ones too.

    spot (k, 3): canonical mm; normal (k, 3): unit, canonical axes; x_px, y_px (k,): projected spot, pixel centres at
    whole numbers, in the buffer's picture; px_per_mm (k,): magnification there.
    """

    spot: F32
    normal: F32
    x_px: F32
    y_px: F32
    px_per_mm: F32
