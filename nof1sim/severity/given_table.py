"""A user's file as a frame of columns, whatever its delimiter, encoding or line ends; and each row's place in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..errors import Fault, InputError, nearest

ROLES: dict[str, tuple[str, ...]] = {
    "patient_id": ("patientid", "patient", "subjectid", "subject", "participantid", "participant", "usubjid", "pid",
                   "person", "id"),
    "day": ("dayofstudy", "studyday", "day", "daynumber", "days"),
    "date": ("date", "visitdate", "day_date", "datum"),
    "treatment": ("treatment", "arm", "intervention", "condition", "trt", "therapy", "drug"),
    "severity": ("acneseverity", "severity", "severityscore", "score", "iga", "gea", "easi", "pasi", "scorad",
                 "outcome"),
    "block": ("block", "period", "phase"),
}  # fmt: skip
"""Our columns and the names (letters and digits only, lower case) that are taken for them, the likeliest first."""

PARQUET_ENDINGS = (".parquet", ".pq")

REQUIRED = ("patient_id", "treatment", "severity")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that hold anything. CSV columns are text; Parquet columns keep their types.

    text : the CSV's text, for line numbers; None for Parquet.
    """

    path: Path
    frame: pl.DataFrame
    text: str | None
    delimiter: str
    notes: tuple[str, ...]

    def lines(self) -> list[int]:
        """1-based file line of each row of the frame (row number for Parquet). Reads the text again: for faults."""
        if self.text is None:
            return list(range(1, self.frame.height + 1))
        reader, starts, at = csv.reader(io.StringIO(self.text), delimiter=self.delimiter), [], 1
        try:
            for record in reader:
                if any(cell.strip() for cell in record):
                    starts.append(at)
                at = reader.line_num + 1
        except csv.Error:
            return []
        return starts[1:]

    @property
    def unit(self) -> str:
        return "row" if self.text is None else "line"


def read_table(path: str | Path) -> Table:
    """Read a CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows text) or a Parquet file.

    Raises
    ------
    InputError
        Not found, not readable, not a table, or without rows.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the path; it must be a CSV or Parquet file of severities.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the file's permissions.") from error
    is_parquet = data[:4] == b"PAR1" or path.suffix.lower() in PARQUET_ENDINGS
    table = _parquet(path, data) if is_parquet else _csv(path, data)
    frame = table.frame
    if frame.width:
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if not frame.height:
        raise InputError(f"{path}: 0 rows. A header and at least one row (one per patient and day) are needed.")
    return Table(path, frame, table.text, table.delimiter, table.notes)


def _parquet(path: Path, data: bytes) -> Table:
    if data[:4] != b"PAR1":
        advice = "Write it as Parquet, or give the file of a text table another ending, such as .csv."
        raise InputError(
            f"{path}: cannot be read as Parquet (a Parquet file begins with PAR1; this does not). {advice}"
        )
    try:
        return Table(path, pl.read_parquet(io.BytesIO(data)), None, "", ())
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({_first_line(error)}).") from error


def _csv(path: Path, data: bytes) -> Table:
    text, notes = _decoded(path, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    if not text.strip():
        raise InputError(f"{path}: the file is empty. A header and one row per patient and day are needed.")
    delimiter = _delimiter(text)
    try:
        frame = pl.read_csv(
            io.BytesIO(text.encode()), separator=delimiter, infer_schema=False, truncate_ragged_lines=False
        )
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        advice = "Every row needs as many fields as the header; a decimal comma needs ';' or tab between the fields."
        raise InputError(f"{path}: not a readable table ({_first_line(error)}). {advice}") from error
    stripped = [pl.col(name).str.strip_chars().replace("", None) for name in frame.columns]
    return Table(path, frame.select(stripped), text, delimiter, notes)


def _decoded(path: Path, data: bytes) -> tuple[str, tuple[str, ...]]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in data:
        raise InputError(f"{path}: neither a text table nor Parquet (it holds zero bytes). Save it as CSV or Parquet.")
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), ("The file is not UTF-8; it was read as Windows-1252.",)


def _delimiter(text: str) -> str:
    """The likeliest of tab, semicolon and comma, by the header: a semicolon or tab beats a comma."""
    header = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
    return next((mark for mark in "\t;" if mark in header), ",")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")


def find_columns(names: list[str], wanted: Mapping[str, str] | None) -> tuple[dict[str, str], list[Fault]]:
    """Our column -> the file's, by the user's word or by name; and what is missing."""
    found, faults, wanted = {}, [], dict(wanted or {})
    for role in [role for role in wanted if role not in ROLES]:
        hit = nearest(role, ROLES)
        faults.append(Fault("--columns", role, ", ".join(ROLES), f"Did you mean {hit!r}?" if hit else ""))
    plain = {_plain(name): name for name in reversed(names)}
    for role, usual in ROLES.items():
        if role in wanted:
            if wanted[role] in names:
                found[role] = wanted[role]
            else:
                faults.append(Fault(f"--columns {role}", wanted[role], f"a column of the file: {_list(names)}",
                                    _meant(wanted[role], names)))  # fmt: skip
        elif hit := next((plain[name] for name in map(_plain, usual) if name in plain), None):
            found[role] = hit
    needed = [role for role in REQUIRED if role not in found and role not in wanted]
    for role in needed:
        faults.append(_missing(role, role, names))
    if not {"day", "date"} & (found.keys() | wanted.keys()):
        faults.append(_missing("day or date", "day", names))
    return found, faults


def _missing(what: str, role: str, names: list[str]) -> Fault:
    hint = _meant(role, names) or next(filter(None, (_meant(usual, names) for usual in ROLES[role])), "")
    advice = f"{hint} Name it with --columns {role}=<column>.".strip()
    return Fault(f"column {what}", None, f"one of {', '.join(ROLES[role])}; the file has {_list(names)}", advice)


def _meant(name: str, names: list[str]) -> str:
    by_plain, plain = {_plain(one): one for one in names if _plain(one)}, _plain(name)
    short = (one for one in by_plain if len(one) >= 3 and (plain.startswith(one) or one.startswith(plain)))
    hit = nearest(plain, by_plain) or next(short, None)
    return f"Did you mean {by_plain[hit]!r}?" if hit else ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _list(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
