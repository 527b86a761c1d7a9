"""Options of one format that are words: one of several, or some of the patients."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import DatasetError, Fault, InputError, did_you_mean
from ..reader import Dataset
from .base import Options

SEPARATOR = "+"
"""Between several values of an option: a comma already separates the options of `--set`."""


def one_of(options: Options, name: str, allowed: Sequence[str]) -> str:
    """A word among `Options.more`; the first of those allowed where it was not given. Another is an InputError."""
    given = options.more.get(name, allowed[0])
    if given not in allowed:
        raise InputError(str(Fault(f"--set {name}", given, ", ".join(allowed), did_you_mean(given, allowed))))
    return given


def some_patients(options: Options, name: str, dataset: Dataset) -> list[int]:
    """Ranks of the patients that an option names by id, `1+3`; all where it was not given. Ascending.

    Raises
    ------
    InputError
        No such patient.
    """
    known = dataset.patient_ids()
    if name not in options.more:
        return list(range(len(known)))
    text = options.more[name]
    rank_of = {patient_id: rank for rank, patient_id in enumerate(known)}
    wanted = [text] if text in rank_of else [word.strip() for word in text.split(SEPARATOR)]
    for word in wanted:
        if word not in rank_of:
            shown = ", ".join(known[:8]) + (f" ... ({len(known)})" if len(known) > 8 else "")
            fault = Fault(f"--set {name}", word, f"ids of patients, such as 1{SEPARATOR}3", f"There are: {shown}.")
            raise InputError(str(fault))
    return sorted({rank_of[word] for word in wanted})


def refuse_pictureless(dataset: Dataset, name: str) -> None:
    """A dataset of tables alone is a DatasetError."""
    if not dataset.units():
        raise DatasetError(
            f"{dataset.url}: holds no pictures (images.enabled is false, or all days were missed), and --to {name} "
            "is made of them. Simulate with pictures, or export to studyu, hettich or adam."
        )
