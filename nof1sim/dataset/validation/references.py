"""What names what: pictures, masks, lesions and patients in every table and in the folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from ...model import Unit, patient_key
from ..columns import TABLES
from ..layout import (
    IMAGES,
    LAYERS,
    OBSERVATIONS,
    PERSISTENCE,
    SUFFIX,
    TRUTH,
    hettich_name,
    image_path,
    layer_of,
    mask_of,
    persistence_path,
)
from .findings import Log
from .subject import Skip, Subject, unsafe
from .tables import MEND, Portion, expected, portions

UNIT = ["patient_id", "day", "occasion", "view"]
FORMAT_OF = {suffix: format for format, suffix in SUFFIX.items()}
CLASS = re.compile(r"_severity_(\d+)")


def pictures(subject: Subject) -> pl.DataFrame:
    """Every picture that the observations name: rank, patient_id, day, date, occasion, view, image, AcneSeverity."""
    table = subject.frame("observations")
    ranks = table.select(pl.col("patient_id").unique(maintain_order=True)).with_row_index("rank")
    columns = ["patient_id", "day", "date", "occasion", "AcneSeverity"]
    each = [table.select(*columns, pl.lit(view).alias("view"), image=f"image_{view}") for view in subject.views]
    if not each:
        return pl.DataFrame(
            schema={
                **dict.fromkeys(["rank", "day", "occasion"], pl.Int64),
                **dict.fromkeys(["patient_id", "view", "image"], pl.String),
            }
        )
    found = pl.concat(each).drop_nulls("image").join(ranks, on="patient_id", how="left", maintain_order="left")
    return found.with_columns(pl.col("rank").cast(pl.Int64))


def names(subject: Subject, log: Log) -> int:
    """Every picture has the name of its day, is named once, and is covered by the manifest; and none is left over."""
    named: set[str] = set()
    held = 0
    for row in pictures(subject).iter_rows(named=True):
        path = row["image"]
        if why := unsafe(path):
            log.error(OBSERVATIONS, f"names the picture {path!r}: {why}.", "Do not trust this dataset.")
            continue
        if path in named:
            log.error(OBSERVATIONS, f"names {path} twice.", MEND)
        named.add(path)
        if path not in subject.listed:
            log.error(OBSERVATIONS, f"names {path}, which no manifest lists.", MEND)
        format = FORMAT_OF.get(path[path.rfind(".") :], "")
        unit = Unit(row["rank"], row["day"], row["occasion"], row["view"])
        if format and path == image_path(unit, format):
            continue
        if not format or not _is_hettich(row, path, format):
            log.error(OBSERVATIONS, f"names {path} as the picture of {_of(row)}; that is not its name.", MEND)
        held += row["AcneSeverity"] is None
    if held:
        log.note(f"With the layout 'hettich' {held} names carry the class of a day whose score was lost.")
    for path in sorted({path for path in subject.listed if path.startswith(f"{IMAGES}/")} - named):
        log.error(path, f"no row of {OBSERVATIONS} names this picture.", MEND)
    return len(named)


def _of(row: dict[str, object]) -> str:
    return f"patient {row['patient_id']}, day {row['day']}, occasion {row['occasion']}, {row['view']}"


def _is_hettich(row: dict[str, object], path: str, format: str) -> bool:
    """Whether it is the seed layout's name, with the class of the recorded score (any, where it is not known)."""
    found, score = CLASS.search(path), row["AcneSeverity"]
    if not found:
        return False
    held = int(found[1][:3])
    wanted = held if score is None else min(max(-int(-(float(score) - 0.5) // 1), 0), 3)  # type: ignore[arg-type]
    name = hettich_name(row["patient_id"], row["date"], wanted, row["occasion"], row["view"], format)  # type: ignore[arg-type]
    return path == f"{IMAGES}/{name}"


def truth_files(subject: Subject, log: Log) -> int:
    """Masks and layers of every picture, if of any; a persistence map of every patient."""
    if not subject.truth:
        raise Skip("there is no truth/ here")
    images = [path for path in pictures(subject)["image"].to_list() if not unsafe(path)]
    asked = subject.protocol.images if subject.protocol is not None else None
    looked = 0
    for kind in ("masks", *LAYERS):
        there = {path for path in subject.listed if path.startswith(f"{TRUTH}/{kind}/")}
        should = bool(there)
        if asked is not None:
            should = asked.enabled and (asked.masks if kind == "masks" else kind in asked.layers)
        _compare(there, {path for image in images if should for path in _truth_of(image, kind)}, log)
        looked += len(there)
    keys = range(subject.frame("patients").height)
    _compare(
        {path for path in subject.listed if path.startswith(f"{PERSISTENCE}/")},
        {persistence_path(patient_key(rank)) for rank in keys},
        log,
    )
    return looked + len(keys)


def _truth_of(image: str, kind: str) -> tuple[str, ...]:
    return (mask_of(image), mask_of(image, True)) if kind == "masks" else (layer_of(image, kind),)


def _compare(there: set[str], wanted: set[str], log: Log) -> None:
    for path in sorted(wanted - there):
        log.error(path, "there should be such a file; no manifest lists it.", MEND)
    for path in sorted(there - wanted):
        log.error(path, "belongs to no picture or patient of the study.", MEND)


def rows(subject: Subject, log: Log) -> int:
    """Every row of a truth table is of a patient, picture and lesion that exist; every picture has its row."""
    if not subject.truth:
        raise Skip("there is no truth/ here")
    every, looked = pictures(subject), 0
    have = expected(subject)
    people = subject.frame("patients").select("patient_id")
    for name in ("lesions",):
        _strangers(subject.scan(name).join(people.lazy(), on="patient_id", how="anti").collect(), name, "patient", log)
    if "images" in have:
        table = subject.frame("images")
        _strangers(table.join(every, on=[*UNIT, "image"], how="anti"), "images", "picture", log)
        for path in every.join(table, on=[*UNIT, "image"], how="anti")["image"].head(5):
            log.error(TABLES["images"].path, f"has no row of {path}.", MEND)
        looked += table.height
    for part in portions(subject):
        for name in ("boxes", "keypoints"):
            if name in have:
                found = part.of(subject.scan(name))
                _strangers(found.join(every, on=[*UNIT, "image"], how="anti"), name, "picture", log)
                looked += found.height
        looked += _lesions(subject, part, log)
    return looked


def _lesions(subject: Subject, part: Portion, log: Log) -> int:
    """Lesion days are of lesions that exist, and alive; boxes of lesions that are drawn on the day."""
    born = subject.scan("lesions").filter(pl.col("patient_id").is_in(part.patients))
    lives = ["birth_day", "last_counted_day", "end_day"]
    born = born.select("patient_id", "lesion_id", pl.col("^(birth_day|last_counted_day|end_day)$")).collect()
    days = part.of(subject.scan("lesion_days"))
    key = ["patient_id", "lesion_id"]
    _strangers(days.join(born, on=key, how="anti"), "lesion_days", "lesion", log)
    if set(lives) <= set(born.columns):
        alive = days.join(born, on=key)
        counts = pl.col("day").is_between("birth_day", "last_counted_day")
        _strangers(alive.filter(pl.col("counted") & ~counts), "lesion_days", "counted day in the lesion's life", log)
        _strangers(alive.filter(pl.col("day") > pl.col("end_day")), "lesion_days", "day before the lesion's end", log)
    hidden = days.filter(pl.col("counted") & ~pl.col("visible"))
    _strangers(hidden, "lesion_days", "visible lesion, though it is counted", log)
    boxes = part.of(subject.scan("boxes"))
    drawn = days.filter("visible")
    _strangers(
        boxes.join(drawn, on=["patient_id", "day", "lesion_id"], how="anti"), "boxes", "lesion drawn that day", log
    )
    return days.height


def _strangers(found: pl.DataFrame, name: str, of: str, log: Log) -> None:
    for text in _rows(found.head(5)):
        log.error(TABLES[name].path, f"the row with {text} is of no {of}.", MEND)
    if found.height > 5:
        log.error(TABLES[name].path, f"{found.height - 5} more rows are of no {of}.", MEND)


def _rows(found: pl.DataFrame) -> Iterator[str]:
    shown = [c for c in ("patient_id", "day", "occasion", "view", "image", "lesion_id", "name") if c in found.columns]
    for row in found.select(shown).iter_rows(named=True):
        yield ", ".join(f"{key} {value}" for key, value in row.items())
