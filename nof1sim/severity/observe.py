"""From the truth to what a study records: the score, raters, self-report, and the days that get lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..model import NO_ARM, Bools, Cohort, Floats, Schedule
from ..protocol.types import Protocol
from ..randomness import stream
from .draws import by_day, chunks
from .missing import IMAGE_ONLY, SCORE_ONLY, missing_reasons
from .raters import noisy_log_count, rated_count, rated_iga, self_reported

PER_DAY = ("drop_out", "vacation", "vacation_start", "vacation_length", "person")
"""Columns that all occasions of a day share; "person" is used on day 1."""

COLUMNS = (*PER_DAY, "recording", "mcar", "mar", "image_only", "score_only", "self_report", "self_rounding")
"""A day's uniform numbers at the address (key, "observe"), in order; a later occasion has its own at
(key, "observe", occasion)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is there to be observed. Arrays are (patients, days).

    severity : the true one.  n_inflammatory, n_nodule : counts from the lesions; None where no rater needs them.
    latent_score : the latent before it is cut to the scale ('score' model); None: the noise acts on `severity`.
    iga_cuts : inflammatory lesions at which the IGA goes up (the condition's); needed where a rater scores it.
    severity_of_count : the condition's map, for the 'birth_rate' model.
    """

    severity: Floats
    n_inflammatory: NDArray[np.generic] | None = None
    n_nodule: NDArray[np.generic] | None = None
    latent_score: Floats | None = None
    iga_cuts: Sequence[float] = ()
    severity_of_count: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the study has. Arrays are (patients, days); NaN is a gap.

    score : recorded severity.  raters : name -> counts or IGA.  self_report : 0 to 10, or None if not asked.
    complete : "score", "rater_<name>", "self_report" without gaps.
    score_missing : score, raters and self-report are lost.  image_missing : the photographs are.
    missing_reason : code into `nof1sim.severity.missing.REASONS`.
    """

    score: Floats
    raters: Mapping[str, Floats]
    self_report: Floats | None
    complete: Mapping[str, Floats]
    score_missing: Bools
    image_missing: Bools
    missing_reason: NDArray[np.int8]


def observe(protocol: Protocol, cohort: Cohort, schedule: Schedule, truth: Truth, occasion: int = 1) -> Recorded:
    """What is recorded of the truth at one occasion of each day (1-based; call once per occasion).

    The score ('score' model): clip(latent + N(0, recording_sd)), rounded. 'birth_rate': the severity of the first
    counting rater's count, or the true severity with that noise where nobody counts. Occasions of a day share drop-out,
    vacations and biases. Source: severity_and_lesions sections 6(b), 6(d).

    Raises
    ------
    ValueError
        A rater is asked for, but `truth` has no counts, for an IGA no `iga_cuts`, or for the score of 'birth_rate' no
        `severity_of_count`.
    """
    shape = schedule.arm.shape
    complete: dict[str, Floats] = {}
    reason = np.empty(shape, dtype=np.int8)
    for rows in chunks(shape[0]):
        column = _columns(protocol, cohort, rows, shape[1], occasion)
        true = np.ascontiguousarray(truth.severity[rows].T)
        reason[rows] = missing_reasons(protocol.observation.missing, column, true, protocol.cohort.start_date).T
        some = _complete(protocol, cohort, schedule, truth, rows, column, occasion)
        for name, values in some.items():
            complete.setdefault(name, np.empty(shape))[rows] = values
    score_missing = (reason > 0) & (reason != IMAGE_ONLY)
    image_missing = (reason > 0) & (reason != SCORE_ONLY)
    gaps = {name: np.where(score_missing, np.nan, values) for name, values in complete.items()}
    names = [rater.name for rater in protocol.observation.raters]
    return Recorded(
        score=gaps["score"],
        raters={name: gaps[f"rater_{name}"] for name in names},
        self_report=gaps.get("self_report"),
        complete=complete,
        score_missing=score_missing,
        image_missing=image_missing,
        missing_reason=reason,
    )


def _columns(protocol: Protocol, cohort: Cohort, rows: slice, days: int, occasion: int) -> dict[str, Floats]:
    """Uniform numbers by name, each (days, patients of `rows`)."""
    keys = [patient.key for patient in cohort.patients[rows]]
    first = by_day(protocol.seed, keys, ("observe",), (days, len(COLUMNS)), normal=False)
    here = first
    if occasion > 1:
        here = by_day(protocol.seed, keys, ("observe", occasion), (days, len(COLUMNS)), normal=False)
    return {
        name: np.ascontiguousarray((first if name in PER_DAY else here)[:, :, place].T)
        for place, name in enumerate(COLUMNS)
    }


def _complete(
    protocol: Protocol,
    cohort: Cohort,
    schedule: Schedule,
    truth: Truth,
    rows: slice,
    column: dict[str, Floats],
    occasion: int,
) -> dict[str, Floats]:
    """Everything recorded, without gaps: name -> (patients of `rows`, days)."""
    part, top = protocol.observation, protocol.severity.scale_high
    complete = {
        f"rater_{name}": seen for name, seen in _rated(protocol, cohort, schedule, truth, rows, occasion).items()
    }
    complete["score"] = _score(protocol, truth, rows, column["recording"], complete)
    if part.self_report is not None:
        share, bias = truth.severity[rows].T / top, ndtri(column["person"][0])
        answers = self_reported(part.self_report, share, bias, ndtri(column["self_report"]), column["self_rounding"])
        complete["self_report"] = answers.T
    return complete


def _rated(
    protocol: Protocol, cohort: Cohort, schedule: Schedule, truth: Truth, rows: slice, occasion: int
) -> dict[str, Floats]:
    """Name -> counts or IGA of each rater, (patients of `rows`, days). Noise: one stream per patient and rater."""
    raters = protocol.observation.raters
    if not raters:
        return {}
    if truth.n_inflammatory is None or truth.n_nodule is None:
        raise ValueError("raters need truth.n_inflammatory and truth.n_nodule")
    if not len(truth.iga_cuts) and any(rater.scores == "iga" for rater in raters):
        raise ValueError("raters who score an IGA need truth.iga_cuts, from the condition")
    count, nodules = truth.n_inflammatory[rows].astype(float), truth.n_nodule[rows].astype(float)
    keys = [patient.key for patient in cohort.patients[rows]]
    treated, rated = _treated(protocol, schedule, rows), {}
    for rater in raters:
        address = ("rater", rater.name) if occasion == 1 else ("rater", rater.name, occasion)
        normal = by_day(protocol.seed, keys, address, count.shape[1:])
        bias = float(stream(protocol.seed, "rater", rater.name).standard_normal())
        seen = noisy_log_count(rater, count, bias, normal, treated)
        rated[rater.name] = rated_count(seen) if rater.scores == "count" else rated_iga(seen, nodules, truth.iga_cuts)
    return rated


def _treated(protocol: Protocol, schedule: Schedule, rows: slice) -> Bools:
    """Days on which an active arm is assigned."""
    active = np.array([protocol.treatments[arm].active for arm in schedule.arms] + [False])
    arm = schedule.arm[rows]
    return np.where(arm == NO_ARM, False, active[arm])


def _score(protocol: Protocol, truth: Truth, rows: slice, recording: Floats, rated: Mapping[str, Floats]) -> Floats:
    part, scale = protocol.observation, protocol.severity
    counting = [rater.name for rater in part.raters if rater.scores == "count"]
    if scale.model == "birth_rate" and counting:
        if truth.severity_of_count is None:
            raise ValueError("the score of the 'birth_rate' model needs truth.severity_of_count")
        score = truth.severity_of_count(rated[f"rater_{counting[0]}"])
    else:
        score = (truth.severity if truth.latent_score is None else truth.latent_score)[rows]
        if part.recording_sd:
            score = score + part.recording_sd * ndtri(recording).T
    # Adding 0 turns -0 into 0.
    return np.round(np.clip(score, scale.scale_low, scale.scale_high), part.digits) + 0.0
