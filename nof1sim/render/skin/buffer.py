"""What the lesion layer needs to know of the skin in a picture, whoever made the picture."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class SkinBuffer:
    """Paintable skin pixels of a picture (h, w), n of them; g light groups. float32.

    pixel (n,): place in the picture, y * w + x; slot (h, w): row of each pixel, -1 where no skin; spot (n, 3):
    canonical mm on the head; normal, view (n, 3): camera axes; flow (n, g, 3), seen (n, g): vector irradiance and
    visible share of each group; light (n, g, 3), gloss (n, g): what reaches the skin, strength included; through
    (n, 3): share of skin light that reaches the picture; sheen (n,): same for gloss; melanin, blood (n,): volume
    fractions, albedo (n, 3) of them; oil, rough (n,): gloss; lock (n,): 0 .. 1, fades lesions out towards lips and
    lids. mm_per_px: footprint of a pixel face on; rotation (3, 3): canonical to camera axes.
    """

    pixel: NDArray[np.int32]
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

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        return sum(getattr(self, f.name).nbytes for f in fields(self) if hasattr(getattr(self, f.name), "nbytes"))
