"""Clinical scores of each day, from the lesion table alone.

The rules that turn counts into IGA and GEA grades are this project's, and versioned: FDA discouraged numeric ranges in
the IGA (Tan 2008), and GEA's text (Dreno 2011) names an extent of the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim import chart
from nof1sim.model import STAGE_CODE, STAGES, Ints

from .counts import CountMap, count_map

IGA_RULES: dict[str, tuple[float, ...]] = {"nof1sim-1": (0.5, 7.5, 19.5, 49.5), "strict": (0.5, 1.5, 19.5, 49.5)}
"""Whole-face inflammatory lesions at which the IGA goes up one grade."""
IGA_SEVERE_NODULES = 3
"""So many nodules make grade 4; any nodule makes at least grade 3."""

HAYASHI_CUTS = (5, 20, 50)
"""Papules and pustules on half of the face up to which it is mild, moderate, severe (Hayashi 2008)."""

GAGS_REGIONS = (("forehead",), ("right_cheek",), ("left_cheek",), ("nose",), ("chin", "perioral"))
GAGS_FACTORS = (2, 2, 2, 1, 1)
"""Doshi 1997, the face only: 0 to 32. Chest and back, factor 3, are not simulated."""

FACE_CELLS = 8
"""GEA's extent: forehead right and left, each cheek above and below the mouth's level, nose, and chin with mouth."""
_CHEEK_SPLIT_Y_MM = -40.0

# Tallies of a day, in this order.
PAPULE, PUSTULE, NODULE, CLOSED, OPEN, LEFT, RIGHT, RED, BROWN, SCAR = range(10)
TALLIES = 10
_TALLY_OF_STAGE = {
    "closed_comedone": CLOSED, "open_comedone": OPEN, "papule": PAPULE, "pustule": PUSTULE, "nodule": NODULE,
    "crust": PAPULE, "excoriation": PAPULE, "erythema": RED, "hyperpigmentation": BROWN, "scar": SCAR,
}  # fmt: skip
STAGE_TALLY = np.array([_TALLY_OF_STAGE.get(name, -1) for name in STAGES], np.int64)
_GAGS_GRADES = {"closed_comedone": 1, "open_comedone": 1, "pustule": 3, "nodule": 4}
_GAGS_GRADES |= {"papule": 2, "crust": 2, "excoriation": 2}
GAGS_GRADE = np.array([_GAGS_GRADES.get(name, 0) for name in STAGES], np.int64)
GAGS_AREA = np.array([next(i for i, names in enumerate(GAGS_REGIONS) if name in names) for name in chart.REGIONS])


def cells(x_mm: NDArray[np.floating], y_mm: NDArray[np.floating], region: NDArray[np.integer]) -> Ints:
    """Index (0 to 7) of the face cell that each chart point lies in."""
    name = {region_name: code for code, region_name in enumerate(chart.REGIONS)}
    cell = np.where(x_mm > 0, 1, 0)
    for k, cheek in enumerate(("right_cheek", "left_cheek")):
        cell = np.where(region == name[cheek], 2 + 2 * k + (y_mm < _CHEEK_SPLIT_Y_MM), cell)
    cell = np.where(region == name["nose"], 6, cell)
    return np.where((region == name["chin"]) | (region == name["perioral"]), 7, cell).astype(np.int64)


def hayashi(half_face: Ints) -> Ints:
    """Hayashi class 0 to 3 of a count on half of the face; 0 (mild) includes none."""
    return np.searchsorted(HAYASHI_CUTS, half_face, side="left").astype(np.int64)


def iga(inflammatory: Ints, nodules: Ints, rule: str) -> Ints:
    """IGA 0 to 4 of whole-face counts, by a rule of IGA_RULES; nodules override."""
    grade = np.searchsorted(IGA_RULES[rule], inflammatory, side="left")
    grade = np.where(nodules > 0, np.maximum(grade, 3), grade)
    return np.where(nodules >= IGA_SEVERE_NODULES, 4, grade).astype(np.int64)


def gea(inflammatory: Ints, comedones: Ints, nodules: Ints, extent: NDArray[np.floating]) -> Ints:
    """GEA 0 to 5 of whole-face counts and the share of the 8 face cells that hold a lesion (this project's cuts)."""
    grade = np.where(inflammatory + comedones > 0, 1, 0)
    grade = np.where((inflammatory > 5) | (comedones > 15), 2, grade)
    grade = np.where((inflammatory > 19) & (extent > 0.5) | (nodules > 0), 3, grade)
    grade = np.where((inflammatory > 49) & (extent > 0.85) | (nodules > 1), 4, grade)
    return np.where((inflammatory > 49) & (extent > 0.85) & (nodules > 3), 5, grade).astype(np.int64)


def scores_of_tallies(
    tally: Ints, area_grade: Ints, cell: Ints, rule: str, counts: CountMap
) -> dict[str, NDArray[Any]]:
    """All scores. tally (days, TALLIES); area_grade (days, 5), the worst GAGS grade; cell (days, 8), lesions."""
    n = tally[:, PAPULE] + tally[:, PUSTULE] + tally[:, NODULE]
    comedones = tally[:, CLOSED] + tally[:, OPEN]
    left, right = hayashi(tally[:, LEFT]), hayashi(tally[:, RIGHT])
    return {
        "n_inflammatory": n,
        "n_noninflammatory": comedones,
        "n_papule": tally[:, PAPULE],
        "n_pustule": tally[:, PUSTULE],
        "n_nodule": tally[:, NODULE],
        "n_left": tally[:, LEFT],
        "n_right": tally[:, RIGHT],
        "n_erythema": tally[:, RED],
        "n_hyperpigmentation": tally[:, BROWN],
        "n_scar": tally[:, SCAR],
        "hayashi": hayashi(-(-n // 2)),
        "hayashi_left": left,
        "hayashi_right": right,
        "hayashi_worse": np.maximum(left, right),
        "clear": (n + comedones) == 0,
        "iga": iga(n, tally[:, NODULE], rule),
        "gags_face": area_grade @ np.array(GAGS_FACTORS),
        "gea": gea(n, comedones, tally[:, NODULE], (cell > 0).sum(axis=1) / FACE_CELLS),
        "severity_lesions": counts.severities(n.astype(float)),
    }


def _codes(values: NDArray[Any], names: Mapping[str, int]) -> Ints:
    """Codes of a column that holds codes or names."""
    values = np.asarray(values)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    unique, inverse = np.unique(values.astype(str), return_inverse=True)
    return np.array([names[str(name)] for name in unique], np.int64)[inverse]


def scores_of_tables(
    lesions: Mapping[str, NDArray[Any]],
    lesion_days: Mapping[str, NDArray[Any]],
    days: int,
    *,
    iga_rule: str = "nof1sim-1",
    counts: CountMap | None = None,
) -> dict[str, NDArray[Any]]:
    """Recompute the scores from one patient's saved tables.

    lesions : columns lesion_id, x_mm, y_mm, region (names or codes).
    lesion_days : columns day (1-based), lesion_id, stage (names or codes), counted, visible.
    counts : the map that severity_lesions inverts; default `hayashi`.
    Returns arrays of shape (days,). A lesion_id that `lesions` lacks raises KeyError.
    """
    from .tally import tally

    ids = np.asarray(lesions["lesion_id"], np.int64)
    place = np.full(int(ids.max(initial=0)) + 1, -1, np.int64)
    place[ids] = np.arange(ids.size)
    row = place.take(np.asarray(lesion_days["lesion_id"], np.int64), mode="clip")
    if (row < 0).any() or not np.array_equal(ids[row], lesion_days["lesion_id"]):
        raise KeyError("lesion_days names lesions that the lesion table lacks")
    x, y = np.asarray(lesions["x_mm"], float), np.asarray(lesions["y_mm"], float)
    region = _codes(lesions["region"], {name: code for code, name in enumerate(chart.REGIONS)})
    stage = _codes(lesion_days["stage"], STAGE_CODE)
    seen = np.asarray(lesion_days["visible"], bool)
    sums, worst, held = tally(
        days, np.asarray(lesion_days["day"], np.int64), row, stage, np.asarray(lesion_days["counted"], bool), seen,
        x > 0, GAGS_AREA[region], cells(x, y, region), STAGE_TALLY, GAGS_GRADE,
    )  # fmt: skip
    return scores_of_tallies(sums, worst, held, iga_rule, counts or count_map())
