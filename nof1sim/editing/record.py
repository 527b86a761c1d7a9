"""What is written down about an edit: the lesion table and the manifest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nof1sim import __version__
from nof1sim.conditions.acne.condition import stage_names
from nof1sim.conditions.acne.counts import count_map
from nof1sim.render.portrait.prepare import Canvas
from nof1sim.render.portrait.spots import KINDS as SPOT_KINDS

from .edit import Edited, Want
from .lesions import hayashi_class
from .stock import kind_of

SCHEMA = "nof1sim-edit/1"
LABEL = "Edited photograph: skin lesions in it are synthetic. Not for diagnosis."


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of an edit beside the wish: seed, consent, the table of lesions (its name and sha256)."""

    seed: int
    consent: str
    lesions: tuple[str, str] | None = None


def lesion_table(edited: Edited) -> pl.DataFrame:
    """A row a lesion: the columns of truth/lesion_days, its place on the face chart and in the picture, `drawn`."""
    d = edited.lesions
    return pl.DataFrame({
        "lesion_id": d.lesion_id, "x_mm": d.x_mm, "y_mm": d.y_mm, "x_px": edited.x_px, "y_px": edited.y_px,
        "stage": stage_names(d.stage), "diameter_mm": d.diameter_mm, "height_mm": d.height_mm,
        "erythema": d.erythema, "melanin": d.melanin, "pus": d.pus, "plug": d.plug, "crust": d.crust,
        "shape": d.shape, "visible": d.visible, "counted": d.counted, "drawn": edited.drawn,
    })  # fmt: skip


def manifest(canvas: Canvas, edited: Edited, want: Want, told: Told, landmarks: str) -> dict[str, Any]:
    """How the edit came to be and what is in it, as JSON values; the files' hashes are added where they are written."""
    photograph = canvas.photograph
    return {
        "schema": SCHEMA,
        "label": LABEL,
        "generator": f"nof1sim {__version__}",
        "photograph": {
            "name": photograph.name, "sha256": photograph.sha256,
            "width_px": photograph.pixels.shape[1], "height_px": photograph.pixels.shape[0],
        },
        "consent": told.consent,
        "seed": told.seed,
        "wanted": _wanted(want, told),
        "added": _added(edited, want),
        "found_before": _found(edited),
        "red_spots": None if edited.left is None else {"before": edited.found.count, "after": edited.left},
        "estimates": _estimates(canvas, landmarks),
        "notes": list(edited.notes),
    }  # fmt: skip


def _wanted(want: Want, told: Told) -> dict[str, Any]:
    table = None if told.lesions is None else dict(zip(("name", "sha256"), told.lesions, strict=True))
    return {
        "severity": want.severity, "grade": want.grade, "lesions": table, "reduce": want.reduce, "scope": want.scope,
        "age_years": want.age_years, "sex": want.sex,
    }  # fmt: skip


def _added(edited: Edited, want: Want) -> dict[str, Any]:
    kinds, stages = kind_of(edited.lesions.stage), stage_names(edited.lesions.stage)
    red = edited.drawn & (kinds == 0)
    left, right = (int((red & side).sum()) for side in (edited.lesions.x_mm > 0, edited.lesions.x_mm <= 0))
    names, counts = np.unique(stages[edited.drawn], return_counts=True)
    record: dict[str, Any] = {
        "inflammatory_whole_face": edited.whole_face,
        "inflammatory_asked": edited.asked,
        "inflammatory": edited.added,
        "by_stage": dict(zip(names.tolist(), counts.tolist(), strict=True)),
        "hayashi": edited.grade,
    }
    if want.scope == "face":
        sides = {"left": left, "right": right}
        record |= {f"inflammatory_{side}": n for side, n in sides.items()}
        record |= {f"hayashi_{side}": hayashi_class(n, "half") for side, n in sides.items()}
    return record


def _found(edited: Edited) -> dict[str, Any]:
    found = edited.found
    each = np.bincount(found.kind, minlength=len(SPOT_KINDS))
    return {
        "lesion_like_spots": found.count,
        "spots_left": found.left,
        "spots_right": found.right,
        "brown_spots": int(each[1]),
        "moles": int(each[2]),
        "severity_of_as_many": round(float(count_map().severities(np.array(float(found.count)))), 2),
        "red_share_of_skin": _number(found.red_share),
        "erythema_index": _number(found.erythema_index),
        "spots": [
            {"x_px": _number(x), "y_px": _number(y), "diameter_mm": _number(d), "contrast": _number(c), "kind": kind}
            for x, y, d, c, kind in zip(
                found.x_px, found.y_px, found.diameter_mm, found.contrast, np.array(SPOT_KINDS)[found.kind].tolist(),
                strict=True,
            )
        ],
    }  # fmt: skip


def _estimates(canvas: Canvas, landmarks: str) -> Mapping[str, Any]:
    face, finish = canvas.face, canvas.finish
    return {
        "landmarks": landmarks,
        "mm_per_px": _number(face.mm_per_px, 4),
        "yaw_deg": _number(face.yaw_deg), "pitch_deg": _number(face.pitch_deg), "roll_deg": _number(face.roll_deg),
        "skin_cm2": _number(float((canvas.skin > 0.5).sum()) * face.mm_per_px**2 / 100),
        "ita_deg": _number(canvas.ita_deg),
        "light_direction": [_number(float(v)) for v in canvas.lighting.direction[0]],
        "blur_px": _number(finish.blur_px), "noise_grey_levels": _number(finish.noise),
        "jpeg": finish.jpeg is not None,
    }  # fmt: skip


def _number(value: float, digits: int = 2) -> float | None:
    """JSON has no NaN."""
    value = float(value)
    return round(value, digits) if math.isfinite(value) else None
