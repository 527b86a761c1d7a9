"""finish(): from a plan and the committed parts to the tables, the truth and the manifests of a dataset."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from ..dataset import layout, manifest, parts, tables
from ..dataset.card import CardInfo, card
from ..dataset.target import Target
from . import frames
from .plan import Plan

TRUTH_TABLES = ("patients", "days", "lesions", "lesion_days", "boxes")


def finish(plan: Plan, target: Target) -> None:
    """Write what the parts and the plan say, then the manifests. Every picture must be committed."""
    protocol = plan.protocol
    rows = parts.all_rows(target, protocol.digest)
    files = parts.files_of(rows)
    names = pictures(rows)
    gathered: dict[str, list[pl.DataFrame]] = {name: [] for name in ("observations", *TRUTH_TABLES)}
    for block in plan.blocks():
        for name, frame in frames.frames_of(plan, block, names).items():
            gathered[name].append(frame)
        for path, data in persistence(plan, block):
            files[path] = _store(target, path, data)
    ids = [patient.patient_id for patient in plan.people()]
    gathered["boxes"].append(frames.boxes(parts.boxes_of(rows), ids))
    columns: list[str] = []
    for name, some in gathered.items():
        table = tables.conform(name, pl.concat(some))
        columns = table.columns if name == "observations" else columns
        path = tables.TABLES[name].path
        data = tables.write_csv(table) if path.endswith(".csv") else tables.write_parquet(table)
        files[path] = _store(target, path, data)
    info = CardInfo(
        title=protocol.title or protocol.name,
        digest=protocol.digest,
        command=again(plan),
        patients=protocol.cohort.patients,
        days=protocol.days,
        images=rows.height,
        columns=columns,
        size_px=protocol.images.size_px,
        views=protocol.images.views,
        format=protocol.images.format,
        version=manifest.versions()["nof1sim"],
    )
    files[layout.CARD] = _store(target, layout.CARD, card(info).encode())
    shown = {
        "patients": protocol.cohort.patients,
        "days": protocol.days,
        "images": {"count": rows.height, "size_px": protocol.images.size_px, "views": protocol.images.views},
    }
    manifest.finish(target, files, shown, truth_info(plan, rows))


def again(plan: Plan) -> str:
    """The command that makes the dataset again, from the folder itself."""
    given = plan.protocol.given
    if given is None:
        return f"nof1sim simulate --protocol {layout.TRUTH_MANIFEST} --out again"
    scale = f"{given.scale_low:g}:{given.scale_high:g}"
    return (
        f"nof1sim simulate --severity-csv {layout.OBSERVATIONS} --scale {scale} --missing {given.missing} "
        f"--seed {plan.protocol.seed} --out again"
    )


def truth_info(plan: Plan, rows: pl.DataFrame) -> dict[str, Any]:
    """What truth/manifest.json says beside the protocol: the latent's unit, and how each picture was taken."""
    return {
        "seed": plan.protocol.seed,
        "latent_unit": plan.block(0, 1).trajectories.unit,
        "images": {
            path: {"nuisance": json.loads(nuisance), "drawn": json.loads(drawn)}
            for path, nuisance, drawn in rows.select("image", "nuisance", "drawn").iter_rows()
        },
    }


def pictures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a patient, day and occasion; a column image_<view> of paths for each view."""
    wide = rows.select("rank", "day", "occasion", "view", "image").pivot(
        "view", index=["rank", "day", "occasion"], values="image"
    )
    return wide.rename({view: f"image_{view}" for view in wide.columns[3:]})


def persistence(plan: Plan, block: Any) -> Iterator[tuple[str, bytes]]:
    """Each patient's lesion persistence map: site, place, birth, peak, end and type on the face chart, as .npz."""
    for field in block.fields:
        buffer = io.BytesIO()
        columns: dict[str, Any] = dict(field.columns)
        np.savez(buffer, **columns)
        yield layout.persistence_path(field.patient.key), buffer.getvalue()


def _store(target: Target, path: str, data: bytes) -> tuple[str, int]:
    stored = target.store(path, data)
    return stored.sha256, stored.bytes
