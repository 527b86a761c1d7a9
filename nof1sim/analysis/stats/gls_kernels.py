"""AR(1) regression of one series by REML or ML: sums, profile likelihood, search and bootstrap, compiled.

R[i, j] = phi^|t_i - t_j|. R^-1 is tridiagonal, so all that is needed of the columns W = [X y] are sums over neighbours
per distinct gap; then an evaluation costs O(distinct gaps x columns^2) and a fit a few microseconds.
"""

from __future__ import annotations

import numpy as np

from ..compiled import njit

LIMIT = 8.0
"""Bound of atanh(phi): |phi| <= 1 - 2.3e-7."""


@njit(error_model="numpy")
def neighbour_sums(w, which, gaps):
    """Sums of d d', d v' + v d' and v v' over pairs of neighbours per distinct gap, v the earlier row, d the step.

    w : (n, m). which : (n - 1,) index into `gaps` (u,). Returns (u, 3, m, m).
    """
    n, m = w.shape
    sums = np.zeros((gaps.size, 3, m, m))
    for i in range(n - 1):
        u = which[i]
        for r in range(m):
            step_r, early_r = w[i + 1, r] - w[i, r], w[i, r]
            for s in range(r + 1):
                step_s, early_s = w[i + 1, s] - w[i, s], w[i, s]
                sums[u, 0, r, s] += step_r * step_s
                sums[u, 1, r, s] += step_r * early_s + early_r * step_s
                sums[u, 2, r, s] += early_r * early_s
    for u in range(gaps.size):
        for k in range(3):
            for r in range(m):
                for s in range(r):
                    sums[u, k, s, r] = sums[u, k, r, s]
    return sums


@njit(error_model="numpy")
def power(phi, rest, gap):
    """c = phi^gap and 1 - c, `rest` = 1 - phi."""
    if phi > 0.0:
        log_phi = np.log1p(-rest) if rest < 0.5 else np.log(phi)
        return np.exp(gap * log_phi), -np.expm1(gap * log_phi)
    c = phi**gap if phi != 0.0 else 0.0
    return c, 1.0 - c


@njit(error_model="numpy")
def slope_of_power(phi, rest, gap):
    """gap phi^(gap - 1)."""
    return 1.0 if gap == 1.0 else gap * power(phi, rest, gap - 1.0)[0]


@njit(error_model="numpy")
def moments(rho, head, sums, gaps, counts):
    """W' R^-1 W and log|R| with their first two derivatives by phi at phi = tanh(rho): (3, m, m), (3,).

    head : (m, m), the outer product of the first row. counts : (u,) pairs of each distinct gap.
    """
    phi, rest = np.tanh(rho), 2.0 / (np.exp(2.0 * rho) + 1.0)
    m = head.shape[0]
    out, logdet = np.zeros((3, m, m)), np.zeros(3)
    out[0] = head
    for u in range(gaps.size):
        g = gaps[u]
        c, e = power(phi, rest, g)
        c1 = slope_of_power(phi, rest, g)
        c2 = 0.0 if g == 1.0 else g * slope_of_power(phi, rest, g - 1.0)
        q = 1.0 / (e * (1.0 + c))
        q1 = 2.0 * c * q * q
        q2 = 2.0 * q * q + 8.0 * c * c * q * q * q
        for r in range(m):
            for s in range(m):
                n0 = sums[u, 0, r, s] + e * sums[u, 1, r, s] + e * e * sums[u, 2, r, s]
                n1 = -sums[u, 1, r, s] - 2.0 * e * sums[u, 2, r, s]
                n2 = 2.0 * sums[u, 2, r, s]
                by_c = n1 * q + n0 * q1
                out[0, r, s] += n0 * q
                out[1, r, s] += by_c * c1
                out[2, r, s] += (n2 * q + 2.0 * n1 * q1 + n0 * q2) * c1 * c1 + by_c * c2
        by_c = -2.0 * c * q
        logdet[0] -= counts[u] * np.log(q)
        logdet[1] += counts[u] * by_c * c1
        logdet[2] += counts[u] * ((-2.0 * q - 2.0 * c * q1) * c1 * c1 + by_c * c2)
    return out, logdet


@njit(error_model="numpy")
def cholesky(matrix):
    """The lower Cholesky factor of a small positive definite matrix, and the factor's inverse."""
    m = matrix.shape[0]
    low, inverse = np.zeros((m, m)), np.zeros((m, m))
    for i in range(m):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= low[i, k] * low[j, k]
            low[i, j] = np.sqrt(max(total, 1e-300)) if i == j else total / low[j, j]
    for i in range(m):
        inverse[i, i] = 1.0 / low[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total += low[i, k] * inverse[k, j]
            inverse[i, j] = -total / low[i, i]
    return low, inverse


@njit(error_model="numpy")
def estimate(cross, direction, n):
    """`direction`' beta and its REML standard error from W' R^-1 W, W = [X y] of n rows."""
    p = direction.size
    low, inverse = cholesky(cross)
    value, square = 0.0, 0.0
    for i in range(p):
        seen = 0.0
        for j in range(i + 1):
            seen += inverse[i, j] * direction[j]
        value += seen * low[p, i]  # the last row of the factor is L^-1 X' R^-1 y
        square += seen * seen
    return value, low[p, p] * np.sqrt(square / (n - p))


@njit(error_model="numpy")
def outer(row):
    """row row'."""
    out = np.empty((row.size, row.size))
    for i in range(row.size):
        for j in range(row.size):
            out[i, j] = row[i] * row[j]
    return out


@njit(error_model="numpy")
def profile(rho, head, sums, gaps, counts, n, reml):
    """-2 log-likelihood up to constants with beta and sigma2 profiled out, and its derivative by rho."""
    cross, logdet = moments(rho, head, sums, gaps, counts)
    m = head.shape[0]
    p = m - 1
    low, inverse = cholesky(cross[0])
    freedom = n - p if reml else n
    deviance = freedom * np.log(low[p, p] ** 2) + logdet[0]
    slope = logdet[1]
    for i in range(m):
        if i < p and not reml:
            continue
        if i < p:
            deviance += 2.0 * np.log(low[i, i])
        total = 0.0
        for r in range(i + 1):
            for s in range(i + 1):
                total += inverse[i, r] * cross[1, r, s] * inverse[i, s]
        slope += total if i < p else freedom * total
    phi = np.tanh(rho)
    return deviance, slope * (1.0 - phi * phi)


@njit(error_model="numpy")
def search(head, sums, gaps, counts, n, reml, signed):
    """The best atanh(phi): a grid, then the zero of the derivative beside its best point (Illinois)."""
    floor = -LIMIT if signed else 1e-3  # a fractional gap has no derivative at phi = 0
    low = max(-3.0, floor)
    best, best_deviance = 0.0, np.inf
    step = 0.25
    points = int((LIMIT - low) / step) + 1
    for k in range(points):
        rho = low + step * k
        deviance, _ = profile(rho, head, sums, gaps, counts, n, reml)
        if deviance < best_deviance:
            best, best_deviance = rho, deviance
    a, b = max(best - step, floor), min(best + step, LIMIT)
    fa, fb = profile(a, head, sums, gaps, counts, n, reml)[1], profile(b, head, sums, gaps, counts, n, reml)[1]
    if fa >= 0.0:
        return a
    if fb <= 0.0:
        return b
    side = 0
    for _ in range(60):
        x = (a * fb - b * fa) / (fb - fa)
        fx = profile(x, head, sums, gaps, counts, n, reml)[1]
        if abs(fx) < 1e-10 or b - a < 1e-12:
            return x
        if fx > 0.0:
            b, fb = x, fx
            if side == 1:
                fa *= 0.5
            side = 1
        else:
            a, fa = x, fx
            if side == -1:
                fb *= 0.5
            side = -1
    return 0.5 * (a + b)


@njit(error_model="numpy")
def curved(x, gap, rho):
    """X' O' R O' X, O' the derivative of R^-1 by phi, and tr(R^-1 R' R^-1 R'), in O(n).

    x : (n, p). gap : (n - 1,).
    """
    n, p = x.shape
    phi, rest = np.tanh(rho), 2.0 / (np.exp(2.0 * rho) + 1.0)
    c, turned = np.empty(n - 1), np.zeros((n, p))
    trace = 0.0
    for i in range(n - 1):
        c[i], e = power(phi, rest, gap[i])
        c1 = slope_of_power(phi, rest, gap[i])
        q = 1.0 / (e * (1.0 + c[i]))
        q1 = 2.0 * c[i] * q * q
        trace += 2.0 * (1.0 + c[i] * c[i]) * q * q * c1 * c1
        late, early, off = q1 * c1, (2.0 * c[i] * q + c[i] * c[i] * q1) * c1, -(q + c[i] * q1) * c1
        for j in range(p):
            turned[i + 1, j] += late * x[i + 1, j] + off * x[i, j]
            turned[i, j] += early * x[i, j] + off * x[i + 1, j]
    forth, back = turned.copy(), turned.copy()
    for i in range(1, n):
        for j in range(p):
            forth[i, j] += c[i - 1] * forth[i - 1, j]
            back[n - 1 - i, j] += c[n - 1 - i] * back[n - i, j]
    out = np.zeros((p, p))
    for i in range(n):
        for r in range(p):
            for s in range(p):
                out[r, s] += turned[i, r] * (forth[i, s] + back[i, s] - turned[i, s])
    return out, trace


@njit(error_model="numpy")
def put(columns, w):
    """Set the first columns of w (n, more) to `columns` (n, p). As a slice it would take numba seconds to compile."""
    for i in range(columns.shape[0]):
        for r in range(columns.shape[1]):
            w[i, r] = columns[i, r]


@njit(error_model="numpy")
def bootstrap_t(q, direction, normals, gap, which, gaps, counts, rho, signed):
    """t statistics (b,) of `direction`' beta, re-estimated by REML on AR(1) series without any effect.

    q : (n, p) orthonormal design. normals : (b, n) standard normals. rho : atanh of the phi to simulate.
    """
    repeats, n = normals.shape
    p = q.shape[1]
    out = np.empty(repeats)
    phi, rest = np.tanh(rho), 2.0 / (np.exp(2.0 * rho) + 1.0)
    w = np.empty((n, p + 1))
    put(q, w)
    for k in range(repeats):
        w[0, p] = normals[k, 0]
        for i in range(1, n):
            c, e = power(phi, rest, gap[i - 1])
            w[i, p] = c * w[i - 1, p] + np.sqrt(e * (1.0 + c)) * normals[k, i]
        head = outer(w[0])
        sums = neighbour_sums(w, which, gaps)
        at = search(head, sums, gaps, counts, n, True, signed)
        cross = moments(at, head, sums, gaps, counts)[0][0]
        value, se = estimate(cross, direction, n)
        out[k] = value / se
    return out


@njit(error_model="numpy")
def grid_search(designs, directions, series, which, gaps, counts, signed):
    """For each series the design of the highest likelihood (ML), and its contrast by REML.

    designs : (g, n, p) orthonormal. directions : (g, p). series : (b, n). Returns (b, 4): index of the design, its -2
    log-likelihood up to constants, estimate, standard error; NaN where no design has a finite likelihood.
    """
    repeats, n = series.shape
    count, _, p = designs.shape
    out = np.empty((repeats, 4))
    w = np.empty((n, p + 1))
    for k in range(repeats):
        for i in range(n):
            w[i, p] = series[k, i]
        best = np.inf
        out[k] = np.nan
        for g in range(count):
            put(designs[g], w)
            head, sums = outer(w[0]), neighbour_sums(w, which, gaps)
            rho = search(head, sums, gaps, counts, n, False, signed)
            deviance = profile(rho, head, sums, gaps, counts, n, False)[0]
            if deviance < best:
                best = deviance
                at = search(head, sums, gaps, counts, n, True, signed)
                cross = moments(at, head, sums, gaps, counts)[0][0]
                out[k, 0], out[k, 1] = g, deviance
                out[k, 2], out[k, 3] = estimate(cross, directions[g], n)
    return out
