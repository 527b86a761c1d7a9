"""Figures of quality: probes of the renderer while it draws, and their sum in truth/manifest.json.

A probe draws a day without any nuisance: with its lesions, without them, and the day after. Outside the lesions'
support nothing may differ, and a lesion must be where it was the day before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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


@dataclass
class Quality:
    """The figures of a dataset, gathered while its tables are written."""

    probes: list[dict[str, Any]] = field(default_factory=list)
    agree: int = 0
    days: int = 0
    cosines: list[float] = field(default_factory=list)
    _sums: list[pl.DataFrame] = field(default_factory=list)

    def add_probes(self, texts: Iterable[str]) -> None:
        """Probes of some part rows, as JSON."""
        self.probes += [found for found in map(json.loads, texts) if found]

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
            found = (json.loads(drawn).get(COSINE) for drawn in pictures["drawn"])
            self.cosines += [float(cosine) for cosine in found if cosine is not None]
        numbers = pictures.select(name for name in NUISANCE if name in pictures.columns)
        if numbers.height:
            self._sums.append(
                numbers.unpivot()
                .group_by("variable", maintain_order=True)
                .agg(
                    n=pl.len(),
                    total=pl.col("value").sum(),
                    squares=(pl.col("value") ** 2).sum(),
                    min=pl.col("value").min(),
                    max=pl.col("value").max(),
                )
            )

    def document(self) -> dict[str, Any]:
        """What truth/manifest.json says under `quality`; None where there was nothing to measure."""
        overlap = [value for found in self.probes for value in found["iou"]]
        return {
            "pictures_probed": len(self.probes),
            "outside_support_max": max((found["outside"] for found in self.probes), default=None),
            "lesions_followed": len(overlap),
            "persistence_iou": round(float(np.median(overlap)), 4) if overlap else None,
            "persistence_switches": sum(found["switched"] for found in self.probes) if self.probes else None,
            "dose_agreement": round(self.agree / self.days, 6) if self.days else None,
            "identity": _short(min(self.cosines)) if self.cosines else None,
            "identity_median": _short(float(np.median(self.cosines))) if self.cosines else None,
            "nuisance": self._nuisance(),
        }

    def _nuisance(self) -> Mapping[str, Mapping[str, float]]:
        if not self._sums:
            return {}
        whole = (
            pl.concat(self._sums)
            .group_by("variable", maintain_order=True)
            .agg(pl.col("n", "total", "squares").sum(), pl.col("min").min(), pl.col("max").max())
        )
        found = {}
        for name, n, total, squares, low, high in whole.iter_rows():
            mean = total / n
            sd = max(squares / n - mean**2, 0.0) ** 0.5
            found[name] = {"mean": _short(mean), "sd": _short(sd), "min": _short(low), "max": _short(high)}
        return found


def _short(value: float) -> float:
    return float(f"{value:.6g}")
