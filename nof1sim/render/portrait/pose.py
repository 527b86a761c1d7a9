"""How the head stands before the camera: turn, size and place of the mean face that explain a photograph's key points.

A pinhole camera aimed at the face (Hartley and Zisserman, Multiple View Geometry, 2004, section 6.1) at a distance
that is assumed: perspective, and how deep a person's face is, cannot be told apart from key points alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CENTRE = np.array([0.0, -25.0, -10.0])
"""Canonical place that the camera is aimed at, and about which the head turns, mm."""
DISTANCE_MM = 700.0
"""Between a selfie at arm's length (350 to 500 mm) and a clinic's camera (1000 mm and more)."""
STARTS_DEG = (0.0, -35.0, 35.0)
ROBUST = 3.0
"""Misfits grow linearly beyond so many SDs. Fewer would let go of the nose, the one point that is off the plane."""
YAW_SD_DEG, PITCH_SD_DEG = 30.0, 12.0
"""Faces mostly look at the camera. Weak, but five points alone would leave the nod open: a nose that is longer than
the mean looks like a bowed head."""
SPREAD_MM = {"trichion": 9.0, "temple": 9.0, "zygion": 7.0, "gonion": 9.0, "menton": 5.0, "pogonion": 5.0,
             "sublabiale": 4.0, "brow": 4.0, "glabella": 4.0, "labiale": 4.0, "stomion": 4.0, "cheilion": 4.0,
             "pupil": 3.0}  # fmt: skip
"""How far people's key points lie from the mean face's, SD in mm, by the start of the name. The mouth's also smile."""
SPREAD_ELSE_MM = 2.5
SPREAD_IBUG = ((17, 12.0), (27, 4.0), (36, 2.5), (48, 2.5), (68, 4.0))
"""The same for the 68-point scheme: number of the last point, SD in mm. Contour, brows, nose, eyes, mouth."""


@dataclass(frozen=True, slots=True)
class Pose:
    """turned (3, 3): canonical to camera axes (x right, y up, z to the camera); x_px, y_px: where CENTRE lies;
    px_per_mm: magnification at its depth."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    x_px: float
    y_px: float
    px_per_mm: float

    @property
    def turned(self) -> Floats:
        """Rotation (3, 3) from canonical to camera axes, the roll included."""
        return turning(*(math.radians(a) for a in (self.yaw_deg, self.pitch_deg, self.roll_deg)))

    def placed(self, spot: NDArray) -> Floats:
        """Canonical places (..., 3) in camera axes, mm from CENTRE."""
        return np.einsum("...k,ik->...i", spot - CENTRE, self.turned)  # in full: the fit asks for small differences

    def project(self, placed: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Picture x, y (px) and magnification (px per mm) of places (..., 3) in camera axes."""
        f = self.px_per_mm * DISTANCE_MM / (DISTANCE_MM - placed[..., 2])
        return self.x_px + f * placed[..., 0], self.y_px - f * placed[..., 1], f


def turning(yaw: float, pitch: float, roll: float) -> Floats:
    """Canonical to camera axes; radians. Yaw and pitch as in `procedural.fields.rotation`; roll turns the picture
    clockwise, as in `Nuisance`."""
    c, s, d, t = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    head = np.array([[c, 0, s], [t * s, d, -t * c], [-d * s, t, d * c]])
    c, s = math.cos(roll), math.sin(roll)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ head


def spread_mm(name: str) -> float:
    """SD in mm of a key point between people."""
    if name.startswith("ibug_"):
        number = int(name[5:])
        return next(sd for last, sd in SPREAD_IBUG if number <= last)
    return next((sd for start, sd in SPREAD_MM.items() if name.startswith(start)), SPREAD_ELSE_MM)


def fit_pose(place: Floats, px: Floats, sd_mm: Floats, flat: Floats) -> Pose:
    """The pose that brings canonical places (n, 3) nearest to picture places (n, 2).

    Robust (soft L1) least squares in units of sd_mm (n,), with weak normal priors on yaw and pitch. flat (2, 2): the
    affine map from chart mm to px, which says the size and roll to begin with.
    """
    from scipy.optimize import least_squares  # slow to import: only who fits a face waits for it

    size = math.sqrt(abs(np.linalg.det(flat)))
    roll = math.atan2(flat[1, 0] + flat[0, 1], flat[0, 0] - flat[1, 1])
    weight = 1.0 / (size * sd_mm)
    middle = px.mean(0)

    def misfit(p: Floats) -> Floats:
        pose = _pose(p, size, middle)
        x, y, _ = pose.project(pose.placed(place))
        prior = [pose.yaw_deg / YAW_SD_DEG, pose.pitch_deg / PITCH_SD_DEG]
        return np.concatenate([(x - px[:, 0]) * weight, (y - px[:, 1]) * weight, prior])

    fits = []
    for start in STARTS_DEG:
        yaw = math.radians(start)
        first = [yaw, 0.0, roll, -0.5 * math.log(math.cos(yaw)), 0.0, 0.0]
        fits.append(least_squares(misfit, first, loss="soft_l1", f_scale=ROBUST))
    return _pose(min(fits, key=lambda fit: fit.cost).x, size, middle)


def _pose(p: Floats, size: float, middle: Floats) -> Pose:
    """Pose of the parameters: yaw, pitch, roll in radians, log of the scale over `size`, shift from `middle`."""
    yaw, pitch, roll = (math.degrees(a) for a in p[:3])
    scale = size * math.exp(p[3])
    # Steps of the fit are alike when a unit of shift is a centimetre.
    x, y = (float(m + 10 * size * step) for m, step in zip(middle, p[4:], strict=True))
    return Pose(yaw, pitch, roll, x, y, scale)
