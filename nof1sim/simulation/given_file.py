"""A user's table and the dataset that is made of it: the observations are the table, and can be read back as it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from ..dataset import layout
from ..dataset.reader import Dataset
from ..protocol import Protocol
from ..severity.given import Given, read_severities
from ..severity.given_model import digest_of


def given_of(dataset: Dataset, protocol: Protocol) -> Given | None:
    """The table behind a dataset: its observations are that table. None where severities were simulated."""
    described = protocol.given
    if described is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / layout.OBSERVATIONS
        path.write_bytes(dataset.target.read(layout.OBSERVATIONS))
        given = read_severities(path, scale=(described.scale_low, described.scale_high), missing=described.missing)
    return canonical(given, protocol.cohort.start_date)


def canonical(given: Given, start: date) -> Given:
    """The table as its own observations.csv would give it: dated, and labels in the order of patients and days.

    So the dataset can be made again, to the byte, from the dataset. Dates begin at `start` where the table has none.
    """
    days = int(given.patient_days.max())
    shown, label = given.exists[:, :days], given.label[:, :days]
    codes, first = np.unique(label[shown], return_index=True)
    order = codes[np.argsort(first)]
    place = np.zeros(len(given.labels), given.label.dtype)
    place[order] = np.arange(order.size)
    starts = np.where(np.isnat(given.first_dates), np.datetime64(start, "D"), given.first_dates)
    made = replace(
        given,
        severity=given.severity[:, :days],
        recorded=given.recorded[:, :days],
        block=given.block[:, :days],
        label=place[label],
        labels=tuple(given.labels[code] for code in order),
        first_dates=starts,
        first_date=starts.min().astype(object),
    )
    return replace(made, sha256=digest_of(made))
