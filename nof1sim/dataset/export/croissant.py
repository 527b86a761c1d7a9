"""MLCommons Croissant 1.1: croissant.json in the dataset's own folder, with a hash of every file and every column.

Pictures are listed by pattern; `images.sha256`, which is listed with its own hash, vouches for each of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from ... import __version__
from ...errors import Fault, InputError
from .. import layout
from ..columns import TABLES, Column
from ..reader import IMAGE_COLUMN, Dataset
from .base import Options, Tell
from .common import to_json
from .croissant_about import CONFORMS, CONFORMS_RAI, CONTEXT, PROJECT, provenance, rai
from .source import Source

RELEASED = "2026-11-21"
"""Date of this version of nof1sim: when a dataset counts as published unless `--set date=` says otherwise."""
ENCODING = {
    ".csv": "text/csv",
    ".parquet": "application/x-parquet",
    ".json": "application/json",
    ".md": "text/markdown",
    ".sha256": "text/plain",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".npz": "application/octet-stream",
}
_TYPES: dict[Any, str] = {
    pl.String: "sc:Text",
    pl.Date: "sc:Date",
    pl.Boolean: "sc:Boolean",
    pl.Int64: "cr:Int64",
    pl.Float64: "cr:Float64",
    pl.Float32: "cr:Float32",
}
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
MASKS = "masks-files"
MASK_NOTE = (
    "Instance masks, 16-bit PNG: a pixel is its lesion_id, 0 is skin; names with _support: all pixels that a lesion "
    "touched. Open them with a library that keeps 16 bits; mlcroissant would make 8-bit RGB of them."
)


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write the file. The dataset's tables are verified on the way."""
    out.write_bytes(to_json(document(dataset, options)))


def document(dataset: Dataset, options: Options) -> dict[str, Any]:
    """The Croissant document.

    Raises
    ------
    InputError
        A date that is none.
    DatasetError
        A table that is not the one that was written.
    """
    source, published = Source(dataset), _date(options.more.get("date", RELEASED))
    single = [path for path, _ in dataset.files() if not layout.is_picture(path)]
    for path in single:
        source.check(path)
    sets = _file_sets(dataset)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS, CONFORMS_RAI],
        "name": _title(dataset),
        "description": _description(dataset),
        "url": options.more.get("url", PROJECT),
        "license": options.more.get("license") or _no_license(),
        "creator": _creator(options.more.get("creator")),
        "version": options.more.get("version", "1.0.0"),
        "datePublished": published,
        "citeAs": f"@software{{nof1sim, title = {{nof1sim}}, version = {{{__version__}}}, url = {{{PROJECT}}}}}",
        "inLanguage": "en",
        "isLiveDataset": False,
        "keywords": ["synthetic data", "N-of-1 trial", "crossover trial", "longitudinal images", "dermatology"],
        **rai(dataset.about),
        **provenance(dataset.manifest),
        "distribution": [
            *_file_objects(source, single),
            *(_file_set(name, patterns) for name, patterns in sets.items()),
        ],
        "recordSet": list(_record_sets(dataset, set(single), sets)),
    }


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(str(Fault("--set date", text, "a date such as 2026-11-21"))) from None


def _title(dataset: Dataset) -> str:
    found = _TITLE.search(dataset.read(layout.CARD).decode("utf-8", "replace"))
    return found[1] if found else "A simulated series of N-of-1 trials"


def _description(dataset: Dataset) -> str:
    manifest, images = dataset.manifest, dataset.manifest["images"]
    return (
        f"A simulated series of N-of-1 trials: {manifest['patients']} patients, {manifest['days']} days, "
        f"{images['count']} photographs. {dataset.about.short} Files "
        "under truth/ hold what only a simulator knows; an analysis that is to be judged fairly never opens them."
    )


def _no_license() -> dict[str, str]:
    return {
        "@type": "sc:CreativeWork",
        "name": "Not stated",
        "description": "The authors of nof1sim claim no rights in what it draws; who publishes this chooses a licence.",
    }


def _creator(name: str | None) -> dict[str, str]:
    if name is None:
        return {"@type": "sc:Organization", "name": "The nof1sim developers", "url": PROJECT}
    return {"@type": "sc:Person", "name": name}


def _file_objects(source: Source, paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Every file but the pictures, the manifests included."""
    sums = {path: source.sha256(path) for path in paths}
    for path in (layout.MANIFEST, layout.TRUTH_MANIFEST):
        if source.dataset.target.exists(path):
            sums[path] = hashlib.sha256(source.dataset.read(path)).hexdigest()
    for path in sorted(sums):
        yield {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "encodingFormat": ENCODING[PurePosixPath(path).suffix],
            "sha256": sums[path],
        }


def _file_sets(dataset: Dataset) -> dict[str, list[str]]:
    """Name -> patterns of its files: the photographs of each view, and each folder of truth images."""
    found: dict[str, list[str]] = {}
    for view in _views(dataset):
        paths = dataset.observations()[view].drop_nulls()
        if patterns := sorted({_pattern(path, view.removeprefix(IMAGE_COLUMN)) for path in paths}):
            found[_files_of(view)] = patterns
    deeper: dict[str, set[str]] = {}
    for path, _ in dataset.files():
        if layout.is_picture(path) and path.startswith(f"{layout.TRUTH}/"):
            _, folder, *below = PurePosixPath(path).parts
            inner = "/".join("*" * len(below))
            deeper.setdefault(folder, set()).add(f"{layout.TRUTH}/{folder}/{inner}{PurePosixPath(path).suffix}")
    return found | {f"{folder}-files": sorted(patterns) for folder, patterns in sorted(deeper.items())}


def _views(dataset: Dataset) -> list[str]:
    return [name for name in dataset.observations().columns if name.startswith(IMAGE_COLUMN)]


def _files_of(view: str) -> str:
    return f"{view.removeprefix(IMAGE_COLUMN)}-images"


def _pattern(path: str, view: str) -> str:
    """A pattern that the photographs of one view fit, and of no other: their names end with it, but for `hettich`'s."""
    place = PurePosixPath(path)
    folder = "/".join([layout.IMAGES, *"*" * (len(place.parts) - 2)])
    if place.stem.endswith(f"_{view}"):
        return f"{folder}/*_{view}{place.suffix}"
    ending = re.sub(r"\d", "[0-9]", place.stem[place.stem.rindex("_severity_") :])
    return f"{folder}/*{ending}{place.suffix}"


def _file_set(name: str, patterns: list[str]) -> dict[str, Any]:
    sums = layout.IMAGE_SUMS if patterns[0].startswith(layout.IMAGES) else layout.TRUTH_SUMS
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": f"{', '.join(patterns)}; {sums} has the SHA-256 of each file.",
        "encodingFormat": sorted({ENCODING[PurePosixPath(pattern).suffix] for pattern in patterns}),
        "includes": patterns,
    }


def _record_sets(dataset: Dataset, single: set[str], sets: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    for name, table in TABLES.items():
        if table.path not in single:
            continue
        fields = [
            _field(f"{name}/{column}", table.column(column), {"column": column}, {"fileObject": {"@id": table.path}})
            for column in _columns(dataset, name)
        ]
        yield _record_set(name, f"{table.path}: a row is {table.row}.", fields)
    for view in _views(dataset):
        # mlcroissant 1.1.1 reads no WebP: the tables name those files all the same.
        if any(not pattern.endswith(".webp") for pattern in sets.get(_files_of(view), ())):
            yield _photographs(dataset, view)
    if MASKS in sets:
        yield _record_set("masks", MASK_NOTE, [_path("masks/path", MASKS)])


def _columns(dataset: Dataset, name: str) -> list[str]:
    if name == "observations":
        return dataset.observations().columns
    place = dataset.target.path_of(TABLES[name].path)
    if place is not None and place.suffix == ".parquet":
        return list(pl.read_parquet_schema(place))
    return dataset.truth(name).columns


def _record_set(name: str, description: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}


def _field(identity: str, column: Column | None, extract: dict[str, str], source: dict[str, Any]) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column and column.unit else ""
    return {
        "@type": "cr:Field",
        "@id": identity,
        "name": identity,
        "description": f"{column.description}{unit}" if column else "",
        "dataType": _TYPES[type(column.dtype)] if column else "sc:Text",
        "source": {**source, "extract": extract},
    }


def _photographs(dataset: Dataset, view: str) -> dict[str, Any]:
    """Every photograph of one view with its row of observations.csv, joined by the file's name."""
    short, table = view.removeprefix(IMAGE_COLUMN), TABLES["observations"]
    name, files = f"photographs_{short}", _files_of(view)
    key = _path(f"{name}/path", files)
    key["references"] = {"field": {"@id": f"observations/{view}"}}
    picture = {
        "@type": "cr:Field",
        "@id": f"{name}/image",
        "name": f"{name}/image",
        "description": "The photograph.",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "content"}},
    }
    fields = [
        {
            **_field(f"{name}/{column}", table.column(column), {}, {}),
            "source": {"field": {"@id": f"observations/{column}"}},
        }
        for column in dataset.observations().columns
        if not column.startswith(IMAGE_COLUMN)
    ]
    about = f"A photograph of the view {short!r} with its row of {layout.OBSERVATIONS}."
    return _record_set(name, about, [key, picture, *fields])


def _path(identity: str, files: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": identity,
        "name": identity,
        "description": "The file, relative to the dataset.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": files},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": "(.*)"},  # mlcroissant joins texts; without it the path is no text
        },
    }
