"""Freckles and moles: brown spots of a person that no day changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import region_of
from nof1sim.randomness import stream
from nof1sim.render.procedural.atlas import on_mesh
from nof1sim.render.procedural.fields import blob, dot, ramp
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.noise import cells, noise

if TYPE_CHECKING:
    from nof1sim.render.procedural.head import Head
    from nof1sim.render.procedural.pigment import Spots

F32 = NDArray[np.floating]


def _layer_of_freckles(s: Spots, grid_mm: float, seed: int, amount: F32) -> F32:
    """0 .. 1: irregular spots on a share of the grid's points; big ones are rare and paler at the rim."""
    d, label = cells(s.p, grid_mm, seed)
    d = d * (1 + 0.35 * s.n["grain"] + 0.20 * s.n["fine"])
    present = np.clip((amount - label) * 6, 0, 1)
    size = 0.17 + 0.17 * (label / np.maximum(amount, 0.05)) ** 2
    return present * ramp(0.13, -0.13, d - size) * (0.35 + 0.65 * (1 - label / np.maximum(amount, 0.05)))


def add_freckles(face: Face, s: Spots, seed: int, melanin: F32) -> None:
    """Ephelides over cheeks and nose of fair people, and lentigines from the thirties on; changes `melanin`."""
    x, y = s.x, s.y
    # Fair skin has so little melanin of its own that a spot multiplies it.
    more = 1 + 1.8 * float(ramp(40, 60, face.ita_deg))
    if face.freckles > 0.05:
        zone = blob(x, y, 24, -22, 24, 17) + 0.8 * blob(x, y, 0, -20, 12, 14) + 0.45 * blob(x, y, 0, 40, 36, 20)
        amount = np.clip(face.freckles * (zone + 0.06) * (1 + 0.7 * s.n["wide"]), 0, 0.75)
        melanin += 0.85 * more * _layer_of_freckles(s, 2.5, seed + 21, amount)
        melanin += 0.75 * more * _layer_of_freckles(s, 4.4, seed + 22, 0.6 * amount)
    old = float(np.clip((face.seeming_years - 31) / 20, 0, 1.2))
    if old > 0.05:
        zone = np.clip(blob(x, y, 42, -18, 20, 24) + 0.7 * blob(x, y, 30, 46, 24, 14), 0, 1)
        melanin += 0.60 * more * _layer_of_freckles(s, 7.0, seed + 23, 0.34 * old * zone)


def add_moles(head: Head, s: Spots, melanin: F32, dark: float) -> None:
    """Moles lie on chart places, so that none lands on a lip or under the cap; changes `melanin`."""
    face = head.face
    # Fixed candidates by counter: the first ones on skin are taken.
    rng = stream(face.noise_seed, "moles")
    x, y = rng.uniform(-68, 68, 64), rng.uniform(-104, 58, 64)
    # Radii are log-normal: many small ones, few of 3 mm across.
    size, strength = 0.5 * np.exp(0.45 * rng.normal(size=64)), rng.uniform(0.25, 1.0, 64)
    long, way = rng.uniform(0.75, 1.3, 64), rng.uniform(0, np.pi, 64)
    keep = np.flatnonzero(region_of(x, y) >= 0)[: face.moles]
    u, v = on_mesh(head.chart, x[keep], y[keep])
    places = sample(head.skin, u, v)
    more = 1 + 0.8 * float(ramp(40, 60, face.ita_deg))
    columns = np.ascontiguousarray(s.p.T)
    for place, i in zip(places, keep, strict=True):
        r = float(np.clip(size[i], 0.3, 1.5))
        near = np.flatnonzero(np.abs(columns[0] - place[0]) < 3.2)
        for axis in (1, 2):
            near = near[np.abs(columns[axis][near] - place[axis]) < 3.2]
        if near.size == 0:
            continue
        o = s.p[near] - place
        a = np.cos(way[i]) * o[:, 0] + np.sin(way[i]) * o[:, 1]
        d2 = dot(o, o) + a * a * (1 / long[i] ** 2 - 1)
        d = np.sqrt(np.maximum(d2, 0)) * (1 + 0.22 * noise(s.p[near], 1.1 * r + 0.4, face.noise_seed + 31 + int(i)))
        melanin[near] += (3.0 - 1.7 * dark) * strength[i] * more * ramp(r * 1.25, r * 0.55, d)
