"""The canonical face chart: where things are on a face, in millimetres, whoever the face belongs to.

x runs towards the patient's left (to the right in a front photograph), measured along the skin from the midline;
y runs up from the line through the pupils. Conditions place lesions on the chart; a renderer maps the chart's key
points to its own face, so "beside the left nostril" is that on everybody. Proportions: adult means of published
facial anthropometry (Farkas 1994), both sexes averaged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEY_POINTS: dict[str, tuple[float, float]] = {
    "trichion": (0.0, 70.0),
    "glabella": (0.0, 20.0),
    "nasion": (0.0, 7.0),
    "pronasale": (0.0, -36.5),
    "subnasale": (0.0, -45.5),
    "labiale_superius": (0.0, -60.0),
    "stomion": (0.0, -68.0),
    "labiale_inferius": (0.0, -78.0),
    "sublabiale": (0.0, -86.0),
    "pogonion": (0.0, -97.0),
    "menton": (0.0, -109.0),
    "endocanthion_left": (16.3, -1.4),
    "exocanthion_left": (47.5, 0.5),
    "alare_left": (17.0, -40.0),
    "cheilion_left": (26.5, -68.5),
    "brow_inner_left": (13.0, 17.5),
    "brow_peak_left": (36.0, 21.5),
    "brow_outer_left": (53.0, 16.5),
    "zygion_left": (86.0, -20.0),
    "gonion_left": (74.0, -74.0),
    "temple_left": (72.0, 30.0),
}
KEY_POINTS |= {name.replace("_left", "_right"): (-x, y) for name, (x, y) in KEY_POINTS.items() if "_left" in name}

PAIRS = tuple((name, name.replace("_left", "_right")) for name in KEY_POINTS if name.endswith("_left"))
"""Symmetric key points, (left, right)."""

JAW_LINE = (
    (76.0, -2.0), (78.5, -20.0), (79.0, -38.0), (77.0, -56.0), (72.0, -76.0), (58.0, -91.0), (41.0, -101.0),
    (21.0, -108.0), (0.0, -109.0),
)  # fmt: skip
"""Points along the contour from ear to chin, the patient's left: nine of the seventeen that landmarkers give."""

REGIONS = ("forehead", "right_cheek", "left_cheek", "nose", "chin", "perioral")
"""GAGS's five facial regions (Doshi 1997) plus the skin around the mouth, which GAGS counts with the chin."""

OUTSIDE = -1

X_LIMIT_MM = 78.0
Y_LIMITS_MM = (-108.0, 64.0)


def _ellipse(x: Floats, y: Floats, cx: float, cy: float, rx: float, ry: float) -> NDArray[np.bool_]:
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1.0


def excluded(x_mm: Floats, y_mm: Floats) -> NDArray[np.bool_]:
    """True where no lesion is placed: eyes and lids, brows, lips, nostrils. Shape of the inputs."""
    x, y = np.abs(np.asarray(x_mm, float)), np.asarray(y_mm, float)
    eye = _ellipse(x, y, 32.0, -0.5, 24.0, 13.0)
    brow = (x > 9.0) & (x < 57.0) & (np.abs(y - (20.0 - 0.006 * (x - 36.0) ** 2)) < 6.5)
    lips = _ellipse(x, y, 0.0, -69.5, 30.0, 13.0)
    nostril = _ellipse(x, y, 7.5, -45.0, 7.0, 4.5)
    return eye | brow | lips | nostril


def face_edge_mm(y_mm: Floats) -> Floats:
    """Half-width of the facial skin (along the skin, hairline to jaw line) at each height; 0 outside the face."""
    heights = np.array([-109, -104, -97, -86, -74, -50, -20, 5, 30, 50, 62, 66])
    widths = np.array([0, 22, 36, 52, 62, 72, 76, 70, 62, 52, 36, 0])
    return np.interp(np.asarray(y_mm, float), heights, widths, left=0.0, right=0.0)


def tone_patch(x_mm: NDArray[np.floating], y_mm: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Cheeks and forehead: where a face's skin tone is read. Shape of the inputs."""
    x = np.abs(x_mm)
    cheek = (x > 24) & (x < 52) & (y_mm > -50) & (y_mm < -20)
    return cheek | ((x < 34) & (y_mm > 32) & (y_mm < 52))


def on_skin(x_mm: Floats, y_mm: Floats) -> NDArray[np.bool_]:
    """True on the facial skin, where lesions can be. Shape of the inputs."""
    return (np.abs(x_mm) < face_edge_mm(y_mm)) & ~excluded(x_mm, y_mm)


def region_of(x_mm: Floats, y_mm: Floats) -> NDArray[np.int8]:
    """Index into REGIONS of each chart point, OUTSIDE (-1) off the facial skin or in an excluded zone."""
    x, y = np.asarray(x_mm, float), np.asarray(y_mm, float)
    ax = np.abs(x)
    code = np.where(x > 0, REGIONS.index("left_cheek"), REGIONS.index("right_cheek"))
    # The nose widens from the root to the wings.
    nose = (y < 12.0) & (y > -46.0) & (ax < np.interp(y, [-46.0, -36.0, -8.0, 12.0], [15.0, 19.0, 11.0, 9.0]))
    perioral = (y <= -46.0) & (y > -86.0) & (ax < 33.0)
    chin = (y <= -86.0) & (ax < 45.0)
    code = np.where(y >= 12.0, REGIONS.index("forehead"), code)
    code = np.where(nose, REGIONS.index("nose"), code)
    code = np.where(perioral, REGIONS.index("perioral"), code)
    code = np.where(chin, REGIONS.index("chin"), code)
    return np.where(on_skin(x, y), code, OUTSIDE).astype(np.int8)
