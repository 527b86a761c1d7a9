"""finish(): from a plan and the committed parts to the tables, the truth and the manifests of a dataset."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ..dataset import layout, manifest, parts
from ..dataset.card import CardInfo, card
from ..dataset.spools import Spools
from ..dataset.statements import Persons
from ..dataset.target import Stored, Target
from ..model import LesionField, Patient
from ..protocol import Protocol
from ..render.base import PARTS
from . import card_facts, frames
from .plan import Plan
from .quality import Quality
from .renderers import persons_of

Files = dict[str, tuple[str, int]]
"""Path -> (SHA-256, bytes)."""


@dataclass(slots=True)
class Written:
    """What came of the tables: every file, the columns of observations.csv, pictures, and the figures of quality."""

    files: Files = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    images: int = 0
    quality: Quality = field(default_factory=Quality)

    def add(self, stored: Iterable[Stored]) -> None:
        """Note some files."""
        self.files |= {one.path: (one.sha256, one.bytes) for one in stored}


def finish(plan: Plan, target: Target) -> None:
    """Write what the parts and the plan say, then the manifests. Every picture must be committed."""
    protocol = plan.protocol
    done = _write_tables(plan, target)
    data = card(card_info(plan, done.images, done.columns)).encode()
    done.files[layout.CARD] = _entry(target.store(layout.CARD, data))
    shown = {
        **consent_of(protocol),
        "patients": protocol.cohort.patients,
        "days": protocol.days,
        "images": {
            "count": done.images,
            "size_px": protocol.images.size_px,
            "views": protocol.images.views,
            **({"layout": "packed"} if protocol.images.layout == "packed" else {}),
        },
    }
    manifest.finish(target, protocol.digest, done.files, shown, truth_info(plan, done.quality))


def _write_tables(plan: Plan, target: Target) -> Written:
    """Write every table, list of pictures and persistence map.

    Memory holds one block of patients, and of the pictures those of one patient, however many there are.
    """
    done = Written()
    with target.scratch(layout.WORK) as folder:
        spools = Spools(target, folder, packed=plan.protocol.images.layout == "packed")
        for block in plan.blocks():
            done.add(spools.turn(block.first))
            _add_pictures(plan, block.cohort.patients[0], parts.none(), spools, done)  # a table may have no rows
            names = [pictures(parts.none(), plan.protocol.images.views)]
            for rows in parts.by_patient(target, plan.protocol.digest, block.ranks):
                _add_pictures(plan, block.cohort.patients[rows["rank"][0] - block.first], rows, spools, done)
                names.append(pictures(rows, plan.protocol.images.views))
            fields = frames.fields_of(plan, block)
            for name, frame in frames.frames_of(plan, block, fields, pl.concat(names)):
                spools.tables[name].add(frame)
                if name == "days":
                    done.quality.add_days(frame)
            for path, data in map(persistence, fields):
                done.files[path] = _entry(target.store(path, data))
        done.add(spools.stored())
    done.columns = spools.tables["observations"].columns
    return done


def _add_pictures(plan: Plan, patient: Patient, rows: pl.DataFrame, spools: Spools, done: Written) -> None:
    """What the part rows of one patient say."""
    taken = frames.images(plan, rows, patient.patient_id)
    spools.tables["images"].add(taken)
    spools.tables["boxes"].add(frames.of(patient.patient_id, parts.boxes_of(rows)))
    spools.tables["keypoints"].add(frames.of(patient.patient_id, parts.points_of(rows)))
    spools.add_sums(parts.sums_of(rows))
    spools.add_index(rows)
    for face in rows["face"].head(1):
        spools.faces.add(patient.key, face)
    done.quality.add_pictures(taken)
    done.quality.add_probes(rows["probe"])
    done.images += rows.height


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
    return "; ".join(dict.fromkeys(str(text) for text in found if text)) or "none was stated."


def again(plan: Plan) -> str:
    """The command that makes the dataset again, from the folder itself."""
    table = f"--severity-csv {layout.OBSERVATIONS} " if plan.protocol.given else ""
    faces = "--faces DIR " if plan.protocol.images.enabled and plan.protocol.images.renderer == "portrait" else ""
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
