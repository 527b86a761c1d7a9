"""One photograph of a run at a time: lesions, picture, masks, row. Runs in any process, in any order."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1sim.conditions import merge
from nof1sim.conditions.base import Condition
from nof1sim.dataset.images import encode, encode_mask
from nof1sim.dataset.layers import encode_layer
from nof1sim.dataset.tables import write_parquet
from nof1sim.dataset.target import Target
from nof1sim.model import STAGES, LesionField, Lesions
from nof1sim.run.engine import Report, Worker
from nof1sim.run.units import Shard

from .draw import Patch, Studio, areas, photograph
from .geometry import square_of
from .piece import draw_piece
from .plan import Job, Style, condition_of, sites_of
from .shot import Shot, draw_shot, widest

PARTS = ".nof1sim/parts"
LESION_COLUMNS = (
    "lesion_id", "group", "stage", "x_mm", "y_mm", "diameter_mm", "height_mm", "erythema", "melanin", "area_px"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """A photograph with its row and the lesions in it, by LESION_COLUMNS."""

    patch: Patch
    row: Mapping[str, Any]
    lesions: Mapping[str, NDArray[Any]]


class Photographer:
    """Takes the photographs of a run. Keeps the last piece of skin, whose next day may come next."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.condition = condition_of(style.condition)
        self._sites = sites_of(self.condition)
        self._prepared: tuple[Any, Studio, LesionField] | None = None

    def take(self, job: Job) -> Taken:
        """The photograph of a job: a pure function of job and style."""
        s = self.style
        shot = draw_shot(s.seed, job.address, s.dial, job.patient.ita_deg, again=job.series)
        studio, field = self._skin(job, widest(s.dial) if job.series else shot)
        lesions = moved(self.condition.on(field, job.day), studio.square.x, studio.square.y)
        patch = photograph(studio, lesions, shot, s.size_px, s.seed, job.address)
        table = _table(lesions, patch)
        return Taken(patch, _row(s, self.condition, job, studio, shot, patch, table), table)

    def _skin(self, job: Job, shot: Shot) -> tuple[Studio, LesionField]:
        if self._prepared is None or self._prepared[0] != job.skin:
            s = self.style
            piece = draw_piece(job.patient, s.seed, job.skin, self._sites)
            square = square_of(piece, shot, middle=job.series)
            field = self.condition.patch(job.patient, job.drive, s.seed, job.skin, square.side)
            self._prepared = (job.skin, Studio(piece, square), field)
        return self._prepared[1:]


def moved(lesions: Lesions, x_mm: float, y_mm: float) -> Lesions:
    """Lesions shifted on the chart."""
    return replace(lesions, x_mm=lesions.x_mm + x_mm, y_mm=lesions.y_mm + y_mm)


def _table(lesions: Lesions, patch: Patch) -> dict[str, NDArray[Any]]:
    """LESION_COLUMNS of the lesions whose core shows in the picture; stages as codes."""
    area = areas(patch.core, int(lesions.lesion_id.max(initial=0)))[lesions.lesion_id]
    shown = np.flatnonzero(area)
    group = merge.groups(lesions)[shown]
    numbered = np.cumsum(np.bincount(group) > 0)  # those of which something shows: 1, 2 ...
    more = {"group": numbered[group], "area_px": area[shown]}
    return {name: more[name] if name in more else getattr(lesions, name)[shown] for name in LESION_COLUMNS}


def _joined(names: Sequence[str], tables: Sequence[Mapping[str, NDArray[Any]]]) -> pl.DataFrame:
    """The lesions of some photographs, by the names of their files; stages by name."""
    columns = {name: np.concatenate([table[name] for table in tables]) for name in LESION_COLUMNS}
    which = np.repeat(np.arange(len(names)), [table["lesion_id"].size for table in tables])
    stage = pl.Series(STAGES, dtype=pl.String).gather(columns["stage"].astype(np.int64))
    file_name = pl.Series(names, dtype=pl.String).gather(which)
    return pl.DataFrame({"file_name": file_name, **columns, "stage": stage})


def _row(
    style: Style, condition: Condition, job: Job, studio: Studio, shot: Shot, patch: Patch,
    table: Mapping[str, NDArray[Any]],
) -> dict[str, Any]:  # fmt: skip
    paths, piece, skin = job.paths(style.format), studio.piece, int(np.count_nonzero(patch.skin))
    return {
        "file_name": paths["image"], "mask_file_name": paths["mask"], "instance_file_name": paths["instance"],
        **job.told,
        "condition": condition.name, "severity": job.severity,
        "area_share": round(float(table["area_px"].sum()) / max(skin, 1), 6), "n_lesions": table["area_px"].size,
        "n_groups": int(table["group"].max(initial=0)), "skin_share": round(skin / patch.skin.size, 6),
        "skin_type": job.patient.fitzpatrick, "ita_deg": round(piece.ita_deg, 2), "age_years": job.patient.age_years,
        "sex": job.patient.sex, "site": piece.site, "mm_per_px": round(patch.mm_per_px, 6),
        "hair": round(piece.terminal, 4), "freckles": round(piece.freckles, 4), "moles": len(piece.moles),
        "creases": len(piece.creases), "backdrop": piece.backdrop if skin < patch.skin.size else "none",
        **shot.numbers(), "seed": style.seed, "address": "|".join(map(str, job.address)),
    }  # fmt: skip


def part_path(shard: Shard) -> str:
    """What is noted of a finished shard."""
    return f"{PARTS}/{shard.id}.json"


def lesions_path(shard: Shard) -> str:
    """The lesions of a finished shard."""
    return f"{PARTS}/{shard.id}.parquet"


@dataclass(frozen=True, slots=True)
class MakeWork:
    """Builds the worker of a process; jobs by rank and day of their `Unit`."""

    out: str
    style: Style
    jobs: Mapping[tuple[int, int], Job]

    def __call__(self) -> Worker:
        return _Work(self, Photographer(self.style), Target(self.out))


class _Work:
    def __init__(self, plan: MakeWork, photographer: Photographer, target: Target) -> None:
        self._plan, self._photographer, self._target = plan, photographer, target

    def __call__(self, shard: Shard) -> Report:
        """Write the files of a shard, its lesions, and last its note: without it nothing counts as done."""
        rows, files, tables = [], {}, []
        for unit in shard.units:
            job = self._plan.jobs[unit.rank, unit.day]
            taken = self._photographer.take(job)
            for path, data in encoded(taken, job, self._plan.style).items():
                stored = self._target.store(path, data)
                files[path] = {"sha256": stored.sha256, "bytes": stored.bytes}
            rows.append(taken.row)
            tables.append(taken.lesions)
        table = _joined([row["file_name"] for row in rows], tables)
        lesions = self._target.store(lesions_path(shard), write_parquet(table))
        note = {"rows": rows, "files": files, "lesions": lesions.sha256}
        self._target.write(part_path(shard), (json.dumps(note) + "\n").encode())
        return Report(len(rows))


def encoded(taken: Taken, job: Job, style: Style) -> dict[str, bytes]:
    """Path -> bytes of the picture and its masks."""
    paths, patch = job.paths(style.format), taken.patch
    note = {"kind": "patch of skin", "condition": taken.row["condition"], "seed": style.seed,
            "address": taken.row["address"]}  # fmt: skip
    quality = int(taken.row["jpeg_quality"])
    return {
        paths["image"]: encode(patch.pixels, style.format, quality, note),
        paths["mask"]: encode_layer("binary", (patch.core > 0) * np.uint8(255)),
        paths["instance"]: encode_mask(patch.core),
    }


def read_part(target: Target, shard: Shard) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """The note and lesions of a finished shard; None if it is not, or a file is not the one that was noted."""
    path = part_path(shard)
    if not target.exists(path):
        return None
    try:
        note = json.loads(target.read(path))
        wanted = {name: entry["sha256"] for name, entry in note["files"].items()} | {
            lesions_path(shard): note["lesions"]
        }
        rows = note["rows"]
    except (ValueError, TypeError, KeyError):  # damaged: taken again
        return None
    if len(rows) != len(shard.units):
        return None
    for name, sha256 in wanted.items():
        if not target.exists(name) or _sha256(target, name) != sha256:
            return None
    return note, pl.read_parquet(io.BytesIO(target.read(lesions_path(shard))))


def _sha256(target: Target, path: str) -> str:
    return hashlib.sha256(target.read(path)).hexdigest()


__all__ = ["MakeWork", "Photographer", "Taken", "encoded", "part_path", "read_part"]
