"""Label files as they come: CSV, Parquet, ACNE04's list files, or the names of folders. Nothing is judged here."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..errors import DatasetError, InputError, did_you_mean
from .tables import read_parquet

KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file", "file_name", "filename", "image", "path"),
    "label": ("label", "grade", "class", "severity"),
    "person": ("person", "person_id", "patient", "patient_id"),
    "split": ("split",),
}
"""What a column means -> names that are recognised without being told, the first one found wins."""
REQUIRED = ("file", "label")
SPLITS = ("train", "val", "test")
SPLIT_ALSO = {"training": "train", "valid": "val", "validation": "val", "dev": "val", "testing": "test"}
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic"})

_LIST_LINE = re.compile(r"(\S.*?)\s+(\d+)(?:\s+(\d+))?\s*")
_WHOLE_NUMBER = re.compile(r"(\d+)\.0*")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled image.

    path : relative to the folder, POSIX.  label : its class.  person : who is shown; None: the labels do not say, so
    the image counts as a person of its own.  split : "train", "val", "test"; None: there are no splits.
    sha256 : of the file's bytes.
    """

    path: str
    label: str
    person: str | None
    split: str | None
    sha256: str = ""

    @property
    def who(self) -> str:
        """The person, or the image where persons are not told: what may not be in two splits."""
        return self.path if self.person is None else self.person


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a label file: where it stands, and what it says. None: there is no such column; "": it is empty."""

    where: str
    file: str
    label: str
    person: str | None
    split: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a label file, and whether it tells persons and splits."""

    rows: tuple[Row, ...]
    has_persons: bool
    has_splits: bool


def rows_of_file(path: Path, columns: Mapping[str, str]) -> Rows:
    """The rows of a label file: .csv, .tsv, .parquet, or ACNE04's .txt (file, grade, lesion count; spaces between).

    columns : "file", "label", "person", "split" -> the name of the column in the table.

    Raises
    ------
    InputError
        No such file, another kind of file, not readable, or a column that is missing.
    """
    if (suffix := path.suffix.lower()) not in _READERS:
        raise InputError(f"--labels: got {path}; allowed: a .csv, .tsv, .parquet or ACNE04 list file (.txt).")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"--labels: {path} cannot be read ({error.strerror}). Give the file with the labels."
        ) from error
    if suffix == ".txt":
        if columns:
            raise InputError(f"--columns: {path.name} is a list without a header; give no --columns, or a CSV file.")
        return _list_rows(path, data)
    frame = _READERS[suffix](path, data)
    names = _column_names(path, frame.columns, columns)
    texts = {key: frame[name].cast(pl.String).fill_null("").str.strip_chars().to_list() for key, name in names.items()}
    none: list[None] = [None] * frame.height
    fields = (texts["file"], texts["label"], texts.get("person", none), texts.get("split", none))
    rows = tuple(
        Row(
            f"{path.name} row {number}", file, plain_label(label), person, None if split is None else plain_split(split)
        )
        for number, (file, label, person, split) in enumerate(zip(*fields, strict=True), start=1)
    )
    return Rows(rows, "person" in names, "split" in names)


def rows_of_folders(images: list[str]) -> Rows:
    """Labels from folder names: `LABEL/x.jpg`, or `SPLIT/LABEL/x.jpg` where all outer folders are named as splits.

    images : paths relative to a folder, POSIX; those at the top have no label and are left out.
    """
    deep = [path.split("/") for path in images if "/" in path]
    has_splits = bool(deep) and all(plain_split(parts[0]) in SPLITS and len(parts) > 2 for parts in deep)
    rows = tuple(
        Row("/".join(parts), "/".join(parts), parts[1 if has_splits else 0], None,
            plain_split(parts[0]) if has_splits else None)
        for parts in deep
    )  # fmt: skip
    return Rows(rows, has_persons=False, has_splits=has_splits)


def images_below(folder: Path) -> list[str]:
    """Every image file below a folder by its ending, relative, POSIX, sorted; hidden ones and linked folders not."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (path.is_file() or path.is_symlink())
    )


def plain_label(text: str) -> str:
    """A label as text; 2.0 is 2."""
    found = _WHOLE_NUMBER.fullmatch(text)
    return found[1] if found else text


def plain_split(text: str) -> str:
    """`Validation` -> `val`; what is no split stays as it came."""
    low = text.lower()
    return SPLIT_ALSO.get(low, low if low in SPLITS else text)


def _list_rows(path: Path, data: bytes) -> Rows:
    rows = []
    for number, line in enumerate(_text(path, data).splitlines(), start=1):
        if not line.strip():
            continue
        found = _LIST_LINE.fullmatch(line.strip())
        if not found:
            raise InputError(
                f"{path.name} line {number}: got {line.strip()!r}; allowed: file, grade and lesion count with spaces "
                "between, such as 'levle0_12.jpg 0 5'. For anything else give a CSV file with a header."
            )
        rows.append(Row(f"{path.name} line {number}", found[1], found[2], None, None))
    return Rows(tuple(rows), has_persons=False, has_splits=False)


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error


def _csv_frame(path: Path, data: bytes) -> pl.DataFrame:
    text = _text(path, data)
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)  # spreadsheets of many countries write semicolons
    try:
        return pl.read_csv(io.StringIO(text), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        reason = (str(error).strip().splitlines() or ["empty"])[0]
        raise InputError(f"{path.name}: cannot be read as CSV ({reason}). Save it again with a header.") from error


def _parquet_frame(path: Path, data: bytes) -> pl.DataFrame:
    try:
        return read_parquet(data)
    except DatasetError as error:
        raise InputError(f"{path.name}: {error}") from error


_READERS = {".csv": _csv_frame, ".tsv": _csv_frame, ".parquet": _parquet_frame, ".txt": _csv_frame}


def _column_names(path: Path, given: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """What a column means -> its name in the table."""
    for key, name in columns.items():
        if key not in KNOWN_NAMES:
            raise InputError(
                f"--columns: got {key!r}; allowed: {', '.join(KNOWN_NAMES)}. {did_you_mean(key, KNOWN_NAMES)}".rstrip()
            )
        if name not in given:
            raise InputError(
                f"--columns {key}: {path.name} has no column {name!r}; it has {', '.join(given)}. "
                f"{did_you_mean(name, given)}".rstrip()
            )
    names = dict(columns)
    for key, known in KNOWN_NAMES.items():
        found = next((name for name in known if name in given and name not in names.values()), None)
        if key not in names and found:
            names[key] = found
    for key in REQUIRED:
        if key not in names:
            raise InputError(
                f"{path.name}: has no column {key!r}; it has {', '.join(given)}. "
                f"Say which one it is: --columns {key}=NAME"
            )
    return names
