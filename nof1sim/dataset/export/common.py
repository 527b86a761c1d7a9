"""What the exports share: parts of the patients, numbers among the options, the note of a folder."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import Fault, InputError
from ...randomness import stream
from ..layout import MANIFEST
from ..reader import Dataset
from .base import NOTE, Options

WHOLE = ""
"""Name of the only part where nobody asked for a split."""
_PART = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ROUNDING = 1e-9


def parts_of(dataset: Dataset, split: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """The patients (by rank, ascending) of each part; without a split, all of them in the part `WHOLE`.

    A permutation by `stream(seed, "split")` is cut into the shares (largest remainders, at least one patient each).
    Shares that add up to less than 1 leave patients out.

    Raises
    ------
    InputError
        A name that cannot be a file name, shares that add up to more than 1, fewer patients than parts.
    """
    patients = len(dataset.patient_ids())
    if not split:
        return {WHOLE: list(range(patients))}
    for name in split:
        if not _PART.fullmatch(name):
            raise InputError(str(Fault("--split", name, "names of letters, digits and _, a letter first")))
    total = math.fsum(split.values())
    if total > 1 + _ROUNDING:
        raise InputError(str(Fault("--split", dict(split), "shares that add up to at most 1", f"They give {total:g}.")))
    counts = _counts(list(split.values()), patients)
    if sum(counts) > patients:
        advice = "Ask for fewer parts, or simulate more patients."
        raise InputError(str(Fault("--split", dict(split), f"at most a part for each of {patients} patients", advice)))
    order = iter(stream(seed, "split").permutation(patients).tolist())
    return {name: sorted(next(order) for _ in range(count)) for name, count in zip(split, counts, strict=True)}


def _counts(shares: Sequence[float], patients: int) -> list[int]:
    """Patients of each share: largest remainders, then one at least, taken from the largest part."""
    exact = [share * patients for share in shares]
    counts = [math.floor(count + _ROUNDING) for count in exact]
    left = min(round(sum(exact)), patients) - sum(counts)
    for place in sorted(range(len(shares)), key=lambda place: counts[place] - exact[place])[:left]:
        counts[place] += 1
    for place in [place for place, count in enumerate(counts) if count == 0]:
        counts[place] = 1
        largest = max(range(len(counts)), key=counts.__getitem__)
        if sum(counts) > patients and counts[largest] > 1:
            counts[largest] -= 1
    return counts


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
