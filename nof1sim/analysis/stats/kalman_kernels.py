"""Cross-products under AR(1) plus white noise (a nugget) in O(n), with their exact derivatives.

A serially correlated state observed with noise is a state-space model, and its Kalman filter turns the columns of W
into independent innovations E with variances F: W' R^-1 W = sum E E' / F and log|R| = sum log F (Jones & Boadi-Boateng
1991, Biometrics 47:161-175). R = (1 - nugget) C + nugget I, C[i, j] = phi^|t_i - t_j|.
"""

from __future__ import annotations

import numpy as np

from ..compiled import njit


@njit(error_model="numpy")
def mirror(cross):
    """Copy the lower triangles (3, groups, m, m) to the upper ones, in place."""
    for d in range(cross.shape[0]):
        for k in range(cross.shape[1]):
            for r in range(cross.shape[2]):
                for s in range(r + 1, cross.shape[2]):
                    cross[d, k, r, s] = cross[d, k, s, r]


@njit(error_model="numpy")
def cross_products(w, first, c, dc, nugget):
    """Per group W' R^-1 W and log|R| with derivatives by phi's parameter and by the nugget.

    w : (n, m) columns, sorted by group and time. first : (n,) bool, a group starts here. c, dc : (n,) phi^gap to the
    row before and its derivative (ignored where `first`). Returns cross (3, groups, m, m) and logdet (3,): value,
    derivative by phi's parameter, derivative by the nugget.
    """
    n, m = w.shape
    groups = 0
    for i in range(n):
        if first[i]:
            groups += 1
    cross = np.zeros((3, groups, m, m))
    logdet = np.zeros(3)
    a, e = np.zeros((3, m)), np.zeros((3, m))
    p, f = np.zeros(3), np.zeros(3)
    g = -1
    for i in range(n):
        if first[i]:
            g += 1
            a[:] = 0.0
            p[0], p[1], p[2] = 1.0 - nugget, 0.0, -1.0
        f[0], f[1], f[2] = p[0] + nugget, p[1], p[2] + 1.0
        inv = 1.0 / f[0]
        logdet[0] += np.log(f[0])
        logdet[1] += f[1] * inv
        logdet[2] += f[2] * inv
        for j in range(m):
            e[0, j] = w[i, j] - a[0, j]
            e[1, j] = -a[1, j]
            e[2, j] = -a[2, j]
        for r in range(m):
            for s in range(r + 1):
                product = e[0, r] * e[0, s] * inv
                cross[0, g, r, s] += product
                for d in range(1, 3):
                    change = (e[d, r] * e[0, s] + e[0, r] * e[d, s]) * inv
                    cross[d, g, r, s] += change - product * f[d] * inv
        if i + 1 < n and not first[i + 1]:
            step, dstep = c[i + 1], dc[i + 1]
            gain = p[0] * inv
            kept = p[0] * nugget * inv  # filtered variance of the state
            for d in range(1, 3):
                dgain = (p[d] - gain * f[d]) * inv
                dkept = p[d] * nugget * inv - kept * f[d] * inv
                by_phi = dstep if d == 1 else 0.0
                if d == 2:
                    dkept += gain
                for j in range(m):
                    da = a[d, j] + dgain * e[0, j] + gain * e[d, j]
                    a[d, j] = step * da + by_phi * (a[0, j] + gain * e[0, j])
                p[d] = step * step * dkept + 2.0 * step * by_phi * (kept - (1.0 - nugget))
                if d == 2:
                    p[d] -= 1.0 - step * step
            for j in range(m):
                a[0, j] = step * (a[0, j] + gain * e[0, j])
            p[0] = step * step * kept + (1.0 - step * step) * (1.0 - nugget)
    mirror(cross)
    return cross, logdet
