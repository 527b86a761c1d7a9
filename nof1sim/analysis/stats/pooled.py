"""The pooled estimators, by name. The default is `mixed`; print `two_stage` beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ...errors import AnalysisError
from ..course import Contrast, Course, Effect
from .carryover import attenuated, default_k, exposure_gls, kept_days
from .design import REALISED, STEADY, arms, effect, none, obstacle
from .df import Df
from .df import contrast as test_contrast
from .exposure import Days
from .mixed import MixedFit, Slopes
from .residual import Residual
from .serial import gls
from .stack import Stack, fit_stack, stack
from .two_stage import two_stage


@dataclass(frozen=True, slots=True)
class Model:
    """A mixed model by its parts: random effects, residual correlation, and how degrees of freedom are counted."""

    random: str = "slopes"
    residual: Residual = "ar1"
    slopes: Slopes = "diagonal"
    df: Df = "satterthwaite"


MODELS = {
    "mixed": Model(),
    "mixed_full": Model(slopes="full"),
    "mixed_nugget": Model(residual="ar1_nugget"),
    "mixed_iid": Model(residual="independent"),
    "mixed_intercept": Model("intercept", "independent"),
    "mixed_intercept_ar1": Model("intercept"),
}


def fit_pooled(
    courses: Sequence[Course],
    contrast: Contrast,
    model: Model = MODELS["mixed"],
    *,
    tau: Days | None = None,
    gamma: Days | None = None,
    off: str | None = None,
) -> tuple[MixedFit, Stack]:
    """The fit itself and its rows, for `stack.individual`, likelihood ratios and variances. Raises AnalysisError."""
    rows = stack(courses, contrast, tau=tau, gamma=gamma, off=off)
    if isinstance(rows, str):
        raise AnalysisError(f"courses: {rows}")
    return fit_stack(rows, random=model.random, residual=model.residual, slopes=model.slopes), rows


def mixed_effect(
    name: str,
    courses: Sequence[Course],
    contrast: Contrast,
    *,
    tau: Days | None = None,
    gamma: Days | None = None,
    off: str | None = None,
) -> Effect:
    """The contrast by the mixed model `name` of MODELS: on indicators, or on exposures where tau and gamma are given.

    extra: sd_intercept, sd_effect (of the contrast, between patients), sigma, phi, nugget, loglik, aic, patients,
    converged and singular (0 or 1).
    """
    estimand = REALISED if tau is None or gamma is None else STEADY
    n, shown = sum(map(len, courses)), name if estimand == REALISED else f"{name}_exposure"
    try:
        fit, rows = fit_pooled(courses, contrast, MODELS[name], tau=tau, gamma=gamma, off=off)
        result = test_contrast(fit, rows.c, MODELS[name].df)
    except AnalysisError as error:
        return none(shown, estimand, str(error), n)
    k = fit.problem.k
    c_z = rows.c[:k]
    extra = {
        "sd_intercept": math.sqrt(fit.G[0, 0]) if k else math.nan,
        "sd_effect": math.sqrt(max(float(c_z @ fit.G @ c_z), 0.0)) if k > 1 else math.nan,
        "sigma": fit.sigma,
        "phi": fit.phi,
        "nugget": fit.nugget,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "patients": float(fit.groups),
        "converged": float(fit.converged),
        "singular": float(fit.singular),
    }
    scope = "" if k > 1 else "no random slopes: speaks of these patients, not of a population"
    note = "; ".join(part for part in (fit.message, scope, *rows.left_out) if part)
    return effect(shown, estimand, result, fit.n, note, extra)


def mean_differences(courses: Sequence[Course], contrast: Contrast) -> list[Effect]:
    """Per patient the plain difference of means, without a test."""
    out = []
    for course in courses:
        why = obstacle(course, contrast)
        a, b = arms(course, contrast)
        out.append(
            none("mean difference", REALISED, why, len(course))
            if why
            else Effect("mean difference", REALISED, float(a.mean() - b.mean()), n=a.size + b.size)
        )
    return out


def two_stage_means(courses: Sequence[Course], contrast: Contrast) -> Effect:
    """t test of the patients' mean differences."""
    return two_stage(mean_differences(courses, contrast))


def two_stage_gls(courses: Sequence[Course], contrast: Contrast) -> Effect:
    """t test of the patients' AR(1) regression estimates."""
    return two_stage([gls(course, contrast) for course in courses], "two_stage_gls")


def two_stage_exposure(
    courses: Sequence[Course], contrast: Contrast, *, tau: Days, gamma: Days, off: str | None = None
) -> Effect:
    """t test of the patients' exposure regression estimates."""
    found = [exposure_gls(course, contrast, tau=tau, gamma=gamma, off=off) for course in courses]
    return two_stage(found, "two_stage_exposure")


def dropped_effect(name: str, courses: Sequence[Course], contrast: Contrast, *, k: int | None = None) -> Effect:
    """A pooled estimator on the contrast's days after the first k of each period; other labels (a baseline) go."""
    k = default_k(courses[0]) if k is None and courses else (k or 0)
    both = (contrast.treatment, contrast.reference)
    kept = [kept_days(course.where([t in both for t in course.treatment]), k) for course in courses]  # type: ignore[arg-type]
    return attenuated(POOLED[name].run(kept, contrast), f"{name}_dropped", k)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A pooled estimator: run(courses, contrast, **options) -> Effect; what it estimates; what to beware of."""

    run: Callable[..., Effect]
    title: str
    estimand: str
    caution: str


HERE = "no random slopes: answers for these patients; 35 to 39 % false positives where patients differ"
BARE = "bare indicators: biased towards zero by wash-in and wash-out"

POOLED: dict[str, Pooled] = {
    "mixed": Pooled(partial(mixed_effect, "mixed"), "mixed model: random slopes, AR(1)", REALISED, BARE),
    "two_stage": Pooled(two_stage_means, "t test of patients' mean differences", REALISED, ""),
    "two_stage_gls": Pooled(two_stage_gls, "t test of patients' AR(1) estimates", REALISED, BARE),
    "mixed_full": Pooled(partial(mixed_effect, "mixed_full"), "the same, correlated slopes", REALISED, BARE),
    "mixed_nugget": Pooled(partial(mixed_effect, "mixed_nugget"), "the same, AR(1) plus noise", REALISED, BARE),
    "mixed_iid": Pooled(partial(mixed_effect, "mixed_iid"), "random slopes, independent days", REALISED, ""),
    "mixed_intercept": Pooled(partial(mixed_effect, "mixed_intercept"), "random intercept", REALISED, HERE),
    "mixed_intercept_ar1": Pooled(
        partial(mixed_effect, "mixed_intercept_ar1"), "random intercept, AR(1)", REALISED, f"{HERE}; {BARE}"
    ),
    "mixed_exposure": Pooled(
        partial(mixed_effect, "mixed"),
        "mixed model on exposures (tau, gamma)",
        STEADY,
        "tau and gamma must come from outside the data",
    ),
    "mixed_nugget_exposure": Pooled(
        partial(mixed_effect, "mixed_nugget"),
        "the same, AR(1) plus noise",
        STEADY,
        "tau and gamma must come from outside the data",
    ),
    "two_stage_exposure": Pooled(
        two_stage_exposure,
        "t test of patients' exposure estimates",
        STEADY,
        "tau and gamma must come from outside the data",
    ),
    "mixed_dropped": Pooled(
        partial(dropped_effect, "mixed"),
        "mixed model, first days dropped",
        f"{REALISED}, first k days of each period dropped",
        "a lower bound",
    ),
    "two_stage_dropped": Pooled(
        partial(dropped_effect, "two_stage"),
        "two-stage, first days dropped",
        f"{REALISED}, first k days of each period dropped",
        "a lower bound",
    ),
}
