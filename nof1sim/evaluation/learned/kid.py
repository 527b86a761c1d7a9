"""The kernel inception distance of two sets of vectors, without the Inception network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import AnalysisError, Fault
from ...model import Floats
from ...randomness import stream

SUBSETS = 100
MOST = 1000
"""Binkowski et al. 2018 use subsets of 1,000; with fewer pictures a subset is half of the smaller set."""


@dataclass(frozen=True, slots=True)
class Kid:
    """A kernel distance.

    value : mean over the subsets.  sd : over the subsets.  whole : the estimate from all vectors.
    error : standard error of `whole`, by the jackknife over both sets: subsets of few pictures overlap, so their SD
    says little of how another draw of people would come out. Of two equal distributions it is too large by up to half.
    n : vectors of each set.  subset : size.
    """

    value: float
    sd: float
    whole: float
    error: float
    n: tuple[int, int]
    subset: int


def kid(x: Floats, y: Floats, seed: int = 0, subsets: int = SUBSETS) -> Kid:
    """Unbiased squared maximum mean discrepancy of x (n, k) and y (m, k), kernel (x'y / k + 1)^3.

    Binkowski, Sutherland, Arbel & Gretton 2018, arXiv 1801.01401, section 4; the estimator is MMD_u^2 of Gretton et al.
    2012, J Mach Learn Res 13:723, lemma 6. It may be below 0, and is 0 on average for two draws from one distribution.
    Vectors should have about unit variance, for the kernel is not invariant to their scale.

    Raises
    ------
    AnalysisError
        Fewer than 4 vectors in a set.
    """
    least = min(len(x), len(y))
    if least < 4:
        raise AnalysisError(str(Fault("KID", f"{len(x)} and {len(y)} pictures", "4 or more of each", "Draw more.")))
    xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    size, rng = min(MOST, least // 2), stream(seed, "kid")
    some = []
    for _ in range(subsets):
        a, b = rng.choice(len(x), size, replace=False), rng.choice(len(y), size, replace=False)
        some.append(_mmd(xx[np.ix_(a, a)], yy[np.ix_(b, b)], xy[np.ix_(a, b)]))
    return Kid(float(np.mean(some)), float(np.std(some)), _mmd(xx, yy, xy), _jackknife(xx, yy, xy),
               (len(x), len(y)), size)  # fmt: skip


def _kernel(x: Floats, y: Floats) -> Floats:
    return (np.asarray(x, float) @ np.asarray(y, float).T / x.shape[1] + 1) ** 3


def _off_diagonal(k: Floats) -> float:
    return float(k.sum() - np.trace(k))


def _mmd(xx: Floats, yy: Floats, xy: Floats) -> float:
    n, m = xy.shape
    return _off_diagonal(xx) / (n * (n - 1)) + _off_diagonal(yy) / (m * (m - 1)) - 2 * float(xy.mean())


def _jackknife(xx: Floats, yy: Floats, xy: Floats) -> float:
    """Standard error of the whole estimate: delete one vector of either set, the variances added."""
    return float(np.sqrt(_left_out(xx, xy) + _left_out(yy, xy.T)))


def _left_out(own: Floats, cross: Floats) -> float:
    """Jackknife variance of the terms that vary when a vector of one set is left out."""
    n, m = cross.shape
    rows = own.sum(1) - np.diag(own)
    within = (_off_diagonal(own) - 2 * rows) / ((n - 1) * (n - 2))
    between = (cross.sum() - cross.sum(1)) / ((n - 1) * m)
    each = within - 2 * between
    return float((n - 1) / n * ((each - each.mean()) ** 2).sum())
