"""Who takes part: traits, untreated levels and individual effects, each a pure function of a patient's rank."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtri

from ..model import Cohort, Floats, Ints, Patient, patient_key
from ..protocol.severity import Severity
from ..protocol.types import Protocol
from .draws import by_rank, from_baseline
from .quotas import quota_classes

SEXES = ("F", "M")
FITZPATRICK = ("I", "II", "III", "IV", "V", "VI")

ITA_LIMITS_DEG = {
    "I": (55.0, 60.0),
    "II": (41.0, 55.0),
    "III": (28.0, 41.0),
    "IV": (10.0, 28.0),
    "V": (-30.0, 10.0),
    "VI": (-50.0, -30.0),
}
"""Individual typology angle of each Fitzpatrick type: the six classes of Chardon et al. 1991 (Int J Cosmet Sci 13:191),
matched to the types as Del Bino and Bernerd 2013 (Br J Dermatol 169 Suppl 3:33) do; +60 and -50 close the ends."""

AGE_SCALE_YEARS = 8.0
"""Ages fall off exponentially from the youngest with this scale: a median near 20 between 14 and 45, as in trials of
acne (a choice, not a fit)."""

COLUMNS = (
    "age",
    "ita",
    "baseline",
    "comedone_ratio",
    "nonspecific",
    "adherence",
    "trend",
    "cycle_member",
    "cycle_phase",
)
"""A patient's uniform numbers at ("cohort", "numbers"), in order. New ones go to the end."""


def make_cohort(protocol: Protocol, first: int = 0, count: int | None = None) -> Cohort:
    """The patients of rank `first` .. `first + count - 1` (default: to the end of the protocol's cohort).

    `effects[arm]` is the individual steady-state effect at full dose: severity units ('score': normal around the arm's
    effect) or log birth rate ('birth_rate': the effect times a lognormal with mean 1, log-SD `patient_sd`). Zero in the
    counterfactuals 'zero_effect' and 'no_treatment'.

    `numbers`, each (count,): `x0` untreated level (severity, or inflammatory lesions); `baseline_count` the same in
    the 'birth_rate' model, else 0; `comedone_ratio`; `nonspecific`, `nonspecific_comedone` effects of the placebo
    response; `adherence_mean`; `trend_per_day`; `cycle_amplitude` (0 outside the share of women), `cycle_phase_days`;
    `comedone_effect_<arm>`. Individual numbers: severity_and_lesions section 6(a), (b), (e).

    A patient depends on the seed and the rank alone (`quota_classes` keeps the quotas), so any range can be asked for.
    """
    count = max(0, protocol.cohort.patients - first) if count is None else count
    keys = [patient_key(rank) for rank in range(first, first + count)]
    drawn = by_rank(protocol.seed, ("cohort", "numbers"), first, count, len(COLUMNS))
    column: dict[str, Floats] = {name: drawn[place] for place, name in enumerate(COLUMNS)}
    patients, female = _people(protocol, keys, first, column)
    numbers = _numbers(protocol.severity, column, female)
    effects: dict[str, Floats] = {}
    silent = protocol.design.counterfactual in ("zero_effect", "no_treatment")
    for arm in protocol.design.arms:
        one, comedone = _effects(protocol, arm, first, count)
        effects[arm] = np.zeros(count) if silent else one
        numbers[f"comedone_effect_{arm}"] = np.zeros(count) if silent else comedone
    if protocol.design.counterfactual == "no_treatment":
        numbers["nonspecific"] = numbers["nonspecific_comedone"] = np.zeros(count)
    return Cohort(patients, effects, numbers)


def _people(
    protocol: Protocol, keys: list[str], first: int, column: dict[str, Floats]
) -> tuple[tuple[Patient, ...], Floats]:
    """The patients and, as 0.0 or 1.0, who is a woman."""
    part, seed, count = protocol.cohort, protocol.seed, len(keys)
    # Weights in a fixed order, whatever the order of the document.
    sex = quota_classes(seed, "sex", {name: part.sex.get(name, 0.0) for name in SEXES}, first, count)
    types = {name: part.fitzpatrick.get(name, 0.0) for name in FITZPATRICK}
    skin = quota_classes(seed, "fitzpatrick", types, first, count)
    age = _ages(part.age_years.low, part.age_years.high, column["age"])
    ita = _ita(skin, column["ita"])
    patients = tuple(
        Patient(key, part.ids[rank] if part.ids else str(rank + 1), rank, *person)
        for rank, key, *person in zip(
            range(first, first + count),
            keys,
            age.tolist(),
            [SEXES[code] for code in sex],
            ita.tolist(),
            (skin + 1).tolist(),
            strict=True,
        )
    )
    return patients, (sex == SEXES.index("F")).astype(float)


def _ages(low: float, high: float, uniform: Floats) -> Floats:
    """Truncated exponential: younger is likelier. Years with one decimal, within the limits."""
    reach = -np.expm1(-(high - low) / AGE_SCALE_YEARS)
    return np.clip(np.round(low - AGE_SCALE_YEARS * np.log1p(-uniform * reach), 1), low, high)


def _ita(skin: Ints, uniform: Floats) -> Floats:
    """Uniform within the type's range, degrees."""
    limits = np.array([ITA_LIMITS_DEG[name] for name in FITZPATRICK])
    low, high = limits[skin].T
    return low + uniform * (high - low)


def _numbers(severity: Severity, column: dict[str, Floats], female: Floats) -> dict[str, Floats]:
    x0 = from_baseline(severity.baseline, column["baseline"])
    score = severity.model == "score"
    placebo, normal = severity.nonspecific, ndtri(column["nonspecific"])
    member = female * (column["cycle_member"] < severity.cycle.share_of_women)
    return {
        "x0": x0,
        "baseline_count": np.zeros(x0.size) if score else x0,
        "comedone_ratio": from_baseline(severity.comedone_ratio, column["comedone_ratio"]),
        "nonspecific": individual(placebo.effect, placebo.patient_sd, normal, score),
        "nonspecific_comedone": individual(placebo.comedone_effect, placebo.patient_sd, normal, score=False),
        "adherence_mean": _adherence(severity, column["adherence"]),
        "trend_per_day": severity.trend.mean_per_day + severity.trend.sd_per_day * ndtri(column["trend"]),
        "cycle_amplitude": severity.cycle.amplitude * member,
        "cycle_phase_days": severity.cycle.length_days * column["cycle_phase"],
    }


def _adherence(severity: Severity, uniform: Floats) -> Floats:
    mean, size = severity.adherence.mean, severity.adherence.concentration
    if mean in (0.0, 1.0):
        return np.full(uniform.size, mean)
    return betaincinv(mean * size, (1.0 - mean) * size, uniform)


def individual(effect: float, sd: float, normal: Floats, score: bool) -> Floats:
    """An effect of each patient: effect + sd z ('score'), or effect exp(sd z - sd^2/2), whose mean is the effect."""
    return effect + sd * normal if score else effect * np.exp(sd * normal - 0.5 * sd * sd)


def _effects(protocol: Protocol, arm: str, first: int, count: int) -> tuple[Floats, Floats]:
    """Individual effects of an arm on the latent and on the comedones' log birth rate, with one b for both."""
    treatment, score = protocol.treatments[arm], protocol.severity.model == "score"
    z = ndtri(by_rank(protocol.seed, ("cohort", "effect", arm), first, count, 1)[0])
    sd = treatment.patient_sd
    return individual(treatment.effect, sd, z, score), individual(treatment.comedone_effect, sd, z, score=False)
