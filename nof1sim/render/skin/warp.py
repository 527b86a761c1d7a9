"""The face chart laid over a picture by its key points: where a chart place lies in a photograph or a drawn portrait.

A thin-plate spline (Bookstein, IEEE Trans. PAMI 11, 1989) through the key points that chart and picture share. It
bends as little as the points allow, so that a lesion between them lies where neighbours say, and it is smooth, so
that sizes in mm have a meaning everywhere. Shared by the renderers that start from a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import JAW_LINE, KEY_POINTS
from nof1sim.errors import RenderError

Floats = NDArray[np.float64]

LEAST_POINTS = 5
"""A spline of fewer says little more than where the face is."""
SMOOTHING_PX = 0.5
"""How far a key point may be missed: landmarks are no better than this, and a spline through noise has folds."""
STEP_MM = 0.5
"""Of the differences that give the local scale."""

FROM_68 = {
    "brow_outer_right": 18, "brow_peak_right": 20, "brow_inner_right": 22,
    "brow_inner_left": 23, "brow_peak_left": 25, "brow_outer_left": 27,
    "nasion": 28, "pronasale": 31, "alare_right": 32, "subnasale": 34, "alare_left": 36,
    "exocanthion_right": 37, "endocanthion_right": 40, "endocanthion_left": 43, "exocanthion_left": 46,
    "cheilion_right": 49, "labiale_superius": 52, "cheilion_left": 55, "labiale_inferius": 58, "stomion": 63,
}  # fmt: skip
"""Chart key points in the 68-point scheme (Sagonas et al., ICCV workshops 2013), counted from 1; 1 to 17: the jaw."""

PUPIL_MM = 31.0
"""Half the distance of the pupils on the chart: between the canthi."""
PLACES: dict[str, tuple[float, float]] = {
    **KEY_POINTS,
    "pupil_left": (PUPIL_MM, 0.0),
    "pupil_right": (-PUPIL_MM, 0.0),
    **{f"ibug_{k + 1:02d}": (-x, y) for k, (x, y) in enumerate(JAW_LINE)},
    **{f"ibug_{17 - k:02d}": place for k, place in enumerate(JAW_LINE)},
}
"""Every name that a picture's key points may have, in chart mm."""


@dataclass(frozen=True)
class ChartWarp:
    """From chart mm to picture pixels (origin: the centre of the upper left pixel).

    names : the key points used.  chart_mm, picture_px : (n, 2).
    """

    names: tuple[str, ...]
    chart_mm: Floats
    picture_px: Floats

    @cached_property
    def _spline(self) -> Callable[[Floats], Floats]:
        from scipy.interpolate import RBFInterpolator  # half a second that a renderer without a warp need not wait

        return RBFInterpolator(self.chart_mm, self.picture_px, kernel="thin_plate_spline", smoothing=self._smoothing)

    @property
    def _smoothing(self) -> float:
        """Of scipy's: its penalty is in kernel units, here the square of the chart's extent."""
        return SMOOTHING_PX**2

    def to_px(self, x_mm: Floats, y_mm: Floats) -> Floats:
        """Picture place (n, 2) of chart places (n,)."""
        places = np.stack([np.asarray(x_mm, float), np.asarray(y_mm, float)], axis=-1)
        return self._spline(places) if len(places) else np.zeros((0, 2))

    def jacobian(self, x_mm: Floats, y_mm: Floats) -> Floats:
        """(n, 2, 2) px per mm at chart places: [:, i, j] is how picture axis i changes with chart axis j."""
        x, y = np.asarray(x_mm, float), np.asarray(y_mm, float)
        along_x = (self.to_px(x + STEP_MM, y) - self.to_px(x - STEP_MM, y)) / (2 * STEP_MM)
        along_y = (self.to_px(x, y + STEP_MM) - self.to_px(x, y - STEP_MM)) / (2 * STEP_MM)
        return np.stack([along_x, along_y], axis=-1)

    def px_per_mm(self, x_mm: Floats, y_mm: Floats) -> Floats:
        """(n,) local scale: the square root of the area of a square mm; 0 where the spline has folded over."""
        area = -np.linalg.det(self.jacobian(x_mm, y_mm))  # y runs up on the chart and down in a picture
        return np.sqrt(np.maximum(area, 0.0))


def fit_warp(points_px: Mapping[str, tuple[float, float]]) -> ChartWarp:
    """The warp of a picture from its key points; hidden ones (NaN) and names that the chart has not are left out.

    Parameters
    ----------
    points_px : name -> (x, y) px; names of `PLACES`. For 68 landmarks see `from_68`.

    Raises
    ------
    RenderError
        Fewer than five key points of the chart, or a face that is mirrored or folded.
    """
    known = {name: at for name, at in points_px.items() if name in PLACES and np.isfinite(at).all()}
    if len(known) < LEAST_POINTS:
        raise RenderError(
            f"key points: got {len(known)} that the face chart knows ({', '.join(sorted(known)) or 'none'}); allowed: "
            f"{LEAST_POINTS} or more of {', '.join(PLACES)}. Give more of them, or a clearer picture of the face."
        )
    names = tuple(known)
    warp = ChartWarp(
        names, np.array([PLACES[name] for name in names]), np.array([known[name] for name in names], float)
    )
    x, y = np.meshgrid(np.linspace(-40, 40, 5), np.linspace(-80, 40, 7))
    if (warp.px_per_mm(x.ravel(), y.ravel()) <= 0).any():
        raise RenderError(
            "key points: they fold the face or mirror it; allowed: points of one face, the patient's left at the "
            "image's right. Check which point is which."
        )
    return warp


def from_68(points: Floats) -> dict[str, tuple[float, float]]:
    """Chart key points from 68 landmarks (68, 2 or 3), px."""
    found = np.asarray(points, float)
    if found.shape[0] != 68:
        raise RenderError(f"landmarks: got {found.shape[0]} points; allowed: the 68 of the scheme.")
    numbers = FROM_68 | {f"ibug_{k:02d}": k for k in range(1, 18)}
    return {name: (float(found[k - 1, 0]), float(found[k - 1, 1])) for name, k in numbers.items()}


def from_5(points: Floats) -> dict[str, tuple[float, float]]:
    """Chart key points from five: eye, eye, nose tip, mouth corner, mouth corner, the image's left one first, px."""
    order = ("pupil_right", "pupil_left", "pronasale", "cheilion_right", "cheilion_left")
    return {name: (float(x), float(y)) for name, (x, y) in zip(order, np.asarray(points, float)[:, :2], strict=True)}
