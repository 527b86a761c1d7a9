"""What is where in a posed picture: key points, and the truth images on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import turn, unit
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.procedural.points import COVER_MM
from nof1sim.render.procedural.pose import Look, Pose

NOWHERE = (float("nan"), float("nan"))


def keypoints(plate: Plate, pose: Pose, seen: Look) -> dict[str, tuple[float, float]]:
    """Each key point in picture pixels; NaN where something hides it or it falls outside."""
    points, end, out = plate.points, plate.size - 0.5, {}
    for name, x, y, z in zip(points.names, *pose.moved(points.place, points.smile).tolist(), strict=True):
        inside = -0.5 <= x < end and -0.5 <= y < end
        shown = inside and seen.depth.item(round(y), round(x)) <= z + COVER_MM
        out[name] = (x, y) if shown else NOWHERE
    return out


def layers(
    plate: Plate, pose: Pose, seen: Look, core: NDArray[np.int32], wanted: Sequence[str]
) -> Mapping[str, NDArray[np.generic]]:
    """Truth images by name (see `Render.layers`), each taken from the nearest pixel of the plate."""
    last = plate.camera.width - 1
    i, j = np.clip(np.rint(seen.u), 0, last).astype(int), np.clip(np.rint(seen.v), 0, last).astype(int)
    person = (seen.u >= 0) & (plate.alpha[j, i] >= 0.5)
    out: dict[str, NDArray[np.generic]] = {}
    if "parts" in wanted:
        out["parts"] = np.where(person, plate.part[j, i], 0).astype(np.uint8)
    if "depth" in wanted:
        out["depth"] = np.where(person, pose.distance_mm - seen.depth, np.nan).astype(np.float32)
    if "normals" in wanted:
        turned = unit(turn(plate.normal[j, i], pose.turned))
        out["normals"] = np.where(person[..., None], turned, np.nan).astype(np.float32)
    if "chart" in wanted:
        out["chart"] = np.where(person[..., None], plate.chart[j, i], np.nan).astype(np.float32)
    if "binary" in wanted:
        out["binary"] = np.where(core != 0, 255, 0).astype(np.uint8)
    return out
