"""One patient of the page: scores, truth, counts, the life of every lesion and where it is in each picture."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ..dataset import pieces
from ..dataset.reader import Dataset
from ..model import STAGE_CODE, Floats, Unit
from .page_study import Study, numbers

COUNTS = ("n_inflammatory", "n_noninflammatory", "n_papule", "n_pustule", "n_nodule", "n_erythema",
          "n_hyperpigmentation", "n_scar", "hayashi", "iga", "gags_face", "gea")  # fmt: skip
"""Columns of truth/days.csv that the page tells by day, where they are there."""
CENTRE_STEPS = 4095
SIZE_STEPS = 512


def table_of(dataset: Dataset, name: str, ids: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """The rows of some patients of a truth table; of a local Parquet file only those are read."""
    wanted = pl.col("patient_id").is_in(list(ids))
    files = pieces.files_of(dataset.target, name)
    if not files or files[0].endswith(".csv"):
        frame = dataset.truth(name)
        return frame.filter(wanted).select(c for c in columns if c in frame.columns)
    frame = pieces.scan(dataset.target, files)
    there = frame.collect_schema().names()
    return frame.filter(wanted).select(c for c in columns if c in there).collect()


def side_of(study: Study, patient_id: str) -> dict[str, Any]:
    """What a dataset (or a twin) tells of a patient, without pictures and boxes: JSON values."""
    side: dict[str, Any] = {"name": study.label, "score": [numbers(row, 2) for row in study.scores(patient_id)]}
    side |= {"periods": study.periods(patient_id), "labels": [label["name"] for label in study.labels]}
    days = study.truth_days.get(patient_id)
    if days is None:
        return side
    at = days["day"].to_numpy() - 1
    side["severity"] = numbers(_by_day(days["severity_true"], at, study.days), 2)
    side["counts"] = {name: numbers(_by_day(days[name], at, study.days), 0) for name in COUNTS if name in days.columns}
    side["truth"] = _contrasts(study.truth_patients[patient_id])
    side["lesions"] = lesions_of(study.dataset, patient_id)
    return side


def _by_day(column: pl.Series, at: np.ndarray, days: int) -> Floats:
    out = np.full(days, np.nan)
    out[at] = column.cast(pl.Float64).to_numpy()
    return out


def _contrasts(person: Mapping[str, Any]) -> dict[str, Any]:
    """Long-run and realised severity under each arm."""
    told = {k: round(v, 2) for k, v in person.items() if k.startswith(("steady_", "realised_")) and v is not None}
    return told | ({"responder": person["responder"]} if person.get("responder") is not None else {})


def lesions_of(dataset: Dataset, patient_id: str) -> dict[str, Any]:
    """Every lesion that is ever drawn: place, region, and its runs [first day, days, code of the stage, ...]."""
    days = table_of(dataset, "lesion_days", [patient_id], ("lesion_id", "day", "stage", "visible"))
    days = days.filter(pl.col("visible")).sort("lesion_id", "day")
    about = table_of(dataset, "lesions", [patient_id], ("lesion_id", "x_mm", "y_mm", "region")).sort("lesion_id")
    ids, day = days["lesion_id"].to_numpy(), days["day"].to_numpy()
    stage = days["stage"].replace_strict(STAGE_CODE, return_dtype=pl.Int64).to_numpy()
    if not ids.size:
        return {"id": [], "x": [], "y": [], "region": [], "runs": []}
    new = np.r_[True, (np.diff(ids) != 0) | (np.diff(stage) != 0) | (np.diff(day) != 1)]
    first = np.flatnonzero(new)
    length = np.diff(np.r_[first, ids.size])
    owner = ids[first]
    lesions, starts = np.unique(owner, return_index=True)
    triples = np.stack([day[first], length, stage[first]], axis=1)
    runs = [part.ravel().tolist() for part in np.split(triples, starts[1:])]
    about = about.filter(pl.col("lesion_id").is_in(lesions.tolist()))
    region = about["region"].fill_null("").to_list() if "region" in about.columns else [""] * len(about)
    return {
        "id": lesions.tolist(),
        "x": [round(x) for x in about["x_mm"].to_list()],
        "y": [round(y) for y in about["y_mm"].to_list()],
        "region": region,
        "runs": runs,
    }


def boxes_of(dataset: Dataset, patient_id: str, lesion_ids: Sequence[int], size_px: int) -> dict[Unit, str]:
    """Picture (its rank 0) -> its lesions' boxes, packed: base64 of rows of six bytes.

    Step to the next index into the patient's lesions (the first from -1; a row without a width only steps); centre x
    and y in twelve bits each, as shares of the picture times 4095; width and height in 512ths of the picture.
    """
    names = ("day", "occasion", "view", "lesion_id", "x", "y", "w", "h")
    frame = table_of(dataset, "boxes", [patient_id], names)
    frame = frame.filter(pl.col("lesion_id").is_in(list(lesion_ids))).sort("view", "day", "occasion", "lesion_id")
    parts = frame.partition_by("day", "occasion", "view", as_dict=True, maintain_order=True, include_key=False)
    index = np.asarray(lesion_ids)
    return {
        Unit(0, int(day), int(occasion), str(view)): base64.b64encode(pack(part, index, size_px)).decode()
        for (day, occasion, view), part in parts.items()
    }


def pack(boxes: pl.DataFrame, index: np.ndarray, size_px: int) -> bytes:
    """Boxes of one picture, in the order of `index`, as `boxes_of` says."""
    x, y, w, h = (boxes[name].to_numpy() / size_px for name in "xywh")
    which = np.searchsorted(index, boxes["lesion_id"].to_numpy())
    steps = np.diff(which, prepend=-1)
    cx, cy = (np.rint(np.clip(centre, 0, 1) * CENTRE_STEPS).astype(int) for centre in (x + w / 2, y + h / 2))
    wide, tall = (np.clip(np.rint(side * SIZE_STEPS), 1, 255).astype(int) for side in (w, h))
    out = bytearray()
    for step, a, b, c, d in zip(*(v.tolist() for v in (steps, cx, cy, wide, tall)), strict=True):
        while step > 255:
            out += bytes((255, 0, 0, 0, 0, 0))
            step -= 255
        out += bytes((step, a >> 4, (a & 15) << 4 | b >> 8, b & 255, c, d))
    return bytes(out)


def stage_codes(mask: np.ndarray, runs: Iterable[tuple[int, Sequence[int]]], day: int) -> np.ndarray:
    """A mask of lesion ids (h, w) as codes (h, w) uint8: 1 + stage on the day, 0 for skin. `runs`: lesion_id, runs."""
    table = np.zeros(max(1, int(mask.max(initial=0)) + 1), np.uint8)
    for lesion_id, run in runs:
        for first, length, stage in zip(run[::3], run[1::3], run[2::3], strict=True):
            if first <= day < first + length and lesion_id < table.size:
                table[lesion_id] = stage + 1
    return table[mask]
