"""The design as the people of a study know it: its name, its treatments, what of its periods is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from ..layout import TRUTH_MANIFEST
from ..reader import Dataset

WITHOUT = ("baseline", "run-in", "washout", "no treatment", "untreated")
"""Labels (lower case) that mean no treatment, where a dataset comes without the protocol in truth/."""


@dataclass(frozen=True, slots=True)
class Study:
    """What a protocol says that every real study knows, too. Without truth/ it is read off the observations.

    treatments : labels, in the protocol's order; other labels mean no treatment.  washout : the label of a washout.
    scale : lowest and highest recorded severity.  raters : name -> "count" or "iga".
    """

    name: str
    title: str
    treatments: tuple[str, ...]
    washout: str
    scale: tuple[float, float]
    raters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Period:
    """A run of days with one label: one block of the design. Days count from 1."""

    block: int
    label: str
    first_day: int
    last_day: int


def study_of(dataset: Dataset) -> Study:
    """The study behind a dataset."""
    found = dataset.observations()["treatment"].unique(maintain_order=True).to_list()
    if not dataset.target.exists(TRUTH_MANIFEST):
        treated = tuple(label for label in found if label.casefold() not in WITHOUT)
        return Study("nof1sim", "A simulated series of N-of-1 trials", treated, "Washout", (0.0, 3.0), {})
    protocol: dict[str, Any] = dataset.truth_manifest["protocol"]
    design, severity, given = protocol["design"], protocol["severity"], protocol["given"]
    labels = (protocol["treatments"][arm]["label"] or arm for arm in design["arms"])
    limits = given or severity
    return Study(
        protocol["name"],
        protocol["title"],
        tuple(label for label in labels if label in found),
        design["washout_label"],
        (float(limits["scale_low"]), float(limits["scale_high"])),
        {rater["name"]: rater["scores"] for rater in protocol["observation"]["raters"]},
    )


def periods_of(rows: pl.DataFrame) -> list[Period]:
    """The periods of one patient's observations, in order."""
    days = rows.unique("day", keep="first", maintain_order=True).select("block", "treatment", "day").rows()
    runs = [list(run) for _, run in groupby(days, key=lambda day: day[:2])]
    return [Period(run[0][0], run[0][1], run[0][2], run[-1][2]) for run in runs]


def treated(periods: Sequence[Period], study: Study) -> list[Period]:
    """The periods with a treatment."""
    return [period for period in periods if period.label in study.treatments]
