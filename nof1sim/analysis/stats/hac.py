"""Least squares with standard errors that allow for correlated days (Newey & West 1987)."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ...randomness import stream
from ..course import Contrast, Course, Effect, Floats
from .design import REALISED, cell_means, effect, none, obstacle, weights
from .df import Tested, t_test


def _least_squares(course: Course, contrast: Contrast, share: float | None) -> tuple[float, float, int, int, int]:
    """Estimate, Newey-West standard error, lag, rows, columns. `share` : lag as a share of n, else the rule."""
    x, labels = cell_means(course)
    c = weights(labels, contrast)
    n, p = x.shape
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ course.score)
    scores = x * (course.score - x @ beta)[:, None]
    # A missing day is a row of zeros, so that a lag is a number of days, not of rows (Datta & Du 2012; "amplitude
    # modulated" HAC of Rho & Vogelsang 2019).
    span = int(course.day[-1] - course.day[0]) + 1
    grid = np.zeros((span, p))
    grid[course.day - course.day[0]] = scores
    lag = int(4.0 * (n / 100.0) ** (2.0 / 9.0)) if share is None else max(int(share * span) - 1, 0)
    projected: Floats = grid @ (inverse @ c)
    meat = float(projected @ projected)
    for k in range(1, lag + 1):
        meat += 2.0 * (1.0 - k / (lag + 1.0)) * float(projected[k:] @ projected[:-k])
    return float(c @ beta), math.sqrt(meat), lag, n, p


def hac(course: Course, contrast: Contrast) -> Effect:
    """Newey-West with Bartlett weights up to lag floor(4 (n/100)^(2/9)), factor n/(n - p), t on n - p."""
    method = "hac"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    estimate, se, lag, n, p = _least_squares(course, contrast, None)
    return effect(method, REALISED, t_test(estimate, se * math.sqrt(n / (n - p)), n - p), n, "", {"lag": lag})


def hac_fixed_b(course: Course, contrast: Contrast) -> Effect:
    """Newey-West with lags up to half the series and its own reference law (Kiefer & Vogelsang 2005, b = 0.5).

    df is NaN: the t statistic is compared with the fixed-b law, which needs no degrees of freedom.
    """
    method = "hac_fixed_b"
    if why := obstacle(course, contrast):
        return none(method, REALISED, why, len(course))
    estimate, se, lag, n, _ = _least_squares(course, contrast, 0.5)
    if not se > 0.0:
        return none(method, REALISED, "the standard error is zero", n)
    law = fixed_b_law()
    t = estimate / se
    p = (1.0 + float(law.size - np.searchsorted(law, abs(t)))) / (law.size + 1.0)
    reach = float(law[int(0.95 * law.size)]) * se
    result = Tested(estimate, se, math.nan, t, p, estimate - reach, estimate + reach)
    return effect(method, REALISED, result, n, "", {"lag": lag})


@lru_cache(maxsize=1)
def fixed_b_law(draws: int = 20_000, steps: int = 400) -> Floats:
    """|t| under fixed-b asymptotics, Bartlett kernel and b = 0.5, ascending: W(1) over the root of the kernel's
    quadratic form in a Brownian bridge, drawn on a grid. (draws,)."""
    rng = stream(0, "hac", "fixed-b law")
    out = []
    lag = steps // 2
    for _ in range(20):
        walk = np.cumsum(rng.standard_normal((draws // 20, steps)), axis=1) / math.sqrt(steps)
        bridge = walk - walk[:, -1:] * (np.arange(1, steps + 1) / steps)
        # Kiefer & Vogelsang 2005, (3): (2/b) (int B^2 - int_0^(1-b) B(r) B(r + b) dr)
        form = (bridge**2).mean(axis=1) - (bridge[:, : steps - lag] * bridge[:, lag:]).sum(axis=1) / steps
        out.append(np.abs(walk[:, -1]) / np.sqrt(form * 2.0 * steps / lag))
    return np.sort(np.concatenate(out))
