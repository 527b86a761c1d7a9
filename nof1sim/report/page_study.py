"""What the page says of a study as a whole: calendar, courses, labels. From what the study recorded, truth if there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from ..dataset import layout
from ..dataset.reader import IMAGE_COLUMN, Dataset
from ..errors import DatasetError
from ..model import Floats, Unit, patient_key
from .page_story import story_of, words_of

FREE_LABELS = ("baseline", "washout", "run-in", "run in")
"""Labels of periods without a treatment, where no truth tells."""
SCORE = "AcneSeverity"
NAMED = 6
"""Names that are listed beside a calendar."""
MOST_COURSES = 200
"""So many patients' courses are drawn as small multiples and in the calendar of gaps, evenly chosen."""


@dataclass(frozen=True)
class Study:
    """A dataset as the page looks at it; every table is read once.

    label : "" for the dataset itself, the folder's name for a twin.
    """

    dataset: Dataset
    label: str = ""

    @cached_property
    def rows(self) -> Mapping[str, pl.DataFrame]:
        """patient_id -> observations, in the order of the file."""
        parts = self.dataset.observations().partition_by("patient_id", maintain_order=True, as_dict=True)
        return {str(key[0]): frame for key, frame in parts.items()}

    @cached_property
    def ids(self) -> list[str]:
        return list(self.rows)

    @cached_property
    def has_truth(self) -> bool:
        return self.dataset.target.exists(layout.TRUTH_MANIFEST)

    @cached_property
    def truth_days(self) -> Mapping[str, pl.DataFrame]:
        if not self.has_truth:
            return {}
        parts = self.dataset.truth("days").partition_by("patient_id", maintain_order=True, as_dict=True)
        return {str(key[0]): frame for key, frame in parts.items()}

    @cached_property
    def truth_patients(self) -> Mapping[str, Mapping[str, Any]]:
        if not self.has_truth:
            return {}
        return {row["patient_id"]: row for row in self.dataset.truth("patients").iter_rows(named=True)}

    @cached_property
    def units(self) -> Mapping[int, list[Unit]]:
        """Rank -> pictures."""
        found: dict[int, list[Unit]] = {}
        for unit in self.dataset.units():
            found.setdefault(unit.rank, []).append(unit)
        return found

    @cached_property
    def views(self) -> list[str]:
        columns = self.dataset.observations().columns
        return [name.removeprefix(IMAGE_COLUMN) for name in columns if name.startswith(IMAGE_COLUMN)]

    @cached_property
    def occasions(self) -> int:
        return int(self.dataset.observations()["occasion"].max() or 1)  # type: ignore[arg-type]

    @cached_property
    def days(self) -> int:
        return int(self.dataset.observations()["day"].max() or 1)  # type: ignore[arg-type]

    @cached_property
    def labels(self) -> list[dict[str, Any]]:
        """Every treatment label in order of appearance, and whether it is that of a period without treatment."""
        names = self.dataset.observations()["treatment"].unique(maintain_order=True).to_list()
        free = {name for name in names if name.lower() in FREE_LABELS}
        if self.has_truth:
            days = self.dataset.truth("days")
            if "arm" in days.columns:
                free = set(days.filter(pl.col("arm").is_null())["treatment"].unique())
        arms = sorted(name for name in names if name not in free)
        return [
            {"name": name, "free": name in free, "colour": -1 if name in free else arms.index(name)} for name in names
        ]

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Bounds of the recorded scale: what the card says, else the scores' own range."""
        text = self.dataset.read(layout.CARD).decode("utf-8", "replace") if self._has(layout.CARD) else ""
        number = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
        if found := re.search(rf"`{SCORE}`[^\n]*?\| {number} to {number} \|", text):
            return float(found[1]), float(found[2])
        scores = self.dataset.observations()[SCORE].drop_nulls()
        return (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 1.0)  # type: ignore[arg-type]

    def scores(self, patient_id: str) -> Floats:
        """(occasions, days) recorded scores, NaN where missing."""
        out = np.full((self.occasions, self.days), np.nan)
        rows = self.rows[patient_id]
        values = rows[SCORE].to_numpy().astype(float)
        out[rows["occasion"].to_numpy() - 1, rows["day"].to_numpy() - 1] = values
        return out

    def score(self, patient_id: str) -> Floats:
        """(days,) mean over the occasions of a day, NaN where all are missing."""
        every = self.scores(patient_id)
        count = np.isfinite(every).sum(axis=0)
        return np.where(count > 0, np.nansum(every, axis=0) / np.maximum(count, 1), np.nan)

    def treatments(self, patient_id: str) -> list[str]:
        """(days,) the label of each day; the last one goes on where a patient's days end early."""
        rows = self.rows[patient_id].filter(pl.col("occasion") == 1)
        told = dict(zip(rows["day"].to_list(), rows["treatment"].to_list(), strict=True))
        out: list[str] = []
        for day in range(1, self.days + 1):
            out.append(told.get(day, out[-1] if out else ""))
        return out

    def periods(self, patient_id: str) -> list[list[int]]:
        """[index into labels, first day, last day] of each period."""
        names = [label["name"] for label in self.labels]
        rows = (
            self.rows[patient_id]
            .group_by("block", maintain_order=True)
            .agg(pl.col("treatment").first(), pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
        )
        return [[names.index(label), first, last] for _, label, first, last in rows.iter_rows()]

    def _has(self, path: str) -> bool:
        return self.dataset.target.exists(path)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0 .. count - 1, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(i * (count - 1) / max(1, most - 1)) for i in range(most)})


def twins_of(study: Study) -> list[Study]:
    """The counterfactual twins in the folders `DIR-twins/*` beside a local dataset, those that can be opened."""
    local = study.dataset.target.local
    if local is None:
        return []
    home = local.resolve()
    found = []
    for folder in sorted(home.parent.glob(f"{_glob(home.name)}-twins/*/")):
        try:
            twin = Study(Dataset(folder), folder.name)
            if twin.ids == study.ids:
                found.append(twin)
        except DatasetError:
            continue
    return found


def _glob(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def sequences(study: Study) -> list[dict[str, Any]]:
    """The different calendars over all patients, in order of their first patient: periods, some names, how many."""
    found: dict[str, dict[str, Any]] = {}
    for patient_id in study.ids:
        periods = study.periods(patient_id)
        row = found.setdefault(str(periods), {"periods": periods, "ids": [], "count": 0})
        row["ids"] += [patient_id] if row["count"] < NAMED else []
        row["count"] += 1
    return list(found.values())


def courses(study: Study, ranks: Sequence[int]) -> list[dict[str, Any]]:
    """One entry a patient: periods, recorded scores by day, the story, who it is where the truth is there."""
    return [_course(study, rank, study.ids[rank]) for rank in ranks]


def _course(study: Study, rank: int, patient_id: str) -> dict[str, Any]:
    score = study.score(patient_id)
    story = story_of(score, study.scale)
    told = words_of(story, study.treatments(patient_id)) if story else "Hardly any scores were recorded."
    plain = {k: v for k, v in asdict(story).items() if not isinstance(v, float)} if story else None
    return {
        "rank": rank,
        "id": patient_id,
        "key": patient_key(rank),
        "who": _who(study.truth_patients.get(patient_id)),
        "periods": study.periods(patient_id),
        "score": numbers(score, 2),
        "gaps": _gaps(study, patient_id),
        "story": plain,
        "words": told,
    }


def _who(person: Mapping[str, Any] | None) -> str:
    if person is None:
        return ""
    numeral = ("", "I", "II", "III", "IV", "V", "VI")[int(person["fitzpatrick"])]
    if person["sex"] is None or person["age_years"] is None:  # a photograph, of whom neither is known
        return f"skin type {numeral}"
    sex = {"F": "woman", "M": "man"}.get(person["sex"], "person")
    return f"{sex}, {person['age_years']:.0f}, skin type {numeral}"


def _gaps(study: Study, patient_id: str) -> str:
    """A digit a day: 0 all there, 1 no score, 2 no photograph, 3 neither, 4 left the study, 5 no such day."""
    rows = study.rows[patient_id]
    images = [pl.col(f"{IMAGE_COLUMN}{view}").is_not_null() for view in study.views]
    left = pl.col("dropped_out").any() if "dropped_out" in rows.columns else pl.lit(False)
    by_day = rows.group_by("day", maintain_order=True).agg(
        pl.col(SCORE).is_not_null().any().alias("score"),
        (pl.any_horizontal(images).any() if images else pl.lit(True)).alias("image"),
        left.fill_null(False).alias("left"),
    )
    code = ["5"] * study.days
    for day, score, image, gone in by_day.iter_rows():
        code[day - 1] = "4" if gone else str((not score) + 2 * (not image))
    return "".join(code)


def numbers(values: Floats, digits: int) -> list[float | None]:
    """JSON numbers, rounded; null for NaN."""
    rounded = [round(float(value), digits) if math.isfinite(value) else None for value in values]
    return [int(value) if value is not None and value == int(value) else value for value in rounded]
