"""Exports: a dataset in the layout that another tool opens. A table of formats, and the one way they are written."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal

from ...errors import DatasetError, unknown_name
from ..layout import CROISSANT, TRUTH_MANIFEST
from ..manifest import read_manifest
from ..packs import PackedTarget
from ..reader import Dataset
from ..target import TEMPORARY, letters

Tell = Callable[[int, int, str], None]
"""Called with images done, images in all, and what is going on."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user asks of an export.

    truth : also what only a simulator knows, in formats that leave the choice (`Format.truth`).
    split : name -> share of the patients ("train": .8, "test": .2); empty: no split. Never by image.
    seed : which patients fall into which part.
    more : options of one format only (`Format.options`), as text.
    """

    truth: bool = False
    split: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    writer : import path of `write(dataset, out, options, tell)`. `out` is a path that does not exist yet: the writer
        makes a folder or a file of it. It is moved to its place only when the writer returns.
    ending : of the export's name; empty where it is a folder.
    truth : whether it holds what only a simulator knows.
    options : names that `Options.more` may have, and what they mean.
    inside : written into the dataset's own folder, under this name; then it has no `--out` of its own.
    """

    writer: str
    title: str
    ending: str = ""
    truth: Literal["never", "optional", "always"] = "never"
    split: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""


FORMATS: dict[str, Format] = {
    "imagefolder": Format(
        "nof1sim.dataset.export.imagefolder:write",
        "Hugging Face imagefolder: images beside metadata.csv",
        truth="optional",
        split=True,
    ),
    "parquet": Format(
        "nof1sim.dataset.export.parquet:write",
        "Parquet files with the images in them, as the Hugging Face viewer likes them",
        truth="optional",
        split=True,
        options={"size_mb": "pictures in a file at most, in MB (200)"},
    ),
    "webdataset": Format(
        "nof1sim.dataset.export.webdataset:write",
        "WebDataset shards (tar files)",
        truth="optional",
        split=True,
        options={"size_mb": "size of a shard at most, in MB (500)"},
    ),
    "coco": Format(
        "nof1sim.dataset.export.coco:write",
        "COCO instances: boxes and masks, lesion_id as track",
        truth="always",
        split=True,
        options={"images": "yes (default) or no: only the annotations"},
    ),
    "croissant": Format(
        "nof1sim.dataset.export.croissant:write",
        "MLCommons Croissant 1.1: croissant.json in the dataset's folder",
        ending=".json",
        inside=CROISSANT,
        options={
            "date": "when the dataset counts as published, YYYY-MM-DD (the date of this version of nof1sim)",
            "license": "URL of its licence",
            "creator": "who made it",
            "url": "where it is to be found",
            "version": "of the dataset (1.0.0)",
        },
    ),
    "studyu": Format(
        "nof1sim.dataset.export.studyu:write",
        "StudyU export",
        ending=".zip",
        options={"schedule": "exact (default), or nearest where StudyU cannot say the design"},
    ),
    "hettich": Format("nof1sim.dataset.export.hettich:write", "The published simulated trial's columns and file names"),
    "adam": Format("nof1sim.dataset.export.adam:write", "CDISC-flavoured tables: ADSL, ADQS", truth="optional"),
    "timelapse": Format(
        "nof1sim.dataset.export.timelapse:write",
        "An animation of every patient",
        options={
            "format": "webp (default), gif or mp4",
            "size": "width of the picture in pixels, 160 to 1024 (256)",
            "fps": "days a second, 1 to 50 (8)",
            "patients": "ids of those wanted, such as 1+3 (all)",
        },
    ),
}
"""Every format, by the name that `--to` takes."""

NOTE = "nof1sim-export.json"
"""A file that says that a folder is an export; `--overwrite` replaces only such folders."""


LOOK = 1 << 14
"""Bytes at the beginning of a JSON file that tell what it is."""


def format_of(name: str) -> Format:
    """The format of a name. An unknown one is an UnknownNameError."""
    if name not in FORMATS:
        raise unknown_name("export format", "--to", name, FORMATS)
    return FORMATS[name]


def place_of(url: str, name: str) -> str:
    """Where an export lies if nobody says otherwise: `trial-exports/coco` beside the dataset `trial`."""
    found = format_of(name)
    if found.inside:
        return f"{url.rstrip('/')}/{found.inside}"
    return f"{url.rstrip('/')}-exports/{name}{found.ending}"


def export(
    dataset: Dataset,
    to: str,
    out: str | os.PathLike[str] | None = None,
    options: Options | None = None,
    *,
    overwrite: bool = False,
    tell: Tell = lambda done, total, what: None,
) -> Path:
    """Write a dataset in another format; where it now lies. Whole or not at all.

    Parameters
    ----------
    to : a name of `FORMATS`.
    out : default `place_of`; a local path.
    overwrite : replace an earlier export that lies there; nothing else is ever replaced.

    Raises
    ------
    UnknownNameError
        No such format.
    DatasetError
        Options that the format does not have, a place that is taken or cannot be written, a damaged dataset.
    """
    found, options = format_of(to), options or Options()
    _check(to, found, options)
    if options.truth or found.truth == "always":
        read_manifest(dataset.target, TRUTH_MANIFEST)  # a dataset may come without its truth: say so before writing
    place = _place(dataset, to, found, out)
    _refuse_taken(place, found, overwrite)
    module, _, function = found.writer.partition(":")
    write = getattr(import_module(module), function)
    making = place.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{found.ending}")
    with letters(dataset.target, str(place)):
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with letters(dataset.target, str(place)):
            write(dataset, making, options, tell)
            _replace(making, place)
    finally:
        _remove(making)
    return place


def _check(name: str, found: Format, options: Options) -> None:
    if options.truth and found.truth == "never":
        raise DatasetError(f"--truth: got it with --to {name}, which has no place for the truth. Leave it out.")
    if options.split and not found.split:
        able = ", ".join(other for other, format in FORMATS.items() if format.split)
        raise DatasetError(f"--split: --to {name} knows no splits; these do: {able}. Leave it out.")
    if unknown := [key for key in options.more if key not in found.options]:
        allowed = "; ".join(f"{key}: {meaning}" for key, meaning in found.options.items()) or "none"
        raise DatasetError(f"--set {unknown[0]}: --to {name} has no such option. It has: {allowed}.")


def _place(dataset: Dataset, name: str, found: Format, out: str | os.PathLike[str] | None) -> Path:
    if found.inside and dataset.target.local is not None and isinstance(dataset.target, PackedTarget):
        raise DatasetError(
            f"--to {name}: describes pictures that lie by themselves; these lie in packs. Export to imagefolder or "
            "webdataset, or simulate it with --layout standard."
        )
    if found.inside and (out is not None or dataset.target.local is None):
        raise DatasetError(
            f"--out: --to {name} describes a local dataset from within ({found.inside} in its folder), so that its "
            "file names hold. Leave --out away; copy a remote dataset first."
        )
    if out is None and dataset.target.local is None:
        raise DatasetError(f"--out: {dataset.url} is remote; say where on this machine the export goes: --out PATH.")
    place = Path(place_of(str(dataset.target.local), name) if out is None else out)
    home = dataset.target.local
    if not found.inside and home is not None and place.resolve().is_relative_to(home.resolve()):
        raise DatasetError(f"--out: {place} lies in the dataset, which holds its own files only. Give another --out.")
    return place


def _refuse_taken(place: Path, found: Format, overwrite: bool) -> None:
    if not place.exists() and not place.is_symlink():
        return
    if place.is_symlink() or not _is_export(place, found):
        raise DatasetError(f"{place}: exists and is no export of this kind. Give another --out, or move it away.")
    if not overwrite:
        raise DatasetError(f"{place}: exists. Give --overwrite to replace it, or another --out.")


def _is_export(place: Path, found: Format) -> bool:
    """Whether what lies there is an export of this kind: a folder with its note, or a file that looks like one."""
    if not found.ending:
        return (place / NOTE).is_file()
    if not place.is_file():
        return False
    if found.ending == ".zip":
        return zipfile.is_zipfile(place)
    return b"mlcommons.org/croissant" in place.read_bytes()[:LOOK]


def _replace(made: Path, place: Path) -> None:
    """Move a finished export to its place; an old folder is moved aside first and removed last."""
    if not place.is_dir():
        os.replace(made, place)
        return
    old = place.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    os.replace(place, old)
    os.replace(made, place)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
