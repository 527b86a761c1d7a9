"""Named key points from the numbered ones of landmark networks: the 68-point scheme, and insightface's 106.

The 68 points (Sagonas et al., ICCV workshops 2013) are what the chart's names were chosen by. The 106 are those of the
network 2d106det (deepinsight/insightface, alignment/coordinate_reg: "points mark-up, ordered by point names"): 0 the
chin, 1 to 16 and 17 to 32 the two sides of the contour, 33 to 42 and 87 to 96 the eyes (34, 38 and 88, 92 the pupils:
issue 2408 there), 43 to 51 and 97 to 105 the brows, 52 to 71 the mouth, 72 to 86 the nose; the image's left side comes
first. Which of them stand at the places of the 68 is a table that several independent programs share; it was not
checked here against the network's weights, which are not free to pass on. Within the contour the numbers jump: 1 is by
the ear, 9 to 16 its upper half, 2 to 8 its lower.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.skin.warp import from_68

Floats = NDArray[np.float64]

AT_68 = (
    1, 10, 12, 14, 16, 3, 5, 7, 0, 23, 21, 19, 32, 30, 28, 26, 17,  # contour, the image's left ear to its right one
    43, 48, 49, 51, 50,  # the image's left brow
    102, 103, 104, 105, 101,  # its right brow
    72, 73, 74, 86,  # bridge and tip of the nose
    78, 79, 80, 85, 84,  # base of the nose
    35, 41, 42, 39, 37, 36,  # the image's left eye
    89, 95, 96, 93, 91, 90,  # its right eye
    52, 64, 63, 71, 67, 68, 61, 58, 59, 53, 56, 55,  # outer edge of the lips
    65, 66, 62, 70, 69, 57, 60, 54,  # inner edge
)  # fmt: skip
"""Of the 106, counted from 0, the one at the place of each of the 68."""
PUPILS_106 = {"pupil_right": 38, "pupil_left": 88}


def named_68(points: Floats) -> dict[str, tuple[float, float]]:
    """Key points by name from 68 (68, 2 or 3) px: the chart's names, and `ibug_01` to `ibug_68`."""
    found = np.asarray(points, float)
    numbered = {f"ibug_{k + 1:02d}": (float(x), float(y)) for k, (x, y) in enumerate(found[:, :2])}
    return {**from_68(found), **numbered}


def named_106(points: Floats) -> dict[str, tuple[float, float]]:
    """Key points by name from insightface's 106 (106, 2) px: those of the 68, and the pupils."""
    found = np.asarray(points, float)
    pupils = {name: (float(found[k, 0]), float(found[k, 1])) for name, k in PUPILS_106.items()}
    return {**named_68(found[list(AT_68)]), **pupils}
