"""finish(): from a plan and the committed parts to the tables, the truth and the manifests of a dataset."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ..dataset import layout, manifest, packing, parts
from ..dataset.card import CardInfo, card
from ..dataset.spool import Spool
from ..dataset.statements import Persons
from ..dataset.tables import TABLES
from ..dataset.target import Stored, Target
from ..model import LesionField, patient_key
from ..protocol import Protocol
from ..render.base import PARTS
from . import card_facts, frames
from .plan import Plan
from .quality import Quality
from .renderers import persons_of

Files = dict[str, tuple[str, int]]
"""Path -> (SHA-256, bytes)."""

PICTURES_AT_ONCE = 1000
"""Pictures whose boxes and key points are unpacked together."""


def finish(plan: Plan, target: Target) -> None:
    """Write what the parts and the plan say, then the manifests. Every picture must be committed."""
    protocol = plan.protocol
    rows = parts.all_rows(target, protocol.digest)
    packed = protocol.images.layout == "packed"
    files = packing.write_index(target, rows) if packed else parts.files_of(rows)
    columns, quality = _write_tables(plan, target, rows, files)
    data = card(card_info(plan, rows.height, columns)).encode()
    files[layout.FACES] = _entry(target.store(layout.FACES, faces(rows)))
    files[layout.CARD] = _entry(target.store(layout.CARD, data))
    shown = {
        **consent_of(protocol),
        "patients": protocol.cohort.patients,
        "days": protocol.days,
        "images": {
            "count": rows.height,
            "size_px": protocol.images.size_px,
            "views": protocol.images.views,
            **({"layout": "packed"} if packed else {}),
        },
    }
    manifest.finish(target, protocol.digest, files, shown, truth_info(plan, quality))


def _write_tables(plan: Plan, target: Target, rows: pl.DataFrame, files: Files) -> tuple[list[str], Quality]:
    """Write every table and persistence map, and note them in `files`; the columns of observations.csv, the quality.

    Block by block: memory holds one block of patients, however many there are.
    """
    names = pictures(rows, plan.protocol.images.views)
    ids, quality = [patient.patient_id for patient in plan.people()], Quality()
    with target.scratch(layout.WORK) as folder:
        spools = {name: Spool(name, target, folder) for name in TABLES}
        for block in plan.blocks():
            fields = frames.fields_of(plan, block)
            for name, frame in frames.frames_of(plan, block, fields, names):
                spools[name].add(frame)
                if name == "days":
                    quality.add_days(frame)
            for path, data in map(persistence, fields):
                files[path] = _entry(target.store(path, data))
        for some in rows.iter_slices(PICTURES_AT_ONCE) if rows.height else (rows,):
            spools["boxes"].add(frames.boxes(parts.boxes_of(some), ids))
            spools["keypoints"].add(frames.keypoints(some, ids))
            taken = frames.images(plan, some, ids)
            spools["images"].add(taken)
            quality.add_pictures(taken)
            quality.add_probes(some["probe"])
        for spool in spools.values():
            files[spool.path] = _entry(spool.store())
    return spools["observations"].columns, quality


def card_info(plan: Plan, images: int, columns: list[str]) -> CardInfo:
    """What README.md says of the dataset: nothing that only a simulator knows."""
    protocol, given = plan.protocol, plan.protocol.given
    scale = given or protocol.severity
    return CardInfo(
        title=protocol.title or protocol.name,
        digest=protocol.digest,
        command=again(plan),
        patients=protocol.cohort.patients,
        days=protocol.days,
        images=images,
        columns=columns,
        scale=f"{scale.scale_low:g} to {scale.scale_high:g}",
        size_px=protocol.images.size_px,
        views=protocol.images.views,
        format=protocol.images.format,
        version=manifest.versions()["nof1sim"],
        facts=card_facts.facts(protocol, persons_in(protocol)),
        persons=persons_in(protocol),
        consent=consent_of(protocol).get("consent"),
        packed=protocol.images.layout == "packed",
    )


def persons_in(protocol: Protocol) -> Persons:
    """Who is in the pictures; nobody real where there are none."""
    return persons_of(protocol.images) if protocol.images.enabled else "invented"


def consent_of(protocol: Protocol) -> dict[str, Any]:
    """What manifest.json says of pictures of real persons, with the consent that was stated; else nothing."""
    persons = persons_in(protocol)
    if persons == "invented":
        return {}
    return {"persons": persons, "consent": _consents(protocol.images.renderer_options)}


def _consents(options: Mapping[str, Any]) -> str:
    """The consent of the options; several (a renderer may name one for each photograph) one after the other."""
    named = options.get("photographs")
    each = named.values() if isinstance(named, Mapping) else ()
    found = [options.get("consent"), *(one.get("consent") for one in each)]
    return "; ".join(dict.fromkeys(str(text) for text in found if text))


def again(plan: Plan) -> str:
    """The command that makes the dataset again, from the folder itself."""
    table = f"--severity-csv {layout.OBSERVATIONS} " if plan.protocol.given else ""
    faces = "--faces DIR " if persons_in(plan.protocol) == "photographs" else ""
    return f"nof1sim simulate {table}--protocol {layout.TRUTH_MANIFEST} {faces}--out again"


def truth_info(plan: Plan, quality: Quality) -> dict[str, Any]:
    """What truth/manifest.json says beside the protocol: the latent's unit, the figures of quality."""
    images = plan.protocol.images
    return {
        "seed": plan.protocol.seed,
        "latent_unit": plan.block(0, 1).trajectories.unit,
        "nuisance_dials": images.nuisance.dials,
        **({"parts": {str(code): name for code, name in PARTS.items()}} if "parts" in images.layers else {}),
        "quality": quality.document(),
    }


def faces(rows: pl.DataFrame) -> bytes:
    """truth/faces.json: what the renderer chose for each person, once."""
    people = rows.unique("rank", keep="first").sort("rank").select("rank", "face").iter_rows()
    found = {patient_key(rank): json.loads(face) for rank, face in people}
    document = {"synthetic": True, "faces": {key: face for key, face in found.items() if face}}
    return (json.dumps(document, indent=1) + "\n").encode()


def pictures(rows: pl.DataFrame, views: Sequence[str]) -> pl.DataFrame:
    """One row a patient, day and occasion; a column image_<view> of paths for each of `views`, in their order."""
    wide = rows.select("rank", "day", "occasion", "view", "image").pivot(
        "view", index=["rank", "day", "occasion"], values="image"
    )
    none = pl.lit(None, pl.String)
    paths = [(pl.col(view) if view in wide.columns else none).alias(f"image_{view}") for view in views]
    return wide.select(*wide.columns[:3], *paths)


def persistence(field: LesionField) -> tuple[str, bytes]:
    """A patient's lesion persistence map: site, place, birth, peak, end and type on the face chart, as .npz."""
    buffer = io.BytesIO()
    columns: dict[str, Any] = dict(field.columns)
    np.savez(buffer, **columns)
    return layout.persistence_path(field.patient.key), buffer.getvalue()


def _entry(stored: Stored) -> tuple[str, int]:
    return stored.sha256, stored.bytes
