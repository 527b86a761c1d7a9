"""What an analysis should find: each patient's true effects, levels and contrasts between the arms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Bools, Cohort, Floats, Schedule, Trajectories
from ..protocol.types import Protocol, Treatment
from .effects import steady_share

CountToSeverity = Callable[[Floats], Floats]

UNTREATED = "untreated"


def true_contrasts(
    protocol: Protocol,
    cohort: Cohort,
    schedule: Schedule,
    trajectories: Trajectories,
    severity: Floats | None = None,
    severity_of_count: CountToSeverity | None = None,
    exists: Bools | None = None,
) -> dict[str, NDArray[Any]]:
    """The truth per patient, each (patients,); `responder` is boolean, the rest are floats.

    effect_<arm> : individual effect at full dose, in the latent's unit.
    steady_<arm> : severity in the long run, cut to the scale: the arm taken every day as prescribed, the non-specific
        response complete, nothing fluctuating, covariates at the patient's own mean.
    steady_untreated : the same where no arm is taken any more: what an inactive ("off") arm has. A non-specific
        response that does not wash out is on, as in every arm, so that it cancels from every contrast; one that washes
        out is off, and belongs to an arm's contrast with untreated. The level before any treatment: cohort.numbers.
    steady_contrast : steady_<second arm> - steady_<first arm>; with a single arm, steady_<arm> - steady_untreated.
    realised_<arm> : mean true severity over the days on which the arm was assigned; NaN where never.
    realised_untreated : mean true severity over all days without an arm, those before the first treatment among them.
    realised_contrast : realised_<second arm> - realised_<first arm>, carry-over and all. With a single arm: its mean
        minus that over the comparable untreated days. Those are all untreated days, but for a patient with a
        non-specific response that does not wash out only those since it began (first contact or enrolment): the arm's
        days have it too. NaN where there are none: a run-in and one period cannot tell the two apart.
    responder : |steady_contrast| >= severity.responder_contrast.

    With more than two arms both contrasts compare the first two. `severity` is the true severity (patients, days), by
    default the trajectories'. The 'birth_rate' model needs it, and `severity_of_count`, since there a level is a count:
    baseline_count exp(effects). `exists` (patients, days): only these days enter the realised means (`Given.exists`);
    default all.

    Raises
    ------
    ValueError
        'birth_rate' without `severity` and `severity_of_count`.
    """
    severity = trajectories.severity if severity is None else severity
    if severity is None or (protocol.severity.model == "birth_rate" and severity_of_count is None):
        raise ValueError("in the 'birth_rate' model pass `severity` and `severity_of_count`, from the condition")
    table: dict[str, NDArray[Any]] = {f"effect_{arm}": cohort.effects[arm] for arm in protocol.design.arms}
    for name, level in _steady_levels(protocol, cohort, trajectories).items():
        table[f"steady_{name}"] = _as_severity(protocol, cohort, level, severity_of_count)
    there = np.ones(severity.shape, bool) if exists is None else exists
    assigned = _assigned(protocol, schedule)
    for name, days in assigned.items():
        table[f"realised_{name}"] = _mean_where(days & there, severity)
    first, second = compared(protocol)
    table["steady_contrast"] = table[f"steady_{second}"] - table[f"steady_{first}"]
    against = table[f"realised_{first}"]
    if len(protocol.design.arms) == 1:
        against = _mean_where(assigned[first] & there & _comparable(protocol, cohort, trajectories), severity)
    table["realised_contrast"] = table[f"realised_{second}"] - against
    # A hair of tolerance: a contrast that is the threshold on paper counts.
    table["responder"] = np.abs(table["steady_contrast"]) >= protocol.severity.responder_contrast - 1e-9
    return table


def compared(protocol: Protocol) -> tuple[str, str]:
    """The two levels whose difference (second - first) is the contrast: two arms, or untreated and the only arm."""
    arms = protocol.design.arms
    return (arms[0], arms[1]) if len(arms) > 1 else (UNTREATED, arms[0])


def _steady_levels(protocol: Protocol, cohort: Cohort, trajectories: Trajectories) -> dict[str, Floats]:
    """Long-run latent of no treatment any more and of each arm, (patients,)."""
    names = [name for name in trajectories.parts if name.startswith("covariate_")]
    around = sum((trajectories.parts[name].mean(axis=1) for name in names), np.zeros(len(cohort)))
    if protocol.severity.model == "score":
        around = around + cohort.numbers["x0"]
    placebo, part, form = cohort.numbers["nonspecific"], protocol.severity.nonspecific, protocol.severity.form
    given = {arm: protocol.treatments[arm] for arm in protocol.design.arms}
    stays = part.starts == "enrolment" or (not part.washes_out and any(_starts(arm) for arm in given.values()))
    levels = {UNTREATED: around + placebo * stays}
    for name, arm in given.items():
        share = steady_share(arm.dose, form, arm.wash_in_days, arm.wash_out_days)
        levels[name] = around + placebo * (stays or _starts(arm)) + cohort.effects[name] * share
    return levels


def _starts(treatment: Treatment) -> bool:
    """Whether taking it starts the non-specific response."""
    return treatment.active and treatment.dose > 0.0


def _as_severity(
    protocol: Protocol, cohort: Cohort, level: Floats, severity_of_count: CountToSeverity | None
) -> Floats:
    if severity_of_count is not None and protocol.severity.model == "birth_rate":
        level = severity_of_count(cohort.numbers["baseline_count"] * np.exp(level))
    return np.clip(level, protocol.severity.scale_low, protocol.severity.scale_high)


def _assigned(protocol: Protocol, schedule: Schedule) -> dict[str, Bools]:
    """Where no arm is assigned and where each of them, (patients, days)."""
    days = {UNTREATED: schedule.arm == NO_ARM}
    for arm in protocol.design.arms:
        code = schedule.arms.index(arm) if arm in schedule.arms else NO_ARM - 1
        days[arm] = schedule.arm == code
    return days


def _comparable(protocol: Protocol, cohort: Cohort, trajectories: Trajectories) -> Bools:
    """(patients, days): where an untreated day has as much of the non-specific response as `steady_untreated`."""
    part, begun = protocol.severity.nonspecific, np.zeros(trajectories.latent.shape, bool)
    if part.washes_out or part.starts == "enrolment":
        return ~begun
    for arm, dose in trajectories.taken.items():
        if protocol.treatments[arm].active:
            begun |= dose > 0.0
    return np.maximum.accumulate(begun, axis=1) | (cohort.numbers["nonspecific"] == 0.0)[:, None]


def _mean_where(where: Bools, severity: Floats) -> Floats:
    days = where.sum(axis=1)
    total = np.where(where, severity, 0.0).sum(axis=1)
    return np.divide(total, days, out=np.full(days.size, np.nan), where=days > 0)
