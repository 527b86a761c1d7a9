"""What there is to paint of a patient: every lesion of the course, where it lies in the portrait and how large it gets.

The passes: lesions that do not touch are painted together, a kind at a time, so that the cost is that of a few
pictures and not of as many as there are lesions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import STAGES, LesionField
from nof1sim.render.skin.warp import ChartWarp

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REACH = 2.0
"""A lesion is given this many times its diameter: redness and relief go beyond the core (as in the skin layer)."""
LEAST_REACH_PX = 5.0
"""Half-width of the smallest region that is painted: below, a latent pixel covers it all."""
GAP_PX = 2.0
"""Between the regions of two lesions of a pass."""

KINDS: dict[str, str] = {
    "microcomedone": "comedone",
    "closed_comedone": "comedone",
    "open_comedone": "blackhead",
    "papule": "papule",
    "pustule": "pustule",
    "nodule": "nodule",
    "crust": "pustule",
    "excoriation": "papule",
    "erythema": "papule",
    "hyperpigmentation": "papule",
    "scar": "papule",
    "resolving": "papule",
}
"""A lesion's stage at its height -> what is painted."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """The n lesions to paint, by birth. Arrays are (n,) but `shape`.

    kind : index into `LOOKS`.  diameter_mm, erythema : at the height.  centre_px (n, 2): x, y in the portrait.
    shape (n, 2, 2): px per mm there, picture axes by chart axes.  reach_px : half-width of the painted region.
    """

    lesion_id: Ints
    kind: Ints
    diameter_mm: Floats
    erythema: Floats
    centre_px: Floats
    shape: Floats
    reach_px: Floats

    def __len__(self) -> int:
        return int(self.lesion_id.size)


LOOKS: tuple[str, ...] = tuple(dict.fromkeys(KINDS.values()))


@dataclass(frozen=True, slots=True)
class Pass:
    """Lesions painted together: rows of the episodes, all of one look."""

    look: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Passes:
    """All passes, and which lesion lends its painting to one that found no room (row -> row of the same look)."""

    each: tuple[Pass, ...]
    lent: dict[int, int]


def episodes_of(course: LesionField, warp: ChartWarp, size_px: int) -> Episodes:
    """The lesions of a course that lie within a portrait (size_px a side), in the order of their birth."""
    columns = course.columns
    order = np.lexsort((columns["lesion_id"], columns["birth_day"]))
    x, y = (columns[name][order].astype(float) for name in ("x_mm", "y_mm"))
    centre, shape = warp.to_px(x, y), warp.jacobian(x, y)
    scale = warp.px_per_mm(x, y)
    diameter = columns["peak_diameter_mm"][order].astype(float)
    erythema = columns["peak_erythema"][order].astype(float) if "peak_erythema" in columns else np.ones_like(x)
    reach = np.maximum(0.5 * REACH * diameter * np.linalg.norm(shape, 2, axis=(1, 2)), LEAST_REACH_PX)
    inside = (scale > 0) & (diameter > 0) & ((centre >= 0) & (centre <= size_px - 1)).all(1)
    look = np.array([LOOKS.index(KINDS[STAGES[code]]) for code in columns["kind"][order].tolist()], np.int64)
    ids = columns["lesion_id"][order].astype(np.int64)
    k = inside
    return Episodes(ids[k], look[k], diameter[k], erythema[k], centre[k], shape[k], reach[k])


def plan_passes(episodes: Episodes, most: int) -> Passes:
    """First come, first served: each lesion goes into the first pass of its look where it touches none.

    A lesion that finds no room once there are `most` passes borrows the painting of the placed lesion of its look
    whose size is nearest. What is decided for a lesion depends only on those born before it.
    """
    passes: list[tuple[int, list[int]]] = []
    lent: dict[int, int] = {}
    looks = set(episodes.kind.tolist())
    for row in range(len(episodes)):
        kind = int(episodes.kind[row])
        own = next((rows for look, rows in passes if look == kind and _free(episodes, row, rows)), None)
        missing = looks - {look for look, _ in passes} - {kind}
        if own is not None:
            own.append(row)
        elif len(passes) < most - len(missing):  # every look keeps a pass in reserve
            passes.append((kind, [row]))
        else:
            lent[row] = _nearest(episodes, row, [other for look, rows in passes if look == kind for other in rows])
    return Passes(tuple(Pass(LOOKS[look], tuple(rows)) for look, rows in passes), lent)


def _free(episodes: Episodes, row: int, rows: list[int]) -> bool:
    apart = np.linalg.norm(episodes.centre_px[rows] - episodes.centre_px[row], axis=1)
    return bool((apart > episodes.reach_px[rows] + episodes.reach_px[row] + GAP_PX).all())


def _nearest(episodes: Episodes, row: int, rows: list[int]) -> int:
    return rows[int(np.abs(episodes.diameter_mm[rows] - episodes.diameter_mm[row]).argmin())]


def ellipse(shape: Floats, centre_px: Floats, radius_mm: float, box: tuple[int, int, int, int]) -> Floats:
    """Distance from a lesion's centre in units of `radius_mm`, (h, w), over a box (y0, y1, x0, x1) of the portrait."""
    y, x = np.mgrid[box[0] : box[1], box[2] : box[3]]
    away = np.stack([x - centre_px[0], y - centre_px[1]], axis=-1)
    return np.linalg.norm(away @ np.linalg.inv(shape).T, axis=-1) / radius_mm


def box_of(centre_px: Floats, reach_px: float, size_px: int) -> tuple[int, int, int, int]:
    """The pixels (y0, y1, x0, x1) within reach of a lesion, cut at the portrait's edge."""
    low = np.floor(centre_px - reach_px).astype(int)
    high = np.ceil(centre_px + reach_px).astype(int) + 1
    (x0, y0), (x1, y1) = np.clip(low, 0, size_px), np.clip(high, 0, size_px)
    return int(y0), int(y1), int(x0), int(x1)


def pass_mask(episodes: Episodes, rows: tuple[int, ...], size_px: int) -> NDArray[np.float64]:
    """(size, size) 1 where the lesions of a pass are painted."""
    mask = np.zeros((size_px, size_px))
    for row in rows:
        y0, y1, x0, x1 = box = box_of(episodes.centre_px[row], episodes.reach_px[row], size_px)
        away = ellipse(episodes.shape[row], episodes.centre_px[row], reach_mm(episodes, row), box)
        mask[y0:y1, x0:x1] = np.maximum(mask[y0:y1, x0:x1], away <= 1)
    return mask


def reach_mm(episodes: Episodes, row: int) -> float:
    """Radius of a lesion's painted region, mm."""
    stretch = float(np.linalg.norm(episodes.shape[row], 2))
    return max(0.5 * REACH * float(episodes.diameter_mm[row]), LEAST_REACH_PX / stretch)
