"""One photograph file in, one folder out: read, edited, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from nof1sim.dataset.images import Format, encode, encode_bare, encode_mask
from nof1sim.dataset.tables import write_csv
from nof1sim.dataset.target import TEMPORARY
from nof1sim.errors import Fault, InputError
from nof1sim.model import Floats
from nof1sim.render.portrait.geometry import fit_face
from nof1sim.render.portrait.landmarks import LandmarkReader, Landmarks, landmarks_for
from nof1sim.render.portrait.patch import flat_map
from nof1sim.render.portrait.photograph import Photograph, read_photograph
from nof1sim.render.portrait.prepare import Canvas, prepare
from nof1sim.render.portrait.sidecar import find_sidecar, load_sidecar

from .edit import Edited, Want, edit
from .given import GivenLesions
from .record import Told, lesion_table, manifest
from .sheet import before_after

MANIFEST = "edit.json"
ENDINGS: dict[Format, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
Scale = Literal["mm_per_px", "width_mm"]
NOT_A_PATCH = "has key points of a face beside it, but --patch takes it for flat skin: leave --patch out for a face"
labelled = partial(encode, persons="photographs")


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything that is asked of a run of `nof1sim edit`, the photographs and the folder apart.

    table : lesions of the user's own, in place of a severity or grade. landmarks : key points of the only photograph.
    mm_per_px, width_mm : scale of a patch, one of them. format, quality : of a copy of the edit beside the lossless
    PNG; quality None: 95, or a JPEG photograph's own tables.
    """

    want: Want
    seed: int
    consent: str
    table: GivenLesions | None = None
    landmarks: Path | None = None
    mm_per_px: float | None = None
    width_mm: float | None = None
    format: Format = "png"
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A finished edit: the photograph's path, the folder, the edit."""

    source: Path
    folder: Path
    edited: Edited


def check_wish(wish: Wish) -> None:
    """InputError for what no photograph can mend: no consent, a patch without a scale, a scale without a patch."""
    faults: list[Fault] = []
    if not wish.consent.strip():
        advice = "Photographs of persons are personal data. Say what covers this use."
        faults.append(Fault("--consent", wish.consent, "a text such as 'signed form v2'", advice))
    scales = [scale for scale in (wish.mm_per_px, wish.width_mm) if scale is not None]
    if wish.want.scope == "patch" and len(scales) != 1:
        faults.append(Fault("--patch", f"{len(scales)} scales", "one of --mm-per-px and --patch-width-mm"))
    if wish.want.scope == "patch" and wish.landmarks is not None:
        faults.append(Fault("--landmarks", wish.landmarks.name, "nothing beside --patch: a patch shows no face"))
    if wish.want.scope != "patch" and scales:
        faults.append(Fault("--mm-per-px, --patch-width-mm", scales[0], "only with --patch: a face tells its own size"))
    if any(not scale > 0 for scale in scales):
        faults.append(Fault("--mm-per-px, --patch-width-mm", scales[0], "a number above 0"))
    if wish.quality is not None and not 1 <= wish.quality <= 100:
        faults.append(Fault("--quality", wish.quality, "1 to 100"))
    if wish.seed < 0:
        faults.append(Fault("--seed", wish.seed, "an integer >= 0"))
    if faults:
        raise InputError("\n".join(map(str, faults)))


def edit_file(path: Path, folder: Path, wish: Wish, reader: LandmarkReader | None, *, overwrite: bool) -> Written:
    """Edit one photograph into a folder of its own.

    Raises
    ------
    InputError
        No photograph, landmarks with faults, a folder that exists (without `overwrite`) or holds something else.
    RenderError
        No face, or no skin or no room on it.
    """
    check_folder(folder, overwrite=overwrite)
    canvas, landmarks = open_canvas(path, wish, reader)
    want = wish.want if wish.table is None else replace(wish.want, lesions=wish.table.lesions(_locate(canvas)))
    done = edit(canvas, want, wish.seed)
    if want.scope == "patch" and find_sidecar(path) is not None:
        done = replace(done, notes=(*done.notes, NOT_A_PATCH))
    table = None if wish.table is None else (wish.table.name, wish.table.sha256)
    told = Told(wish.seed, wish.consent.strip(), table)
    _write(folder, _contents(canvas, done, want, told, landmarks, wish), overwrite=overwrite)
    return Written(path, folder, done)


def open_canvas(path: Path, wish: Wish, reader: LandmarkReader | None) -> tuple[Canvas, str]:
    """A photograph file, prepared, and where its key points came from."""
    photograph = read_photograph(path)
    height, width = photograph.pixels.shape[:2]
    if wish.want.scope == "patch":
        scale = wish.mm_per_px if wish.mm_per_px is not None else (wish.width_mm or 0.0) / width
        return prepare(photograph, flat_map((height, width), scale)), "none: a patch"
    found = _landmarks(path, photograph, wish, reader)
    return prepare(photograph, fit_face(found.points_px, (height, width))), found.source


def _landmarks(path: Path, photograph: Photograph, wish: Wish, reader: LandmarkReader | None) -> Landmarks:
    if wish.landmarks is None:
        return landmarks_for(path, photograph, reader)
    height, width = photograph.pixels.shape[:2]
    sidecar = load_sidecar(wish.landmarks, (width, height))
    return Landmarks(sidecar.points_px, sidecar.source)


def _locate(canvas: Canvas):
    """Chart mm of picture places, NaN off the face."""
    height, width = canvas.face.shape

    def locate(x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
        column, row = np.rint(x_px).astype(int), np.rint(y_px).astype(int)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        place = canvas.face.chart[np.where(inside, row, 0), np.where(inside, column, 0)].astype(float)
        skin = canvas.skin[np.where(inside, row, 0), np.where(inside, column, 0)] > 0.5
        place[~(inside & skin)] = np.nan
        return place[:, 0], place[:, 1]

    return locate


def _contents(canvas: Canvas, done: Edited, want: Want, told: Told, landmarks: str, wish: Wish) -> dict[str, bytes]:
    """Name -> bytes of every file, the manifest last."""
    record = manifest(canvas, done, want, told, landmarks)
    note = {"generator": record["generator"], "photograph": canvas.photograph.sha256, "seed": told.seed}
    files = {
        "edited.png": labelled(done.pixels, "png", note=note),
        "before.png": encode_bare(done.before, "png"),
        "mask.png": encode_mask(done.lesion),
        "support.png": encode_mask(done.support),
        "lesions.csv": write_csv(lesion_table(done)),
        "before_after.png": labelled(before_after(done, canvas.face.mm_per_px), "png", note=note),
    }
    if want.reduce > 0:
        files["faded.png"] = encode_mask(done.faded.astype(np.int32))
    if wish.format != "png":
        grid = canvas.photograph.jpeg if wish.quality is None and wish.format == "jpeg" else None
        name = f"edited{ENDINGS[wish.format]}"
        tables = None if grid is None else (grid.tables, grid.subsampling)
        files[name] = labelled(done.pixels, wish.format, wish.quality or 95, note, tables=tables)
    record["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return files | {MANIFEST: (json.dumps(record, indent=1, allow_nan=False) + "\n").encode()}


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """InputError where an edit may not be written: there is one already, or something else."""
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file()):
        advice = "Choose another --out; it is never emptied."
        raise InputError(str(Fault("--out", str(folder), "a new folder, or that of an earlier edit", advice)))
    if (folder / MANIFEST).is_file() and not overwrite:
        raise InputError(str(Fault("--out", str(folder), "a folder without an edit", "Or add --overwrite.")))


def _write(folder: Path, files: dict[str, bytes], *, overwrite: bool) -> None:
    """All files in a folder beside, then its name: nothing half-written is left looking finished."""
    made = folder.with_name(f"{TEMPORARY}{folder.name}-{secrets.token_hex(4)}")
    try:
        made.mkdir(parents=True)
        for name, data in files.items():
            (made / name).write_bytes(data)
        if folder.exists():
            check_folder(folder, overwrite=overwrite)
            old = made.with_name(made.name + "-old")
            os.replace(folder, old)
            os.replace(made, folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(made, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}). Give a folder of yours: --out.") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
