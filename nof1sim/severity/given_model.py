"""Severities that a user gave, and how they become a schedule and trajectories."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Bools, Floats, Ints, Schedule, Trajectories
from .given_grid import Missing, interpolated
from .given_values import Dates

FREE_LABELS = ("baseline", "runin", "washout", "notreatment", "none", "untreated", "followup")
"""Treatments (letters only, lower case) that are days without an arm."""


@dataclass(frozen=True, slots=True)
class Given:
    """Severities of a user's table. Arrays are (patients, days), column 0 is day 1; patients by first appearance.

    patient_ids : the user's names.  patient_days : (patients,) last day of each.
    first_date : of the earliest day 1, or None.  first_dates : (patients,) of each day 1, NaT where the file has none.
    severity : on the condition's scale 0..3; NaN where there is none.
    recorded : the file's own numbers, on the file's scale (for the recorded column); NaN where the file had none.
    label : index into `labels`, the file's treatments; carried on over days without a row.
    block : 1-based number of the period, from the file or from the runs of equal treatment.
    scale : the file's scale.  sha256 : of all that was understood.
    """

    patient_ids: tuple[str, ...]
    patient_days: Ints
    first_date: date | None
    first_dates: Dates
    severity: Floats
    recorded: Floats
    labels: tuple[str, ...]
    label: NDArray[np.int16]
    block: NDArray[np.int16]
    scale: tuple[float, float]
    missing: Missing
    sha256: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.patient_ids)

    @property
    def days(self) -> int:
        """Days of the longest patient: the width of the arrays."""
        return int(self.severity.shape[1])

    @property
    def exists(self) -> Bools:
        """(patients, days): the days up to each patient's last. Beyond, arrays are only padding."""
        return np.arange(1, self.days + 1) <= self.patient_days[:, None]

    @property
    def drawn(self) -> Bools:
        """(patients, days): the days that have a severity and so a picture."""
        return np.isfinite(self.severity) & self.exists

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels of the arms: the treatments but baseline, run-in, washout and none."""
        return tuple(label for label in self.labels if not _is_free(label))

    @property
    def arm_names(self) -> dict[str, str]:
        """Name fit for a protocol -> label, in the order of `arms`; `to_schedule` uses these names."""
        names: dict[str, str] = {}
        for label in self.arms:
            word = re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_").lower()[:36]
            word = word if word[:1].isalpha() else f"arm_{word}".rstrip("_")
            tries = (word, *(f"{word}_{i}" for i in range(2, len(self.labels) + 2)))
            names[next(name for name in tries if name not in names)] = label
        return names

    def patients(self, first: int, count: int) -> Given:
        """The patients of rank `first` .. `first + count - 1`; as many days, the same codes and digest."""
        part = slice(first, first + count)
        names = ("patient_ids", "patient_days", "first_dates", "severity", "recorded", "label", "block")
        return replace(self, **{name: getattr(self, name)[part] for name in names})


def _is_free(label: str) -> bool:
    return re.sub(r"[^a-z]", "", label.lower()) in FREE_LABELS


def order_note(given: Given) -> str:
    """A warning where everybody has the same treatments on the same days."""
    if len(given) < 2 or len(given.arms) < 2 or not (given.label == given.label[0]).all():
        return ""
    starts = np.flatnonzero(np.diff(given.block[0], prepend=0))
    order = ", ".join(given.labels[code] for code in given.label[0, starts])
    return (
        f"All {len(given)} patients have the same order of treatments ({order}): treatment and period are confounded. "
        "A difference between treatments is also a difference between times."
    )


def digest_of(given: Given) -> str:
    """SHA-256 of the values as understood: equal for the same table in another format."""
    sha = hashlib.sha256(repr((given.patient_ids, given.labels, given.scale, given.missing)).encode())
    for array in (given.patient_days, given.severity, given.recorded, given.label, given.block):
        sha.update(np.ascontiguousarray(array).tobytes())
    sha.update(given.first_dates.astype("datetime64[D]").astype(np.int64).tobytes())
    return sha.hexdigest()


def to_schedule(given: Given) -> Schedule:
    """The schedule that the table shows. Days without a row, and the padding after a patient's end, carry on."""
    names = given.arm_names
    code = {label: i for i, label in enumerate(names.values())}
    arm_of_label = np.array([code.get(label, NO_ARM) for label in given.labels], np.int16)
    sequences = []
    for label, block, days in zip(given.label, given.block, given.patient_days, strict=True):
        starts = np.flatnonzero(np.diff(block[:days], prepend=block[0] - 1))
        sequences.append(tuple(given.labels[i] for i in label[starts]))
    return Schedule(
        arms=tuple(names),
        arm=arm_of_label[given.label],
        block=given.block,
        labels=given.labels,
        label=given.label,
        sequences=tuple(sequences),
    )


def to_trajectories(given: Given, schedule: Schedule) -> Trajectories:
    """The given severities as what the lesions follow; finite on every day.

    Days without a severity are interpolated and the end is held, for skin goes on in between; such days are not drawn
    (`Given.drawn`). `parts` has one part, "given". Doses are 1 on an arm's days: nothing is known of adherence.
    """
    severity = interpolated(given.severity)
    taken = {arm: (schedule.arm == code).astype(float) for code, arm in enumerate(schedule.arms)}
    return Trajectories(
        schedule=schedule, unit="severity", latent=severity, parts={"given": severity}, severity=severity, taken=taken
    )
