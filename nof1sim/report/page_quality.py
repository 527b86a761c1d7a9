"""What the page says of a dataset's quality: how the photographs vary, gaps, scores at the bounds, checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ..dataset import pieces
from ..dataset.columns import TABLES
from ..errors import DatasetError
from .page_study import SCORE, Study

BINS = 28
FIELDS = {
    "yaw_deg": ("Turn of the head", "°"),
    "pitch_deg": ("Nod", "°"),
    "roll_deg": ("Tilt", "°"),
    "scale": ("Size in the frame", "×"),
    "distance": ("Camera distance", "×"),
    "blur_px": ("Focus blur", "px"),
    "motion_px": ("Motion blur", "px"),
    "exposure_ev": ("Exposure", "EV"),
    "white_balance_k": ("White balance", "K"),
    "tint": ("Tint", ""),
    "light_side": ("Side of the light", ""),
    "light_key": ("Main light", "×"),
    "light_hard": ("Hardness of the light", ""),
    "oil": ("Gloss of the skin", "×"),
    "makeup": ("Make-up", ""),
    "tan": ("Tan", ""),
    "beard": ("Beard", ""),
    "smile": ("Smile", ""),
    "noise": ("Sensor noise", "×"),
    "jpeg_quality": ("JPEG quality", ""),
}
"""Columns of truth/images.parquet that get a histogram where they vary: title and unit."""
MOST_FINDINGS = 20


def nuisance_of(study: Study) -> list[dict[str, Any]]:
    """A histogram of each kind of nuisance that varies, and its mean on the days of each treatment."""
    if "images" not in TABLES or not study.has_truth or not pieces.files_of(study.dataset.target, "images"):
        return []
    pictures = study.dataset.truth("images")
    days = study.dataset.observations().select("patient_id", "day", "treatment").unique(["patient_id", "day"])
    pictures = pictures.join(days, on=["patient_id", "day"], how="left", maintain_order="left")
    found = []
    for name, (title, unit) in FIELDS.items():
        if name not in pictures.columns or not pictures.height:
            continue
        values = pictures[name].to_numpy().astype(float)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        if not low < high:
            continue
        counts, _ = np.histogram(values[np.isfinite(values)], BINS, (low, high))
        means = pictures.group_by("treatment").agg(pl.col(name).mean())
        found.append(
            {
                "name": name,
                "title": title,
                "unit": unit,
                "low": float(f"{low:.4g}"),
                "high": float(f"{high:.4g}"),
                "counts": counts.tolist(),
                "mean": float(f"{np.nanmean(values):.4g}"),
                "sd": float(f"{np.nanstd(values):.3g}"),
                "means": {label: float(f"{mean:.4g}") for label, mean in sorted(means.iter_rows()) if mean is not None},
            }
        )
    return found


def saturation_of(study: Study) -> dict[str, Any]:
    """Shares of days at the ends of the scale, recorded and true; and what is missing. Over all patients."""
    seen = study.dataset.observations()
    low, high = study.scale
    scores = seen[SCORE].drop_nulls()
    expected = seen.height * len(study.views)
    pictures = sum(len(units) for units in study.units.values())
    gone = int(seen["dropped_out"].fill_null(False).sum()) if "dropped_out" in seen.columns else 0
    found: dict[str, Any] = {
        "rows": seen.height,
        "scores_missing": seen[SCORE].null_count(),
        "pictures_missing": expected - pictures,
        "pictures_expected": expected,
        "rows_after_dropout": gone,
        "recorded": _bounds(scores, low, high),
    }
    if study.has_truth:
        found["true"] = _bounds(study.dataset.truth("days")["severity_true"].drop_nulls(), 0.0, 3.0)
    return found


def _bounds(values: pl.Series, low: float, high: float) -> dict[str, float]:
    if not len(values):
        return {"low": 0.0, "high": 0.0}
    return {
        "low": round(float((values <= low).mean() or 0), 4),  # type: ignore[arg-type]
        "high": round(float((values >= high).mean() or 0), 4),  # type: ignore[arg-type]
    }


def checks_of(study: Study) -> list[dict[str, Any]]:
    """The figures of quality of truth/manifest.json, each with its goal and whether it is met (None: no goal)."""
    figures = study.dataset.truth_manifest.get("quality") if study.has_truth else None
    if not figures:
        return []
    n = figures.get("pictures_probed")
    rows = [
        ("outside_support_max", "Nothing changes outside the lesions", "largest difference outside every lesion's "
         "support, nuisance off, in grey levels", "0", lambda v: v == 0),
        ("persistence_iou", "A lesion stays where it is", "median overlap (IoU) of a stable lesion's masks on "
         "neighbouring days, nuisance off", "at least 0.8", lambda v: v >= 0.8),
        ("persistence_switches", "No lesion takes another's number", "switches of identity", "0", lambda v: v == 0),
        ("dose_agreement", "The picture says what the severity says", "share of days on which the Hayashi class of the "
         "lesions equals the rounded true severity", "1", lambda v: v >= 1),
        ("identity", "One patient, one face", "least cosine of a face model's vectors, day against portrait",
         "at least 0.85", lambda v: isinstance(v, (int, float)) and v >= 0.85),
    ]  # fmt: skip
    found = []
    for name, title, what, goal, met in rows:
        if name not in figures:
            continue
        value = figures[name]
        shown = "not measured" if value is None else json.dumps(value) if isinstance(value, dict) else f"{value:.4g}"
        ok = None if value is None or isinstance(value, dict) else bool(met(value))
        found.append({"title": title, "what": what, "goal": goal, "value": shown, "ok": ok})
    if n is not None and found:
        found[0]["what"] += f" ({n} pictures probed)"
    return found


def validation_of(document: object, digest: str) -> dict[str, Any] | None:
    """`nof1sim validate --json` in short: validity, checks, the first findings. None for that of another dataset."""
    if not isinstance(document, Mapping) or document.get("digest") != digest:
        return None
    try:
        return {
            "valid": bool(document["valid"]),
            "state": str(document["state"]),
            "notes": [str(note) for note in document.get("notes", [])],
            "checks": [
                {k: check.get(k) for k in ("title", "of", "looked_at", "errors", "warnings", "skipped")}
                for check in document["checks"]
            ],
            "findings": [
                {k: str(finding.get(k, "")) for k in ("severity", "path", "what", "advice")}
                for finding in document["findings"][:MOST_FINDINGS]
            ],
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise DatasetError(
            "The validation is no document of `nof1sim validate --json`. Write it again, or remove it."
        ) from error
