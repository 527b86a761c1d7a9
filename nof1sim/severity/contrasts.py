"""What an analysis should find: each patient's true effects, levels and contrasts between the arms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Cohort, Floats, Schedule, Trajectories
from ..protocol.types import Protocol, Treatment
from .effects import steady_share

CountToSeverity = Callable[[Floats], Floats]


def true_contrasts(
    protocol: Protocol,
    cohort: Cohort,
    schedule: Schedule,
    trajectories: Trajectories,
    severity: Floats | None = None,
    severity_of_count: CountToSeverity | None = None,
) -> dict[str, NDArray[Any]]:
    """The truth per patient, each (patients,); `responder` is boolean, the rest are floats.

    effect_<arm> : individual effect at full dose, in the latent's unit.
    steady_<arm>, steady_untreated : severity in the long run, cut to the scale: the arm taken every day as prescribed,
        the non-specific response complete, nothing fluctuating, covariates at the patient's own mean.
    steady_contrast : steady_<second arm> - steady_<first arm>; with a single arm, against untreated.
    realised_<arm>, realised_untreated : mean true severity over the days on which it was assigned; NaN where never.
    realised_contrast : the same difference of these means, carry-over and all.
    responder : |steady_contrast| >= severity.responder_contrast.

    `severity` is the true severity (patients, days), by default the trajectories'. The 'birth_rate' model needs it, and
    `severity_of_count`, since there a level is a count: baseline_count exp(effects).

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
    for name, mean in _realised_means(protocol, schedule, severity).items():
        table[f"realised_{name}"] = mean
    first, second = compared(protocol)
    for kind in ("steady", "realised"):
        table[f"{kind}_contrast"] = table[f"{kind}_{second}"] - table[f"{kind}_{first}"]
    # A hair of tolerance: a contrast that is the threshold on paper counts.
    table["responder"] = np.abs(table["steady_contrast"]) >= protocol.severity.responder_contrast - 1e-9
    return table


def compared(protocol: Protocol) -> tuple[str, str]:
    """The two levels whose difference (second - first) is the contrast: two arms, or untreated and the only arm."""
    arms = protocol.design.arms
    return (arms[0], arms[1]) if len(arms) > 1 else ("untreated", arms[0])


def _steady_levels(protocol: Protocol, cohort: Cohort, trajectories: Trajectories) -> dict[str, Floats]:
    """Long-run latent of each arm and of nobody's treatment, (patients,)."""
    names = [name for name in trajectories.parts if name.startswith("covariate_")]
    around = sum((trajectories.parts[name].mean(axis=1) for name in names), np.zeros(len(cohort)))
    if protocol.severity.model == "score":
        around = around + cohort.numbers["x0"]
    placebo, part = cohort.numbers["nonspecific"], protocol.severity.nonspecific
    always = part.starts == "enrolment"
    kept = not part.washes_out and any(protocol.treatments[arm].active for arm in protocol.design.arms)
    levels = {"untreated": around + placebo * always}
    for arm in protocol.design.arms:
        treatment = protocol.treatments[arm]
        responds = always or kept or treatment.active
        levels[arm] = around + placebo * responds + cohort.effects[arm] * _share(protocol, treatment)
    return levels


def _share(protocol: Protocol, treatment: Treatment) -> float:
    if treatment.dose == 0.0:
        return 0.0
    return steady_share(treatment.dose, protocol.severity.form, treatment.wash_in_days, treatment.wash_out_days)


def _as_severity(
    protocol: Protocol, cohort: Cohort, level: Floats, severity_of_count: CountToSeverity | None
) -> Floats:
    if severity_of_count is not None and protocol.severity.model == "birth_rate":
        level = severity_of_count(cohort.numbers["baseline_count"] * np.exp(level))
    return np.clip(level, protocol.severity.scale_low, protocol.severity.scale_high)


def _realised_means(protocol: Protocol, schedule: Schedule, severity: Floats) -> dict[str, Floats]:
    means = {"untreated": _mean_where(schedule.arm == NO_ARM, severity)}
    for arm in protocol.design.arms:
        code = schedule.arms.index(arm) if arm in schedule.arms else NO_ARM - 1
        means[arm] = _mean_where(schedule.arm == code, severity)
    return means


def _mean_where(where: NDArray[np.bool_], severity: Floats) -> Floats:
    days = where.sum(axis=1)
    total = np.where(where, severity, 0.0).sum(axis=1)
    return np.divide(total, days, out=np.full(days.size, np.nan), where=days > 0)
