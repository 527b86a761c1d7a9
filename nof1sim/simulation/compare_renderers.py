"""What lesions that stay where they are gain: figures of persistence of finished datasets, side by side.

Meant for the same protocol drawn by different renderers, without nuisance (`images.nuisance: {preset: none}`) and as
PNG: then nothing changes from day to day but what the renderer changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull
from scipy.stats import spearmanr

from ..chart import KEY_POINTS
from ..dataset.layout import mask_of
from ..dataset.reader import NUISANCE, Dataset, open_dataset
from ..errors import DatasetError, Fault, RenderError
from ..model import Bools, Unit
from ..render.skin.warp import fit_warp

Pixels = NDArray[np.uint8]
LEAST_DAYS = 3
"""A rank correlation of fewer days says nothing."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """Figures of one dataset and view. Changes are from a day to the next one, of the same occasion; None: not known.

    patients, pairs : how many patients and pairs of neighbouring days.
    outside : mean absolute change where no lesion is on either day (outside both supports), grey levels.
    face : the same over the face, hairline to chin, lesions included; over the whole picture where too few key points
        say where the face is.  share_outside : of all change in the picture, the
        share that lies outside both supports.
    cosine_median, cosine_min : of the days' faces to the portrait, as the renderer recorded them (truth/images).
    lost : pictures in which it found no single face.
    redness_rho : Spearman's correlation of the face's red excess (R - (G + B) / 2, mean) with the true severity over
        a patient's days; the median over patients.
    nuisance : the pictures differ by light, pose or camera, too: then no change is the renderer's alone.
    """

    dataset: str
    renderer: str
    patients: int
    pairs: int
    outside: float | None
    face: float | None
    share_outside: float | None
    cosine_median: float | None
    cosine_min: float | None
    lost: int
    redness_rho: float | None
    nuisance: bool


def compare(datasets: Sequence[str | os.PathLike[str] | Dataset], view: str = "front") -> pl.DataFrame:
    """A row of `Persistence` for each dataset, in order."""
    return pl.DataFrame([asdict(persistence_of(dataset, view)) for dataset in datasets], infer_schema_length=None)


def persistence_of(dataset: str | os.PathLike[str] | Dataset, view: str = "front") -> Persistence:
    """The figures of a finished dataset of any renderer; reads every picture of the view once.

    Raises
    ------
    DatasetError
        No dataset, no pictures of that view, or none of the masks that say where lesions are.
    """
    opened = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    units = [unit for unit in opened.units() if unit.view == view]
    if not units:
        raise DatasetError(str(Fault("view", view, ", ".join(opened.views()) or "none: no pictures were made")))
    if not opened.target.exists(mask_of(opened.path(units[0]), True)):
        advice = "Simulate with images.masks: true, and give the whole dataset, truth/ included."
        raise DatasetError(str(Fault(opened.url, "no lesion masks", "a dataset with truth/masks", advice)))
    faces = _face_masks(opened, view)
    changes, redness = [], {}
    for unit, pixels, before in _with_day_before(opened, units):
        face = faces.get(opened.path(unit), np.ones(pixels.shape[:2], bool))
        redness[unit] = red_excess(pixels, face)
        if before is not None:
            free = (opened.mask(unit, True) == 0) & (opened.mask(before[0], True) == 0)
            changes.append(change(before[1], pixels, free, face))
    cosines, lost = _likeness(opened, view)
    sums = np.array(changes).reshape(-1, 5).sum(0)
    return Persistence(
        opened.url, opened.truth_manifest["protocol"]["images"]["renderer"], len({unit.rank for unit in units}),
        len(changes), _ratio(sums[0], sums[1]), _ratio(sums[2], sums[3]), _ratio(sums[0], sums[4]),
        float(np.median(cosines)) if cosines else None, min(cosines, default=None), lost,
        _correlation(opened, redness), _varies(opened, view),
    )  # fmt: skip


def change(first: Pixels, second: Pixels, free: Bools, face: Bools) -> tuple[float, float, float, float, float]:
    """Of two pictures (h, w, 3), sums over pixels of the absolute change, mean of the channels, and numbers of pixels:
    change and number where `free` (h, w), change and number over the face, change in all."""
    away = np.abs(first.astype(np.int16) - second).mean(-1)
    return float(away[free].sum()), float(free.sum()), float(away[face].sum()), float(face.sum()), float(away.sum())


def red_excess(pixels: Pixels, face: Bools) -> float:
    """R - (G + B) / 2, mean over the face, grey levels."""
    red, green, blue = pixels[face].astype(float).mean(0)
    return float(red - (green + blue) / 2)


def _with_day_before(
    dataset: Dataset, units: Sequence[Unit]
) -> Iterator[tuple[Unit, Pixels, tuple[Unit, Pixels] | None]]:
    """Each picture, and that of the day before where there is one. Memory holds a few."""
    for mine in sorted({(unit.rank, unit.occasion) for unit in units}):
        last: tuple[Unit, Pixels] | None = None
        for unit in sorted(unit for unit in units if (unit.rank, unit.occasion) == mine):
            pixels = dataset.image(unit)
            yield unit, pixels, last if last is not None and last[0].day == unit.day - 1 else None
            last = unit, pixels


def _face_masks(dataset: Dataset, view: str) -> Mapping[str, Bools]:
    """Image -> the face (h, w): the hull of the chart's key points, laid over the picture by those that it has."""
    table = dataset.truth("keypoints").filter(pl.col("view") == view).drop_nulls(("x", "y"))
    size, out = int(dataset.truth_manifest["protocol"]["images"]["size_px"]), {}
    chart = np.array([place[:2] for place in KEY_POINTS.values()], float)
    outline = chart[ConvexHull(chart).vertices]
    for (image,), rows in table.group_by("image", maintain_order=True):
        points = {name: (x, y) for name, x, y in rows.select("name", "x", "y").iter_rows()}
        with suppress(RenderError):  # too few points
            out[str(image)] = filled(fit_warp(points).to_px(*outline.T), size)
    return out


def filled(outline_px: NDArray[np.floating], size_px: int) -> Bools:
    """The pixels (size, size) within a polygon (n, 2) of x, y."""
    picture = Image.new("1", (size_px, size_px))
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in outline_px], fill=1)
    return np.asarray(picture, bool)


def _likeness(dataset: Dataset, view: str) -> tuple[list[float], int]:
    """Cosines that the renderer recorded, and in how many pictures it lost the face."""
    texts = dataset.truth("images").filter(pl.col("view") == view)["drawn"]
    drawn = [json.loads(text) for text in texts.drop_nulls()]
    cosines = [float(one["identity_cosine"]) for one in drawn if "identity_cosine" in one]
    return cosines, sum("identity" in one for one in drawn)


def _correlation(dataset: Dataset, redness: Mapping[Unit, float]) -> float | None:
    """Redness with true severity within a patient, median over the patients in whom both vary."""
    days, ids = dataset.truth("days"), dataset.patient_ids()
    name = next((name for name in ("severity_true", "severity_lesions") if name in days.columns), None)
    if name is None:
        return None
    known = {(who, day): value for who, day, value in days.select("patient_id", "day", name).iter_rows()}
    by_rank: dict[int, list[tuple[float, float]]] = {}
    for unit, red in redness.items():
        severity = known.get((ids[unit.rank], unit.day))
        if severity is not None and np.isfinite(severity):
            by_rank.setdefault(unit.rank, []).append((red, severity))
    tables = [np.array(rows) for rows in by_rank.values() if len(rows) >= LEAST_DAYS]
    found = [float(spearmanr(*table.T)[0]) for table in tables if (np.ptp(table, axis=0) > 0).all()]  # pyright: ignore[reportArgumentType]
    return float(np.median(found)) if found else None


def _varies(dataset: Dataset, view: str) -> bool:
    pictures = dataset.truth("images").filter(pl.col("view") == view)
    return any(pictures[name].n_unique() > 1 for name in NUISANCE if name in pictures.columns)


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
