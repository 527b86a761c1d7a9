"""Figures of quality: probes of the renderer while it draws, and their sum in truth/manifest.json.

A probe draws a day without any nuisance: with its lesions, without them, and the day after. Outside the lesions'
support nothing may differ, and a lesion must be where it was the day before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import RenderError
from ..model import Nuisance, Render, Unit, View
from ..render.base import Renderer
from .plan import Plan

COSINE = "identity_cosine"
"""What a renderer with a face model calls the likeness to the portrait in `Render.drawn`."""
STABLE = 0.1
"""A lesion whose diameter changes by less than this share from one day to the next is called stable."""
NUISANCE = tuple(name for name, value in asdict(Nuisance()).items() if isinstance(value, float))
"""The numbers of a nuisance, by name."""
FOURTHS = 10_000
NO_PROBE = "{}"
LEAST_PX = 9
"""Pixels of a mask below which its overlap says more about the grid of pixels than about the lesion."""


def is_probed(unit: Unit, days: int) -> bool:
    """Two days of each patient and view: enough to see, and a few per cent of the work."""
    return unit.occasion == 1 and unit.day in (days // 3 + 1, 2 * days // 3 + 1)


def probe(renderer: Renderer, plan: Plan, unit: Unit) -> dict[str, Any]:
    """What a picture's probe finds; empty where none is due, or the renderer does not draw the same bytes twice.

    Returns
    -------
    outside : greatest difference outside the support of the lesions, grey levels.
    iou : for each stable lesion of LEAST_PX, intersection over union of its masks on this day and the next.
    switched : how many of these lie on a mask of another lesion the next day.
    """
    days = plan.protocol.days
    if renderer.repeatable != "bitwise" or not is_probed(unit, days):
        return {}
    today = _neutral(plan.view(unit))
    try:
        found = renderer.render([today])[0]
        bare = renderer.render([_without_lesions(today)])[0]
        outside = _greatest_difference(found, bare)
        if unit.day == days:
            return {"outside": outside, "iou": [], "switched": 0}
        tomorrow = _neutral(plan.view(replace(unit, day=unit.day + 1)))
        overlap, switched = persistence(
            found.lesion, renderer.render([tomorrow])[0].lesion, stable_lesions(today, tomorrow)
        )
    except RenderError:  # the picture itself was drawn: a probe costs nobody a picture
        return {}
    return {"outside": outside, "iou": overlap, "switched": switched}


def _neutral(view: View) -> View:
    return replace(view, nuisance=Nuisance(), layers=())


def _without_lesions(view: View) -> View:
    return replace(view, scene=replace(view.scene, lesions=view.scene.lesions.take(np.zeros(0, np.int64))))


def _greatest_difference(found: Render, bare: Render) -> int:
    outside = found.support == 0
    difference = np.abs(found.pixels.astype(np.int16) - bare.pixels)[outside]
    return int(difference.max(initial=0))


def stable_lesions(today: View, tomorrow: View) -> NDArray[np.int64]:
    """The lesion_id of each lesion that keeps its stage and, within STABLE, its diameter."""
    a, b = today.scene.lesions, tomorrow.scene.lesions
    both, i, j = np.intersect1d(a.lesion_id, b.lesion_id, return_indices=True)
    close = np.abs(b.diameter_mm[j] - a.diameter_mm[i]) <= STABLE * a.diameter_mm[i]
    return both[close & (a.stage[i] == b.stage[j]) & a.visible[i] & b.visible[j]].astype(np.int64)


def persistence(
    first: NDArray[np.int32], second: NDArray[np.int32], lesions: NDArray[np.int64]
) -> tuple[list[float], int]:
    """Overlap of the same lesions in two masks (h, w): intersection over union of each, and how many switched.

    A lesion has switched if most of its pixels bear one other lesion's number in the second mask.
    """
    overlap, switched = [], 0
    for lesion in lesions.tolist():
        here, there = first == lesion, second == lesion
        if min(here.sum(), there.sum()) < LEAST_PX:
            continue
        overlap.append(round(float((here & there).sum() / (here | there).sum()), 4))
        others = np.bincount(second[here])
        switched += int(others[1:].argmax() + 1 != lesion) if others[1:].sum() * 2 > here.sum() else 0
    return overlap, switched


class Spread:
    """Numbers from -1 to 1 with four decimals, as a count of each: what their median needs, however many there are."""

    def __init__(self) -> None:
        self.count, self.least = 0, np.inf
        self._counts = np.zeros(2 * FOURTHS + 1, np.int64)

    def add(self, values: Sequence[float]) -> None:
        """Some more."""
        if values:
            self.count, self.least = self.count + len(values), min(self.least, *values)
            places = np.rint(np.clip(np.asarray(values), -1, 1) * FOURTHS).astype(np.int64) + FOURTHS
            np.add.at(self._counts, places, 1)

    def median(self) -> float:
        """The median; of at least one number."""
        upto = np.cumsum(self._counts)
        middle = [int(np.searchsorted(upto, rank, side="right")) for rank in ((self.count - 1) // 2, self.count // 2)]
        return float(np.mean([(place - FOURTHS) / FOURTHS for place in middle]))


@dataclass
class Quality:
    """The figures of a dataset, gathered while its tables are written."""

    probes: int = 0
    outside: int = 0
    switched: int = 0
    agree: int = 0
    days: int = 0
    overlap: Spread = field(default_factory=Spread)
    cosines: Spread = field(default_factory=Spread)
    _sums: dict[str, tuple[int, float, float, float, float]] = field(default_factory=dict)

    def add_probes(self, texts: Iterable[str]) -> None:
        """Probes of some part rows, as JSON."""
        for found in (json.loads(text) for text in texts if text != NO_PROBE):
            self.probes += 1
            self.outside = max(self.outside, found["outside"])
            self.switched += found["switched"]
            self.overlap.add(found["iou"])

    def add_days(self, days: pl.DataFrame) -> None:
        """Rows of the table of days: does the Hayashi class equal the rounded severity (ties: the lower class)?"""
        if not {"hayashi", "severity_true"} <= set(days.columns):
            return
        known = days.select("hayashi", pl.col("severity_true").fill_nan(None)).drop_nulls()
        rounded = np.clip(np.ceil(known["severity_true"].to_numpy() - 0.5), 0, 3)
        self.agree += int((rounded == known["hayashi"].to_numpy()).sum())
        self.days += known.height

    def add_pictures(self, pictures: pl.DataFrame) -> None:
        """Rows of the table of images, for the sums of their nuisance and the likeness that a renderer measured."""
        if "drawn" in pictures.columns:
            told = (text for text in pictures["drawn"] if COSINE in text)
            found = (json.loads(text).get(COSINE) for text in told)
            self.cosines.add([float(cosine) for cosine in found if cosine is not None])
        for name in NUISANCE if pictures.height else ():
            if name in pictures.columns:
                values = pictures[name].to_numpy()
                n, total, squares, low, high = self._sums.get(name, (0, 0.0, 0.0, np.inf, -np.inf))
                total, squares = total + float(values.sum()), squares + float((values**2).sum())
                low, high = min(low, float(values.min())), max(high, float(values.max()))
                self._sums[name] = (n + values.size, total, squares, low, high)

    def document(self) -> dict[str, Any]:
        """What truth/manifest.json says under `quality`; None where there was nothing to measure."""
        return {
            "pictures_probed": self.probes,
            "outside_support_max": self.outside if self.probes else None,
            "lesions_followed": self.overlap.count,
            "persistence_iou": round(self.overlap.median(), 4) if self.overlap.count else None,
            "persistence_switches": self.switched if self.probes else None,
            "dose_agreement": round(self.agree / self.days, 6) if self.days else None,
            "identity": _short(self.cosines.least) if self.cosines.count else None,
            "identity_median": _short(self.cosines.median()) if self.cosines.count else None,
            "nuisance": self._nuisance(),
        }

    def _nuisance(self) -> Mapping[str, Mapping[str, float]]:
        found = {}
        for name, (n, total, squares, low, high) in self._sums.items():
            mean = total / n
            sd = max(squares / n - mean**2, 0.0) ** 0.5
            found[name] = {"mean": _short(mean), "sd": _short(sd), "min": _short(low), "max": _short(high)}
        return found


def _short(value: float) -> float:
    return float(f"{value:.6g}")
