"""The lesion maps of the patients, and the numbers of their faces."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import polars as pl

from ...errors import DatasetError
from ...model import patient_key
from ..layout import FACES, LESIONS, persistence_path
from .findings import Log
from .subject import Skip, Subject, strict_json
from .tables import MEND, portions

MAP_BYTES = 1 << 28
"""Unpacked, no patient's map is bigger."""
COMPARED = ("lesion_id", "site", "x_mm", "y_mm", "birth_day", "end_day", "shape")
"""Columns of a map that stand in the lesion table as they are; others are codes there, and names in the table."""


def maps(subject: Subject, log: Log) -> int:
    """Every patient's lesion map holds the rows of the lesion table; faces.json names people of the study."""
    if not subject.truth:
        raise Skip("there is no truth/ here")
    people = subject.frame("patients")["patient_id"].to_list()
    ranks = {patient_id: rank for rank, patient_id in enumerate(people)}
    for part in portions(subject):
        born = subject.scan("lesions").filter(pl.col("patient_id").is_in(part.patients)).collect()
        rows_of = born.partition_by("patient_id", as_dict=True)
        for patient_id in part.patients:
            path = persistence_path(patient_key(ranks.get(patient_id, len(ranks))))
            if not subject.has(path):
                continue  # another check says so
            try:
                what = _difference(subject.read(path), rows_of.get((patient_id,), born.head(0)))
            except (DatasetError, ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
                what = f"cannot be read ({error})."
            if what:
                log.error(path, what, MEND)
    _faces(subject, len(people), log)
    return len(people)


def _difference(data: bytes, rows: pl.DataFrame) -> str:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if sum(member.file_size for member in archive.infolist()) > MAP_BYTES:
        return "would be absurdly big if it were unpacked."
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        for name in arrays.files:
            if arrays[name].shape != (rows.height,):
                return f"has {arrays[name].shape} values of {name}; {LESIONS} has {rows.height} lesions."
        for name in COMPARED:
            if name in rows.columns and not np.array_equal(arrays[name], rows[name].to_numpy()):
                return f"has other values of {name} than {LESIONS}."
    return ""


def _faces(subject: Subject, people: int, log: Log) -> None:
    if FACES not in subject.listed or not subject.has(FACES):
        return
    try:
        document = strict_json(subject.read(FACES))
    except DatasetError as error:
        log.error(FACES, f"cannot be used: {error}.", MEND)
        return
    faces = document.get("faces")
    if document.get("synthetic") is not True or not isinstance(faces, dict):
        log.error(FACES, "is no list of synthetic faces.", MEND)
    elif strangers := sorted(faces.keys() - {patient_key(rank) for rank in range(people)}):
        log.error(FACES, f"has the face of {strangers[0]}, who is no patient of the study.", MEND)
