"""Tests for one series whose neighbouring days are alike: AR(1) regression, AR(1) with noise, GLSAR, serial t."""

from __future__ import annotations

import math

import numpy as np

from ...errors import AnalysisError
from ...randomness import stream
from ..course import Contrast, Course, Effect, Floats
from .ar1 import Ar1Df, Ar1Fit, bootstrap_ar1, contrast_ar1, fit_ar1
from .design import REALISED, arms, cell_means, effect, none, obstacle, weights
from .df import contrast as mixed_contrast
from .df import t_test
from .mixed import fit_mixed


def fit_course(course: Course, contrast: Contrast, regressors: Floats | None = None) -> tuple[Ar1Fit, Floats]:
    """The AR(1) regression on cell means and `regressors`, and the contrast's weights."""
    x, labels = cell_means(course, regressors)
    return fit_ar1(course.score, x, course.day.astype(float)), weights(labels, contrast, x.shape[1])


def _ar1(method: str, df: Ar1Df, course: Course, contrast: Contrast) -> Effect:
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    fit, c = fit_course(course, contrast)
    return effect(method, REALISED, contrast_ar1(fit, c, df), len(course), _near_unit(fit), _extra(fit))


def _near_unit(fit: Ar1Fit) -> str:
    return "" if fit.phi <= 0.9 or fit.at_limit else f"phi {fit.phi:.2f} above 0.9: a trend or a slow wash-in?"


def _extra(fit: Ar1Fit) -> dict[str, float]:
    return {"phi": fit.phi, "sigma": fit.sigma, "loglik": fit.loglik}


def gls(course: Course, contrast: Contrast) -> Effect:
    """AR(1) regression by REML with Kenward-Roger (1997): the default for one patient."""
    return _ar1("gls", "kenward-roger", course, contrast)


def gls_satterthwaite(course: Course, contrast: Contrast) -> Effect:
    """AR(1) regression by REML, Satterthwaite degrees of freedom: a check where days are few."""
    return _ar1("gls_satterthwaite", "satterthwaite", course, contrast)


def gls_residual(course: Course, contrast: Contrast) -> Effect:
    """AR(1) regression by REML, t on n - p, as nlme's gls prints it: too liberal where days are few."""
    return _ar1("gls_residual", "residual", course, contrast)


def gls_bootstrap(course: Course, contrast: Contrast, *, repeats: int = 499, seed: int = 0) -> Effect:
    """AR(1) regression by REML, parametric bootstrap of its t statistic: a check where days are few."""
    method = "gls_bootstrap"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    fit, c = fit_course(course, contrast)
    rng = stream(seed, course.patient_id, "gls_bootstrap", contrast.treatment, contrast.reference)
    extra = _extra(fit) | {"smallest_p": 1.0 / (repeats + 1.0)}
    return effect(method, REALISED, bootstrap_ar1(fit, c, rng, repeats), len(course), "", extra)


def gls_nugget(course: Course, contrast: Contrast) -> Effect:
    """AR(1) plus white noise by REML with Kenward-Roger; extra has the log-likelihood of AR(1) alone beside its own.

    A score read from a picture carries noise of its own; plain AR(1) then takes neighbours for less alike than they
    are and is too sure of itself.
    """
    method = "gls_nugget"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    x, labels = cell_means(course)
    day = course.day.astype(float)
    z = np.zeros((len(course), 0))
    try:
        fit = fit_mixed(course.score, x, z, np.zeros(len(course)), day, names=labels, residual="ar1_nugget")
    except AnalysisError as error:
        return none(method, REALISED, str(error), len(course))
    plain = fit_ar1(course.score, x, day)
    extra = {"phi": fit.phi, "nugget": fit.nugget, "sigma": fit.sigma, "loglik": fit.loglik}
    found = mixed_contrast(fit, weights(labels, contrast), "kenward-roger")
    df = min(max(found.df, 1.0), len(course) - x.shape[1])
    return effect(
        method,
        REALISED,
        t_test(found.estimate, found.se, df),
        len(course),
        fit.message,
        extra | {"loglik_without": plain.loglik},
    )


def glsar(course: Course, contrast: Contrast, *, most: int = 50, rtol: float = 1e-8) -> Effect:
    """Iterated Cochrane-Orcutt (1949, JASA 44:32-61), statsmodels' GLSAR.iterative_fit run until it settles.

    phi from the residuals' Yule-Walker equation (adjusted), the first day is dropped, t on n - 1 - p. Rows count as
    neighbours whatever lies between them, as in GLSAR.
    """
    method = "glsar"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    x, labels = cell_means(course)
    c, y, phi = weights(labels, contrast), course.score, 0.0
    xs, ys = x[1:], y[1:]
    beta = np.full(x.shape[1], np.inf)
    for _ in range(most):
        last = beta
        xs, ys = x[1:] - phi * x[:-1], y[1:] - phi * y[:-1]
        beta = np.linalg.lstsq(xs, ys, rcond=None)[0]
        if np.max(np.abs(beta - last)) <= rtol * np.max(np.abs(beta)):
            break
        e = y - x @ beta
        e = e - e.mean()
        phi = float((e[1:] @ e[:-1]) / (e.size - 1) / ((e @ e) / e.size))
    df = ys.size - x.shape[1]
    s2 = float(np.sum((ys - xs @ beta) ** 2)) / df
    se = math.sqrt(s2 * float(c @ np.linalg.pinv(xs.T @ xs) @ c))
    gaps = "" if np.all(np.diff(course.day) == 1) else "missing days are ignored: neighbouring rows count as days apart"
    return effect(method, REALISED, t_test(float(c @ beta), se, df), y.size, gaps, {"phi": phi})


def serial_t(course: Course, contrast: Contrast) -> Effect:
    """The plain difference of means with the standard error it has under AR(1): a serial t test.

    The aim of Tang & Landes (2020, PLOS ONE 15:e0228077): keep the means, mend their standard error. Here phi is the
    REML estimate, s2 = e'e / tr(M R), M the residual maker, and df = tr(M R)^2 / tr(M R M R) (Satterthwaite 1946);
    their own small-sample formulas differ in detail.
    """
    method = "serial_t"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    keep = np.isin(course.treatment, (contrast.treatment, contrast.reference))
    part = course.where(keep)
    fit, c = fit_course(course, contrast)
    x, labels = cell_means(part)
    c = weights(labels, contrast)
    r = np.power(fit.phi if fit.phi else 1e-300, np.abs(part.day[:, None] - part.day[None, :]).astype(float))
    hat = x @ np.linalg.pinv(x)
    mr = r - hat @ r
    e = part.score - hat @ part.score
    share = float(np.trace(mr))
    df = share**2 / float((mr * mr.T).sum())
    w = np.linalg.pinv(x).T @ c
    se = math.sqrt(float(e @ e) / share * float(w @ r @ w))
    a, b = arms(course, contrast)
    return effect(method, REALISED, t_test(float(a.mean() - b.mean()), se, df), len(part), _near_unit(fit), _extra(fit))
