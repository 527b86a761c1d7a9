"""What each pixel of a photograph looks at: its place on the face chart, its place and normal on a head.

`geometry.fit_face` makes one from the key points of a photograph; `patch.flat_map` one for a patch of skin without a
face. Skin, light and lesions are then the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin import Sites

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaceMap:
    """The face in a photograph (h, w), pixel by pixel; NaN where there is none.

    chart (h, w, 2): canonical chart, mm. spot (h, w, 3): canonical place on the head, mm. normal (h, w, 3): unit,
    camera axes (x right, y up, z to the camera). mm_per_px: a pixel's width on skin that faces the camera.
    rotation (3, 3): canonical to camera axes. yaw_deg, pitch_deg, roll_deg: pose of the head, as in `Nuisance`.
    place: chart x, y (n,) mm -> the `Sites` there, NaN pixel coordinates for a place that the camera does not see.
    """

    chart: F32
    spot: F32
    normal: F32
    mm_per_px: float
    rotation: F32
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    place: Callable[[Floats, Floats], Sites]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the photograph, px."""
        return self.chart.shape[0], self.chart.shape[1]
