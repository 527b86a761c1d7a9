"""An analysis beside the truth: does the score follow severity, does each estimate find its own estimand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..analysis.course import NAN, Contrast, Effect, Floats
from ..analysis.preprocess import centred
from ..analysis.result import AnalysisResult, Answer, Scored
from .truth import Truth, estimand_of

ALPHA = 0.05
RESPONDER = 0.5
"""A responder's least |steady-state contrast|, grades."""


@dataclass(frozen=True, slots=True)
class Found:
    """One method against its own estimand, in grades of severity.

    level : "pooled" or "patient".  truth, estimate : means (over patients at the patients' level).  rmse : of single
    estimates.  covered : share of the 95 % intervals that hold their truth.  rejected : share with p < .05.  n : how
    many estimates there are, failed : how many patients have none.
    """

    score: str
    level: str
    method: str
    estimand: str
    n: int
    failed: int
    truth: float
    estimate: float
    rmse: float
    covered: float
    rejected: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one score recovers.

    within_r : mean over patients of the correlation of the score with true severity (daily).  pooled_r : the same with
    all patients' days together, each minus its patient's mean.  slope : score per grade, one for all patients, by least
    squares of the score on true severity within patients over the days of both treatments (a score of pictures bends,
    and the baseline may lie where no treatment's day does); estimates are divided by it.  responders : with a steady
    contrast of at least half a grade; signs : those whose first estimate has the true sign; detected : also p < .05.
    """

    score: str
    within_r: float
    pooled_r: float
    slope: float
    responders: int
    signs: int
    detected: int
    found: tuple[Found, ...]


def recover(result: AnalysisResult, truth: Truth) -> tuple[Recovery, ...]:
    """A recovery for each score of an analysis."""
    return tuple(of_answer(answer, truth, result.contrast, result.carryover.drop_days) for answer in result.answers)


def of_answer(answer: Answer, truth: Truth, contrast: Contrast, drop_days: int) -> Recovery:
    """The recovery of one score."""
    true = truth.effects(contrast, drop_days)
    within, pooled, slope = follow(answer.scored, truth, contrast)
    found = [_found(answer.name, "pooled", [e], [_mean(true, e.estimand)], slope) for e in answer.pooled]
    place = {patient: i for i, patient in enumerate(truth.patient_ids)}
    at = [place[person.patient_id] for person in answer.people]
    for effects in zip(*(person.effects for person in answer.people), strict=True):
        targets = true.get(estimand_of(effects[0].estimand))
        goals = [float(targets[i]) for i in at] if targets is not None else [NAN] * len(at)
        found.append(_found(answer.name, "patient", effects, goals, slope))
    steady = true["steady state"][at]
    strong = np.abs(steady) >= RESPONDER - 1e-9
    first = [person.effects[0] if person.effects else None for person in answer.people]
    right = np.array([e is not None and e.estimate * slope * s > 0 for e, s in zip(first, steady, strict=True)])
    sure = np.array([e is not None and e.p < ALPHA for e in first])
    return Recovery(
        answer.name, within, pooled, slope, int(strong.sum()), int((strong & right).sum()),
        int((strong & right & sure).sum()), tuple(found),
    )  # fmt: skip


def follow(scored: Scored, truth: Truth, contrast: Contrast) -> tuple[float, float, float]:
    """Mean within-patient correlation with true severity, the pooled one, and the slope (score per grade)."""
    severity = truth.severity(scored.rows)
    keep = np.isfinite(scored.values) & np.isfinite(severity)
    a, b, who = _within(scored, severity, keep)
    each = [_r(a[who == i], b[who == i]) for i in range(int(who.max(initial=-1)) + 1)]
    known = [r for r in each if math.isfinite(r)]
    compared = scored.rows["treatment"].is_in([contrast.treatment, contrast.reference]).to_numpy()
    y, x, _ = _within(scored, severity, keep & compared)
    slope = float(y @ x / (x @ x)) if x @ x > 0 else 0.0
    # A score that does not move with severity has no grades to be told in.
    return float(np.mean(known)) if known else NAN, _r(a, b), slope or NAN


def _within(scored: Scored, severity: Floats, keep: NDArray[np.bool_]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Score and severity minus their patient's means, and whose they are."""
    _, who = np.unique(scored.rows["patient_id"].to_numpy()[keep], return_inverse=True)
    return centred(scored.values[keep].astype(float), who), centred(severity[keep].astype(float), who), who


def _r(a: Floats, b: Floats) -> float:
    scale = math.sqrt(float((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else NAN


def _mean(true: dict[str, Floats], estimand: str) -> float:
    values = true.get(estimand_of(estimand), np.zeros(0))
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else NAN


def _found(score: str, level: str, effects: Sequence[Effect], goals: Sequence[float], slope: float) -> Found:
    """Effects of one method beside their truths; in grades."""
    there = [(e, goal) for e, goal in zip(effects, goals, strict=True) if math.isfinite(e.estimate)]
    estimate = np.array([e.estimate / slope for e, _ in there])
    goal = np.array([goal for _, goal in there])
    ends = np.sort(np.array([[e.low / slope, e.high / slope] for e, _ in there]).reshape(-1, 2), axis=1)
    known = np.isfinite(ends).all(1) & np.isfinite(goal)
    inside = (ends[known, 0] <= goal[known]) & (goal[known] <= ends[known, 1])
    tested = [e.p < ALPHA for e, _ in there if math.isfinite(e.p)]
    error = estimate - goal
    return Found(
        score, level, effects[0].method, effects[0].estimand, len(there), len(effects) - len(there), average(goal),
        average(estimate), math.sqrt(average(error**2)) if len(there) and np.isfinite(error).all() else NAN,
        average(inside), average(tested),
    )  # fmt: skip


def average(values: Iterable[float]) -> float:
    """The mean; NaN of nothing."""
    kept = np.array(list(values), float)
    return float(kept.mean()) if kept.size else NAN
