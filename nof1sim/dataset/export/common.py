"""What the exports share: parts of the patients, numbers among the options, the note of a folder."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import Fault, InputError
from ..layout import MANIFEST
from ..reader import Dataset
from ..splits import split_patients
from .base import NOTE, Options

WHOLE = ""
"""Name of the only part where nobody asked for a split."""
_PART = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def parts_of(dataset: Dataset, split: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """The patients (by rank, ascending) of each part; without a split, all of them in the part `WHOLE`.

    Raises
    ------
    InputError
        A name that cannot be a file name; or as `split_patients`, which deals them.
    """
    patients = len(dataset.patient_ids())
    if not split:
        return {WHOLE: list(range(patients))}
    for name in split:
        if not _PART.fullmatch(name):
            raise InputError(str(Fault("--split", name, "names of letters, digits and _, a letter first")))
    return {name: list(ranks) for name, ranks in split_patients(patients, split, seed).items()}


def number(options: Options, name: str, default: float, low: float, high: float) -> float:
    """A number among `Options.more`. One that is none, or outside low .. high, is an InputError."""
    text = options.more.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise InputError(str(Fault(f"--set {name}", text, f"a number from {low:g} to {high:g}")))
    return value


def write_note(out: Path, dataset: Dataset, name: str, options: Options) -> None:
    """Say what a folder is: the last file that the writer of a folder writes.

    `source` is the SHA-256 of the dataset's manifest.json, and by it of every file outside truth/.
    """
    source = hashlib.sha256(dataset.read(MANIFEST)).hexdigest()
    note = {"format": name, "source": source, "digest": dataset.manifest["digest"], "nof1sim": __version__}
    (out / NOTE).write_bytes(to_json(note | {"options": asdict(options)}))


def to_json(document: Any) -> bytes:
    """A document as indented UTF-8 JSON; a date is YYYY-MM-DD."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n").encode()
