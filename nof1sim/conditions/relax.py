"""Blue noise by repulsion: points push each other apart, inside a mask or on a torus. Compiled, deterministic, run once
a process."""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit

ROUNDS = 400
REACH = 1.02
"""Points repel below this multiple of the densest (hexagonal) packing's distance."""


@njit()
def _free(allowed, gx, gy, step, x, y):
    i, j = round((y - gy) / step), round((x - gx) / step)
    return 0 <= i < allowed.shape[0] and 0 <= j < allowed.shape[1] and allowed[i, j]


@njit()
def _round(x, y, allowed, gx, gy, step, reach, gain):
    n = x.size
    rows, cols = int(allowed.shape[0] * step / reach) + 2, int(allowed.shape[1] * step / reach) + 2
    head = np.full((rows, cols), -1, np.int64)
    link = np.full(n, -1, np.int64)
    for p in range(n):
        i, j = int((y[p] - gy) / reach), int((x[p] - gx) / reach)
        link[p], head[i, j] = head[i, j], p
    push_x, push_y = np.zeros(n), np.zeros(n)
    for p in range(n):
        i, j = int((y[p] - gy) / reach), int((x[p] - gx) / reach)
        for a in range(max(i - 1, 0), min(i + 2, rows)):
            for b in range(max(j - 1, 0), min(j + 2, cols)):
                q = head[a, b]
                while q >= 0:
                    dx, dy = x[p] - x[q], y[p] - y[q]
                    far = math.sqrt(dx * dx + dy * dy)
                    if q != p and 1e-9 < far < reach:
                        push_x[p] += dx / far * (reach - far)
                        push_y[p] += dy / far * (reach - far)
                    q = link[q]
    for p in range(n):
        new_x, new_y = x[p] + gain * push_x[p], y[p] + gain * push_y[p]
        if _free(allowed, gx, gy, step, new_x, new_y):
            x[p], y[p] = new_x, new_y
        elif _free(allowed, gx, gy, step, new_x, y[p]):
            x[p] = new_x
        elif _free(allowed, gx, gy, step, x[p], new_y):
            y[p] = new_y


@njit()
def relax(x, y, allowed, gx, gy, step):
    """Points (n,) moved apart within `allowed` (a grid from gx, gy in steps of `step` mm). Returns x, y."""
    area = allowed.sum() * step * step
    reach = REACH * math.sqrt(2.0 / math.sqrt(3.0) * area / x.size)
    for k in range(ROUNDS):
        _round(x, y, allowed, gx, gy, step, reach, 0.35 if k < ROUNDS // 2 else 0.15)
    return x, y


@njit()
def relax_torus(x, y, side):
    """Points (n,) moved apart on a square of `side` mm whose opposite edges are one. Returns x, y, 0 to side."""
    n = x.size
    reach = REACH * math.sqrt(2.0 / math.sqrt(3.0) * side * side / n)
    cells = max(int(side / reach), 3)
    link, push_x, push_y = np.empty(n, np.int64), np.empty(n), np.empty(n)
    for k in range(ROUNDS):
        gain = 0.35 if k < ROUNDS // 2 else 0.15
        head = np.full((cells, cells), -1, np.int64)
        for p in range(n):
            i, j = min(int(y[p] / side * cells), cells - 1), min(int(x[p] / side * cells), cells - 1)
            link[p], head[i, j] = head[i, j], p
        push_x[:], push_y[:] = 0.0, 0.0
        for p in range(n):
            i, j = int(y[p] / side * cells), int(x[p] / side * cells)
            for a in range(i - 1, i + 2):
                for b in range(j - 1, j + 2):
                    q = head[a % cells, b % cells]
                    while q >= 0:
                        dx, dy = x[p] - x[q], y[p] - y[q]
                        dx, dy = dx - side * round(dx / side), dy - side * round(dy / side)
                        far = math.sqrt(dx * dx + dy * dy)
                        if q != p and 1e-9 < far < reach:
                            push_x[p] += dx / far * (reach - far)
                            push_y[p] += dy / far * (reach - far)
                        q = link[q]
        for p in range(n):
            x[p], y[p] = (x[p] + gain * push_x[p]) % side, (y[p] + gain * push_y[p]) % side
    return x, y
