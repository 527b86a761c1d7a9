"""From the key points of a photograph to its `FaceMap`: which place of the face chart each pixel shows.

The mean face in three dimensions (`mean_head`) is turned and sized to the key points (`pose`), made the person's own
by a smooth shift (`adapt`, `surface`), and drawn with a depth buffer (`mapped`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nof1sim.errors import Fault, RenderError
from nof1sim.render.portrait.face_map import FaceMap
from nof1sim.render.portrait.mapped import face_map
from nof1sim.render.portrait.mean_head import MeanHead, mean_head
from nof1sim.render.portrait.pose import Pose, fit_pose, spread_mm
from nof1sim.render.portrait.surface import FOLDED, Found, fit_surface
from nof1sim.render.skin.warp import LEAST_POINTS

Floats = NDArray[np.float64]

YAW_LIMIT_DEG, PITCH_LIMIT_DEG = 50.0, 30.0
LEAST_SPREAD_MM, LEAST_SPREAD_PX = 5.0, 1.0
"""Singular values of the key points' places below which they lie on a line."""
LEAST_PX_PER_MM = 0.2
"""A face of fewer pixels shows no lesion: it would be 30 px wide."""


def fit_face(points_px: Mapping[str, tuple[float, float]], shape: tuple[int, int]) -> FaceMap:
    """The face in a photograph of `shape` (h, w) from its key points.

    A half face (one side hidden or cut off by the picture's edge) is fitted like a whole one, from the points that
    there are: leave the others out or give NaN. Points outside the picture are welcome.

    Parameters
    ----------
    points_px : name -> (x, y) px, pixel centres at whole numbers; names of `render.skin.warp.PLACES` and `ibug_18`
        to `ibug_68`. Others, and those that are not finite, are left out.

    Raises
    ------
    RenderError
        Fewer than five known points, points on one line, a mirrored or folded face, a point that cannot be where it
        is said to be, a head turned by more than 50 degrees or bowed by more than 30, a face too small or outside.
    """
    head = mean_head()
    found = _found(head, points_px)
    sd = np.array([spread_mm(name) for name in found.names])
    pose = fit_pose(found.place, found.px, sd, _flat(found))
    _check_pose(pose)
    face = face_map(fit_surface(pose, head, found), shape)
    if not np.isfinite(face.chart).any():
        given = f"a face outside the picture of {shape[1]} x {shape[0]} px"
        advice = "Check that the key points were taken in this picture, at this size."
        raise RenderError(str(Fault("key points", given, "a face in the picture", advice)))
    return face


def _found(head: MeanHead, points_px: Mapping[str, tuple[float, float]]) -> Found:
    known = {name: at for name, at in points_px.items() if name in head.names and np.isfinite(at).all()}
    if len(known) < LEAST_POINTS:
        raise RenderError(
            f"key points: got {len(known)} that the face chart knows ({', '.join(sorted(known)) or 'none'}); allowed: "
            f"{LEAST_POINTS} or more of {', '.join(head.names)}. Give more of them, or a clearer picture of the face."
        )
    names = tuple(known)
    rows = [head.names.index(name) for name in names]
    return Found(names, np.array([known[name] for name in names], float), head.place[rows], head.chart[rows])


def _flat(found: Found) -> Floats:
    """The affine map (2, 2) from chart mm to px; RenderError if the points lie on a line or mirror the face."""
    a, b = found.chart - found.chart.mean(0), found.px - found.px.mean(0)
    least = [float(np.linalg.svd(c, compute_uv=False)[-1]) for c in (a, b)]
    if least[0] < LEAST_SPREAD_MM or least[1] < LEAST_SPREAD_PX:
        fault = Fault("key points", f"{len(a)} on one line", "points of eyes, nose and mouth", "Give more of them.")
        raise RenderError(str(fault))
    flat = np.linalg.lstsq(a, b, rcond=None)[0].T
    if np.linalg.det(flat) >= 0:  # y runs up on the chart and down in a picture
        raise RenderError(FOLDED)
    return flat


def _check_pose(pose: Pose) -> None:
    if abs(pose.yaw_deg) > 90:
        allowed = "a face that looks at the camera"
        advice = "Left and right look exchanged: left is the patient's left, at the image's right."
        raise RenderError(str(Fault("key points", "a face that looks backwards", allowed, advice)))
    if abs(pose.yaw_deg) > YAW_LIMIT_DEG or abs(pose.pitch_deg) > PITCH_LIMIT_DEG:
        given = f"a head turned by {pose.yaw_deg:.0f} and bowed by {pose.pitch_deg:.0f} degrees"
        allowed = f"at most {YAW_LIMIT_DEG:.0f} and {PITCH_LIMIT_DEG:.0f} degrees"
        advice = "This is a profile beyond the model: use a front or three-quarter photograph, or a patch of skin."
        raise RenderError(str(Fault("photograph", given, allowed, advice)))
    if pose.px_per_mm < LEAST_PX_PER_MM:
        given = f"a face of {pose.px_per_mm * 150:.0f} px from ear to ear"
        allowed = f"{LEAST_PX_PER_MM * 150:.0f} px or more"
        raise RenderError(
            str(Fault("photograph", given, allowed, "Give a picture taken from nearer, or a larger one."))
        )
