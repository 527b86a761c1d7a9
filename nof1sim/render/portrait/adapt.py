"""What makes the mean face this person's: a smooth shift of its surface, so that the key points lie where they do.

Kriging (Cressie, Statistics for Spatial Data, 1993, section 3.2) on the chart: the shift is a smooth random field of
known covariance, the key points are noisy looks at it. Unlike a thin-plate spline it goes back to the mean face where
no key point is near (forehead, a hidden cheek) instead of carrying a slope on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCALES = ((5.0, 45.0), (2.0, 14.0))
"""SD and length in mm of the parts of the covariance: proportions of the face, and the form of a feature."""


def covariance(a: Floats, b: Floats) -> Floats:
    """(n, m) of chart places (n, 2) and (m, 2), mm^2."""
    r2 = ((a[:, None] - b[None]) ** 2).sum(-1)
    return np.sum([sd**2 * np.exp(-r2 / (2 * length**2)) for sd, length in SCALES], axis=0)


def shift_field(chart: Floats, shift: NDArray, noise_mm: Floats, x: NDArray, y: NDArray) -> Floats:
    """The shift (len(y), len(x), 2) mm on a grid of chart columns x and rows y, from shifts (n, 2) at places (n, 2).

    noise_mm (n,): SD with which a key point may be missed.
    """
    # Points of two schemes may coincide: the noise keeps the system regular.
    weights = np.linalg.solve(covariance(chart, chart) + np.diag(noise_mm**2), shift)
    out = np.zeros((len(y), len(x), shift.shape[1]))
    for sd, length in SCALES:
        # A Gaussian is the product of one along x and one along y. No BLAS: it may round by its number of threads.
        across = np.exp(-((x[None] - chart[:, :1]) ** 2) / (2 * length**2))
        down = sd**2 * np.exp(-((y[None] - chart[:, 1:]) ** 2) / (2 * length**2))
        for k in range(shift.shape[1]):
            out[..., k] += np.einsum("ny,nx->yx", down * weights[:, k : k + 1], across)
    return out
