"""The daily model of severity, for all patients at once; the only loops are over days.

    latent_t = baseline + (1 + u_t) (P_t + sum over arms X_t) + a_t + r_t + c_t + slope t + covariates

X (one per arm) and P (the non-specific response) are washed in and out (`effects.response`); u response wobble, a
spontaneous fluctuation (both AR(1)), r random walk, c premenstrual rise. Model 'score': the latent is in severity units
and `severity` is the latent cut to the scale. Model 'birth_rate': the latent is the log birth rate of lesions relative
to baseline (`baseline` is 0), individual effects multiply, and severity emerges from the lesions.
Source: severity_and_lesions sections 6(a), 6(b); sinot (Gaertner et al. 2023) is the case without P, u, a, c and
individual effects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Bools, Cohort, Drive, Floats, Schedule, Trajectories
from ..protocol.types import Protocol
from . import effects
from .covariates import covariate_parts, simulate_covariates
from .draws import by_day, chunks

UNITS = {"score": "severity", "birth_rate": "log birth rate"}

COLUMNS = ("period", "wobble", "fluctuation", "drift", "adherence")
"""A day's standard normal numbers at the address (key, "trajectory"), in order. A period's effect takes the number of
the period's first day, so it needs no stream of its own and a longer trial keeps it."""

Table = dict[str, Floats]


def part_names(protocol: Protocol) -> tuple[str, ...]:
    """The parts of the latent, in order of addition.

    `baseline` x0; `nonspecific` P; `effect_<arm>` X; `wobble` u (P + sum X); `fluctuation` a; `drift` r; `trend`;
    `cycle` c; `covariate_<name>` of each covariate with an effect.
    """
    arms = (f"effect_{arm}" for arm in protocol.design.arms)
    named = (f"covariate_{c.name}" for c in protocol.severity.covariates if c.effect)
    return ("baseline", "nonspecific", *arms, "wobble", "fluctuation", "drift", "trend", "cycle", *named)


def simulate_trajectories(protocol: Protocol, cohort: Cohort, schedule: Schedule) -> Trajectories:
    """How the patients of `cohort` fare under `schedule` (same patients, in the same order).

    All arrays are (patients, days). `parts` (see `part_names`) add up to `latent`; parts that cannot occur are
    read-only zeros. `taken[arm]` is the dose taken: scheduled x dose x adherence, the latter a two-state Markov chain
    around the individual mean. `drive["comedone_log_rate"]` in the 'birth_rate' model. `covariates` by name.
    Twins (design.counterfactual) share every number but the effects that they switch off.
    """
    shape = schedule.arm.shape
    values = simulate_covariates(protocol.severity.covariates, protocol.seed, _keys(cohort), shape[1])
    model, names = protocol.severity.model, part_names(protocol)
    parts: Table = {name: np.broadcast_to(0.0, shape) for name in names}
    parts |= covariate_parts(protocol.severity.covariates, values)
    if model == "score":
        parts["baseline"] = np.broadcast_to(cohort.numbers["x0"][:, None], shape)
    taken = {arm: np.empty(shape) for arm in protocol.design.arms}
    comedone = np.empty(shape if model == "birth_rate" else (0, 0))
    for rows in chunks(shape[0]):
        some, doses, response = _some(protocol, cohort, schedule, rows)
        for name, course in some.items():
            if not parts[name].flags.writeable:
                parts[name] = np.empty(shape)
            parts[name][rows] = course.T
        for arm, dose in doses.items():
            taken[arm][rows] = dose.T
        if model == "birth_rate":
            comedone[rows] = response.T
    shared = [name for name in names if name not in ("baseline", "nonspecific", "wobble") and name[:6] != "effect"]
    latent = _total(parts, names, shape)
    severity = np.clip(latent, protocol.severity.scale_low, protocol.severity.scale_high) if model == "score" else None
    drive = {} if model == "score" else {"comedone_log_rate": comedone + _total(parts, shared, shape)}
    return Trajectories(schedule, UNITS[model], latent, parts, severity, taken, drive, values)


def drive_of(trajectories: Trajectories, cohort: Cohort, index: int) -> Drive:
    """What makes the lesions of the cohort's patient number `index` (0-based, in the arrays) come and go."""
    given = trajectories.severity
    return Drive(
        severity=None if given is None else given[index],
        log_rate=trajectories.latent[index] if given is None else None,
        comedone_log_rate=trajectories.drive["comedone_log_rate"][index] if given is None else None,
        baseline_count=float(cohort.numbers["baseline_count"][index]),
        comedone_ratio=float(cohort.numbers["comedone_ratio"][index]),
        days=trajectories.days,
    )


def _keys(cohort: Cohort, rows: slice = slice(None)) -> list[str]:
    return [patient.key for patient in cohort.patients[rows]]


def _total(parts: Table, names: Sequence[str], shape: tuple[int, ...]) -> Floats:
    total = np.zeros(shape)
    for name in names:
        # Parts that cannot occur are zeros without memory of their own; so is one patient's baseline, but it is not 0.
        if parts[name].strides != (0, 0) or parts[name].flat[0]:
            total += parts[name]
    return total


def _some(protocol: Protocol, cohort: Cohort, schedule: Schedule, rows: slice) -> tuple[Table, Table, Floats]:
    """Parts, doses and the comedones' response of some patients, each (days, patients of `rows`)."""
    severity, numbers, days = protocol.severity, cohort.numbers, schedule.days
    drawn = by_day(protocol.seed, _keys(cohort, rows), ("trajectory",), (days, len(COLUMNS)))
    column = {name: np.ascontiguousarray(drawn[:, :, place].T) for place, name in enumerate(COLUMNS)}
    scheduled = _scheduled(protocol, schedule, rows)
    doses = _doses(protocol, scheduled, numbers["adherence_mean"][rows], column["adherence"])
    period = _of_the_period(column["period"], schedule.block[rows].T)
    treated, comedone = _responses(protocol, cohort, rows, doses, period)
    placebo, placebo_comedone = _nonspecific(protocol, cohort, rows, doses)
    parts = {"nonspecific": placebo, **treated}
    if severity.response_wobble.sd:
        wobble = effects.ar1(column["wobble"], severity.response_wobble.sd, severity.response_wobble.phi)
        parts["wobble"] = wobble * (placebo + sum(treated.values()))
        comedone = (1.0 + wobble) * (comedone + placebo_comedone)
    else:
        comedone = comedone + placebo_comedone
    if severity.fluctuation.sd:
        parts["fluctuation"] = effects.ar1(column["fluctuation"], severity.fluctuation.sd, severity.fluctuation.phi)
    if severity.drift.sd_per_day or severity.drift.mean_per_day:
        parts["drift"] = effects.walk(column["drift"], severity.drift.mean_per_day, severity.drift.sd_per_day)
    if severity.trend.sd_per_day or severity.trend.mean_per_day:
        parts["trend"] = effects.trend(days, numbers["trend_per_day"][rows])
    if severity.cycle.amplitude:
        amplitude, phase = numbers["cycle_amplitude"][rows], numbers["cycle_phase_days"][rows]
        parts["cycle"] = effects.cycle(days, amplitude, phase, severity.cycle.length_days, severity.cycle.flare_days)
    return parts, doses, comedone


def _scheduled(protocol: Protocol, schedule: Schedule, rows: slice) -> dict[str, Bools]:
    """Where each arm of the protocol is scheduled, (days, patients). Arms that the schedule lacks: nowhere."""
    code = {arm: number for number, arm in enumerate(schedule.arms)}
    arm_of = np.ascontiguousarray(schedule.arm[rows].T)
    return {arm: (arm_of == code[arm]) if arm in code else arm_of < NO_ARM for arm in protocol.design.arms}


def _doses(protocol: Protocol, scheduled: dict[str, Bools], mean: Floats, drawn: Floats) -> Table:
    adherent = np.ones(drawn.shape)
    if (mean < 1.0).any():
        adherent = effects.on_off_chain(drawn, mean, protocol.severity.adherence.persistence)
    return {arm: on * protocol.treatments[arm].dose * adherent for arm, on in scheduled.items()}


def _of_the_period(drawn: Floats, block: NDArray[np.int16]) -> Floats:
    """The number of each period's first day, on all its days."""
    held = drawn.copy()
    for day in range(1, held.shape[0]):
        np.copyto(held[day], held[day - 1], where=block[day] == block[day - 1])
    return held


def _responses(protocol: Protocol, cohort: Cohort, rows: slice, doses: Table, period: Floats) -> tuple[Table, Floats]:
    """`effect_<arm>` of every arm, and the comedones' response to all arms."""
    score, form = protocol.severity.model == "score", protocol.severity.form
    silent = protocol.design.counterfactual in ("zero_effect", "no_treatment")
    parts: Table = {}
    comedone = np.zeros(period.shape)
    for arm, dose in doses.items():
        treatment, sd = protocol.treatments[arm], 0.0 if silent else protocol.treatments[arm].period_sd
        times = (form, treatment.wash_in_days, treatment.wash_out_days)
        one, other = cohort.effects[arm][rows], cohort.numbers[f"comedone_effect_{arm}"][rows]
        if score:
            parts[f"effect_{arm}"] = effects.response(dose, one + sd * period, *times)
        else:
            # The recursion is linear in its target, so one course of the relative response serves both effects.
            relative = effects.response(dose, np.exp(sd * period - 0.5 * sd * sd), *times)
            parts[f"effect_{arm}"] = one * relative
            comedone += other * relative
    return parts, comedone


def _nonspecific(protocol: Protocol, cohort: Cohort, rows: slice, doses: Table) -> tuple[Floats, Floats]:
    """The placebo response of the latent and of the comedones."""
    part = protocol.severity.nonspecific
    contact = np.zeros(next(iter(doses.values())).shape)
    for arm, dose in doses.items():
        if protocol.treatments[arm].active:
            contact[dose > 0.0] = 1.0
    if part.starts == "enrolment":
        contact[:] = 1.0
    if not part.washes_out:
        np.maximum.accumulate(contact, axis=0, out=contact)
    target = np.ones(contact.shape)
    relative = effects.response(contact, target, protocol.severity.form, part.wash_in_days, part.wash_out_days)
    return cohort.numbers["nonspecific"][rows] * relative, cohort.numbers["nonspecific_comedone"][rows] * relative
