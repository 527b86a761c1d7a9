"""The wall between what a study records and what only a simulator knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
import polars.selectors as cs

from ...errors import DatasetError
from ..columns import TABLES
from ..layout import CARD, MANIFEST, OBSERVATIONS, TRUTH
from .findings import Log
from .subject import Skip, Subject
from .tables import expected

MEND = "Whoever analyses this could see the answer: simulate anew."
SHARED = {"format", "schema_version", "synthetic", "digest", "files"}
"""Keys that both manifests have."""
DIGITS = 6
"""A number of so many significant digits does not stand in a text by chance."""
_NUMBER = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?")


def leaks(subject: Subject, log: Log) -> int:
    """No column, key, word or number of the truth in observations.csv, manifest.json or README.md.

    That the recorded values themselves are those of a study (`records`) and that images tell nothing (`images`) are
    checks of their own.
    """
    seen = subject.frame("observations")
    for name in seen.columns:
        if TABLES["observations"].column(name) is None and any(_knows(table, name) for table in TABLES):
            log.error(OBSERVATIONS, f"has the column {name!r}, which only a simulator knows.", MEND)
    for key in sorted((subject.manifest.keys() & subject.truth.keys()) - SHARED):
        log.error(MANIFEST, f"has the entry {key!r}, which belongs into {TRUTH}/.", MEND)
    known = _hidden_names(subject)
    numbers = set(_hidden_numbers(subject))
    for path in (CARD, MANIFEST):
        text = _text(subject, path)
        for word in sorted(known & set(re.findall(r"\w+", text))):
            log.error(path, f"names {word!r}, which only a simulator knows.", MEND)
        for number in sorted(numbers & set(_NUMBER.findall(text))):
            log.error(path, f"holds {number}, a number of the truth.", MEND)
    return seen.width + 2


def _knows(table: str, name: str) -> bool:
    return table != "observations" and TABLES[table].column(name) is not None


def _hidden_names(subject: Subject) -> set[str]:
    """Columns of the truth whose names are no plain words (severity_true; not age, nor sex), beside the recorded."""
    if not subject.truth:
        return set()
    columns = {column for name in ("patients", "days") if name in expected(subject)
               for column in subject.frame(name).columns}  # fmt: skip
    return {name for name in columns if "_" in name} - set(subject.frame("observations").columns)


def _hidden_numbers(subject: Subject) -> Iterator[str]:
    """Every person's numbers, as a file would write them."""
    if not subject.truth or "patients" not in expected(subject):
        return
    for column in subject.frame("patients").select(cs.float()).iter_columns():
        for value in column.drop_nulls().cast(pl.String):
            if len(value.replace(".", "").lstrip("-0")) >= DIGITS:
                yield value


def _text(subject: Subject, path: str) -> str:
    try:
        return subject.read(path).decode("utf-8")
    except (DatasetError, ValueError):
        return ""  # the files' check says so


def without_truth(subject: Subject, log: Log) -> int:
    """A card that can be read, and that says that the dataset is synthetic."""
    if CARD not in subject.listed:
        raise Skip(f"there is no {CARD}")
    try:
        text = subject.read(CARD).decode("utf-8")
    except (DatasetError, ValueError) as error:
        log.error(CARD, f"cannot be read ({error}).", MEND)
        return 1
    if "synthetic" not in text.lower():
        log.error(CARD, "does not say that the dataset is synthetic.", MEND)
    return 1
