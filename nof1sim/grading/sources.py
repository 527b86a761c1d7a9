"""Examples from a simulated dataset, from a labelled folder, or from a folder of photographs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from ..dataset.labelled import read_labelled
from ..dataset.labelled_rows import images_below
from ..dataset.layout import MANIFEST, TRUTH_MANIFEST
from ..dataset.reader import IMAGE_COLUMN, Dataset
from ..dataset.target import Target
from ..errors import Fault, InputError, did_you_mean
from .examples import SIDES, VIEWS, Asked, Example, Examples
from .scales import scale_of
from .seen import origins

TRUTH_COLUMN = {"iga3": "iga", "hayashi4": "hayashi", "count": "n_inflammatory"}
HALF_COLUMN = {"hayashi4": "hayashi_{view}", "count": "n_{view}"}
"""Of a single side view: the half's own. An IGA is of the whole face, whatever a photograph shows of it."""


def read_examples(
    source: str | os.PathLike[str],
    asked: Asked,
    *,
    labels: str | os.PathLike[str] | None = None,
    columns: Mapping[str, str] | None = None,
    labelled: bool = True,
) -> Examples:
    """Examples of a dataset's folder, of a folder with a label file, or, without labels, of a folder of photographs.

    Parameters
    ----------
    labels : label file of a folder of the user's (see `dataset.labelled.read_labelled`).
    columns : the label file's columns, where they have other names.
    labelled : False: nothing of the labels is read, of a dataset not even `truth/` opened.

    Raises
    ------
    InputError
        No folder or nothing in it, an unknown view or column, a label that is no grade.
    """
    if labels is not None:
        return of_labelled(Path(os.fspath(source)), Path(os.fspath(labels)), asked, columns)
    if Target(source).exists(MANIFEST):
        return of_dataset(Dataset(source), asked, labelled)
    folder = Path(os.fspath(source))
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Give a dataset's folder, or a folder of photographs.")
    if labelled:
        return of_labelled(folder, None, asked, columns)
    return of_images(folder, asked)


def default_views(source: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """The views of a visit where none are asked for: of `VIEWS` those that a dataset has, else all that it has."""
    if labels is not None or not Target(source).exists(MANIFEST):
        return VIEWS
    here = Dataset(source).views()
    return tuple(view for view in VIEWS if view in here) or tuple(here) or VIEWS


def of_dataset(dataset: Dataset, asked: Asked, labelled: bool = True) -> Examples:
    """Visits (patient, day, occasion) that have all the views asked for, or with `each_view` every photograph."""
    missing = [view for view in asked.views if view not in dataset.views()]
    if missing:
        allowed = ", ".join(dataset.views()) or "a dataset with photographs"
        raise InputError(str(Fault("--views", missing[0], allowed, did_you_mean(missing[0], dataset.views()))))
    table = dataset.observations().filter((pl.col("day") - 1) % asked.every == 0)
    values = _values(dataset, table, asked) if labelled else {}
    items = []
    for row in table.iter_rows(named=True):
        for views in asked.groups():
            paths = tuple(row[f"{IMAGE_COLUMN}{view}"] for view in views)
            if None in paths:
                continue
            half = _half(asked, views)
            target = values.get((row["patient_id"], row["day"], row["occasion"], views[0] if half else ""))
            if labelled and target is None:
                continue
            name = f"{row['patient_id']} day {row['day']}" + (f" ({row['occasion']})" if row["occasion"] > 1 else "")
            items.append(
                Example(
                    name + (f" {views[0]}" if asked.each_view else ""), row["patient_id"], paths, target, half,
                    row["patient_id"], row["day"], row["occasion"],
                )
            )  # fmt: skip
    if not items:
        advice = "Simulate with images, or choose other views or --every."
        raise InputError(str(Fault(dataset.url, "no visit with every view and a label", "at least one", advice)))
    identity = str(dataset.manifest.get("digest", ""))
    return Examples(dataset.url, "dataset", tuple(items), asked, dataset.read, None, identity=identity)


def _half(asked: Asked, views: tuple[str, ...]) -> bool:
    """Whether an example is one half of a face, with a label of its own."""
    return len(views) == 1 and views[0] in SIDES and asked.labels in HALF_COLUMN and asked.column is None


def _values(dataset: Dataset, table: pl.DataFrame, asked: Asked) -> dict[tuple[str, int, int, str], float]:
    """(patient, day, occasion, view of a half or "") -> grade or count."""
    names = {"": asked.column or TRUTH_COLUMN[asked.labels]}
    if asked.column is None and asked.labels in HALF_COLUMN:
        names |= {side: HALF_COLUMN[asked.labels].format(view=side) for side in SIDES}
    frame, known = table, set(table.columns)
    if not set(names.values()) <= known:
        if not dataset.target.exists(TRUTH_MANIFEST):
            advice = "The folder has no truth: name a column of the observations that has grades, --column NAME."
            raise InputError(str(Fault("--column", names[""], ", ".join(table.columns), advice)))
        days = dataset.truth("days")
        known |= set(days.columns)
        wanted = [name for name in names.values() if name in days.columns and name not in table.columns]
        frame = table.join(days.select("patient_id", "day", *wanted), on=("patient_id", "day"), how="left")
    if names[""] not in known:
        raise InputError(str(Fault("--column", names[""], ", ".join(sorted(known)), did_you_mean(names[""], known))))
    found = {}
    for row in frame.iter_rows(named=True):
        for view, name in names.items():
            if row[name] is not None:
                key = (row["patient_id"], row["day"], row["occasion"], view)
                found[key] = target_of(row[name], asked, f"{name} of patient {row['patient_id']}, day {row['day']}")
    return found


def target_of(value: object, asked: Asked, where: str) -> float:
    """A score as the grade (merged) or count that is learnt. An InputError for anything else."""
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if asked.labels == "count":
        if not 0 <= number < float("inf"):
            raise InputError(str(Fault(where, value, "a number of lesions, 0 or more")))
        return number
    merged = scale_of(asked.labels).merged
    if number not in range(len(merged)):
        advice = "A column of counts needs --labels count." if number == number else ""
        raise InputError(str(Fault(where, value, f"{asked.labels}: a whole number, 0 to {len(merged) - 1}", advice)))
    return float(merged[int(number)])


def of_labelled(folder: Path, labels: Path | None, asked: Asked, columns: Mapping[str, str] | None = None) -> Examples:
    """The photographs of a labelled folder, each an example; a half's, where only side views are asked for.

    Labels are those of the scale (IGA 0 to 4, Hayashi 0 to 3 or its names; merged grades such as "0-1" as well), or
    counts. Rows with faults are left out and listed in `faults`.
    """
    classes = [str(i) for i in range(len(asked.scale.merged))] if asked.labels == "hayashi4" else None
    found = read_labelled(folder, labels, columns, classes=classes)
    made_of = origins(folder, labels, columns or {})
    half, items, faults = _halves(asked), [], [str(fault) for fault in found.faults]
    for row in found.rows:
        try:
            target = _target_of_text(row.label, asked, row.path)
        except InputError as error:
            faults.append(str(error))
            continue
        items.append(
            Example(row.path, row.who, (row.path,), target, half, split=row.split, key=row.sha256,
                    made_of=made_of.get(row.path, ()))
        )  # fmt: skip
    if not items:
        listed = "\n".join(f"  {fault}" for fault in faults[:10])
        raise InputError(f"{folder}: no label is one of {asked.labels}.\n{listed}")
    return Examples(
        str(folder), "labelled", tuple(items), asked, lambda path: (folder / path).read_bytes(), folder,
        (*found.notes, *_odd(found.warnings)), tuple(faults), _place(folder),
    )  # fmt: skip


def _odd(warnings: Sequence[Fault]) -> tuple[str, ...]:
    """Of rows that are odd, but used, one note."""
    return (f"{len(warnings)} rows are odd, but used as they are, the first: {warnings[0]}",) if warnings else ()


def _target_of_text(label: str, asked: Asked, where: str) -> float:
    """A label as it is written: a number of the scale, or a merged grade such as "3-4"."""
    if asked.labels == "iga3" and "-" in label and label in asked.scale.titles:
        return float(asked.scale.titles.index(label))
    return target_of(label, asked, where)


def _halves(asked: Asked) -> bool:
    """Whether a folder's photographs are half faces: the side views alone were asked for."""
    return asked.labels in HALF_COLUMN and set(asked.views) <= set(SIDES)


def _place(folder: Path) -> str:
    """A folder's identity on this machine, without telling where it lies."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def of_images(folder: Path, asked: Asked) -> Examples:
    """The photographs below a folder, each an example without a label."""
    items = tuple(Example(path, path, (path,)) for path in images_below(folder))
    if not items:
        raise InputError(f"{folder}: holds no image files. Give a dataset's folder, or a folder of photographs.")
    items = tuple(Example(e.name, e.person, e.paths, half=_halves(asked)) for e in items)
    return Examples(
        str(folder), "images", items, asked, lambda path: (folder / path).read_bytes(), folder, identity=_place(folder)
    )
