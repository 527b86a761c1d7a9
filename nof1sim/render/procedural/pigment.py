"""Where a clear face is redder, browner, oilier or rougher. Evaluated at any spots of skin: pixels or vertices.

Everything is a function of the canonical place in mm and the person, so it is the same in all views and sizes.
Redness follows perfusion (cheeks, nose, wings, ears), gloss the sebum-rich T-zone, melanin the forehead and the orbit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import region_of
from nof1sim.randomness import stream
from nof1sim.render.procedural.atlas import on_mesh
from nof1sim.render.procedural.fields import blob, ramp
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import LAYER, Head
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks
from nof1sim.render.procedural.noise import cells, noise

F32 = NDArray[np.floating]
BLOOD = 0.0155
"""Mean blood volume fraction of the facial dermis."""


@dataclass(slots=True)
class Pigment:
    """Per spot (n,): melanin and blood relative to the person's base, blood fraction base; oil: factor on gloss;
    height: fine relief, mm; pore: 0 .. 1; beard, stubble: cover 0 .. 1."""

    melanin: F32
    blood: F32
    oil: F32
    height: F32
    pore: F32
    beard: F32
    stubble: F32


@dataclass(slots=True)
class _Spots:
    """What the functions below share: |x|, y, z, the layers and five noise fields."""

    p: F32
    x: F32
    y: F32
    z: F32
    layers: F32
    n: dict[str, F32]

    def layer(self, name: str) -> F32:
        return self.layers[:, LAYER[name]]


def base_blood(face: Face) -> float:
    """Blood fraction of unremarkable skin; very fair and dark skin need more to look alive under this light."""
    fair, dark = np.clip((face.ita_deg - 35) / 25, 0, 1), np.clip((15 - face.ita_deg) / 40, 0, 1)
    return float(BLOOD * face.blood * (1 + 0.35 * fair + 0.35 * dark))


def darkness(face: Face) -> float:
    """0 for fair and medium skin to 1 for the darkest."""
    return float(np.clip((30 - face.ita_deg) / 60, 0, 1))


def pigment(head: Head, spot: F32, layers: F32) -> Pigment:
    """Pigment of clear skin at `spot` (n, 3) with vertex fields `layers` (n, len(LAYERS))."""
    face, m = head.face, head.marks
    seed = face.noise_seed * 7 % 100003
    n = {
        "wide": noise(spot, 26, seed + 1, 4, 0.6),
        "mid": noise(spot, 7, seed + 2, 3, 0.6),
        "fine": noise(spot, 2.0, seed + 3, 2, 0.6),
        "patch": noise(spot, 11, seed + 4, 3, 0.6),
    }
    s = _Spots(spot, np.abs(spot[:, 0]), spot[:, 1], spot[:, 2], layers, n)
    lip = s.layer("lip")
    streak = noise(spot, 1.2, seed + 41, 2, 0.6, (1, 5, 1))
    melanin, blood = _melanin(face, m, s, seed), _blood(face, m, s)
    _add_moles(head, s, melanin)
    dark = darkness(face)
    lip_blood = np.maximum((6.5 + 1.3 * n["wide"] + 1.2 * streak) * face.lip_colour * (0.78 if face.male else 1.3), 2.4)
    lip_melanin = (0.85 + 0.35 * dark) * np.exp(0.15 * streak)
    pore = _pores(face, m, s, seed) * (1 - lip)
    beard, stubble = _beard(face, m, s, seed)
    out = Pigment(
        melanin=melanin * (1 - lip) + lip * lip_melanin,
        blood=blood * (1 - lip) + lip * lip_blood,
        oil=_oil(face, m, s) * (1 - lip) + lip * 0.95 * face.oil,
        height=_relief(face, m, s, seed, pore, lip),
        pore=pore,
        beard=beard,
        stubble=stubble,
    )
    for name in Pigment.__dataclass_fields__:
        setattr(out, name, np.ascontiguousarray(getattr(out, name), dtype=np.float32))
    return out


def _blood(face: Face, m: Landmarks, s: _Spots) -> F32:
    x, y, nw, sn = s.x, s.y, m.nose_half, m.subnasale
    r = face.ruddy
    b = 1 + r * (blob(x, y, 36, -34, 16, 13) + 0.9 * blob(x, y, 0, m.pronasale - 1, 10, 8))
    b = b + r * (0.9 * blob(x, y, nw - 2, sn + 6, 6, 7) + 0.55 * blob(x, y, nw + 3, sn + 3, 4, 7))
    b = b + 0.35 * blob(x, y, 0, m.pogonion, 15, 10) + 0.30 * blob(x, y, 0, 18, 18, 14)
    b = b + 0.45 * blob(x, y, m.eye_inner + 2, -3, 5, 5) + 0.35 * face.dark_circles * s.layer("tear")
    b = b - 0.25 * blob(x, y, 0, m.labiale_superius + 3, 16, 7) - 0.18 * blob(x, y, m.eye_middle, 11, 16, 6)
    lid = s.layer("lid")
    b = b + 1.3 * np.exp(-((np.maximum(-lid, 0) / 1.6) ** 2)) * (lid < 1)
    b = b * np.exp(0.24 * s.n["wide"] + 0.24 * s.n["mid"] + 0.25 * s.n["fine"] + 0.20 * s.n["patch"])
    return np.clip(b, 0.3, 5)


def _melanin(face: Face, m: Landmarks, s: _Spots, seed: int) -> F32:
    x, y = s.x, s.y
    ring = face.dark_circles
    a = 1 + 0.12 * ramp(30, 60, y) + 0.20 * ring * blob(x, y, m.eye_middle, -9, 14, 6)
    a = a + 0.25 * blob(x, y, m.eye_middle, 9, 14, 6) + 0.30 * blob(x, y, m.eye_inner - 1, -1, 6, 8)
    dark = darkness(face)
    a = a + dark * (0.26 * blob(x, y, 0, m.stomion, 26, 14) + 0.22 * blob(x, y, 0, 45, 40, 22))
    a = a + dark * (0.30 * ring * blob(x, y, m.eye_middle, -8, 17, 9) - 0.14 * blob(x, y, 33, -30, 15, 12))
    a = a + 0.10 * ramp(m.menton + 4, m.menton - 25, y)
    a = a * np.exp(0.10 * s.n["wide"] + 0.10 * s.n["patch"] + 0.10 * s.n["fine"] + 0.06 * s.n["mid"])
    if face.freckles > 0.05:
        d, label = cells(s.p, 2.3, seed + 21)
        zone = blob(x, y, 24, -22, 26, 20) + 0.6 * blob(x, y, 0, 40, 35, 20)
        spots = ramp(0.48, 0.10, d) * (label < 0.75 * min(face.freckles, 1.0) * np.clip(zone * 1.2, 0, 1))
        a = a + 0.60 * spots * (0.25 + label) * min(1.0, face.freckles + 0.3)
    return np.clip(a, 0.4, 12)


def _add_moles(head: Head, s: _Spots, melanin: F32) -> None:
    """Moles lie on chart places, so that none lands on a lip or under the cap; changes `melanin`."""
    face = head.face
    # Fixed candidates by counter: the first ones on skin are taken.
    rng = stream(face.noise_seed, "moles")
    x, y = rng.uniform(-68, 68, 64), rng.uniform(-104, 58, 64)
    size, strength = rng.uniform(0.45, 1.2, 64), rng.uniform(0.4, 1.0, 64)
    keep = np.flatnonzero(region_of(x, y) >= 0)[: face.moles]
    u, v = on_mesh(head.chart, x[keep], y[keep])
    for place, r, k in zip(sample(head.skin, u, v), size[keep], strength[keep], strict=True):
        near = np.flatnonzero((np.abs(s.p - place) < 2.5).all(-1))
        d = np.sqrt(((s.p[near] - place) ** 2).sum(-1)) * (1 + 0.15 * s.n["fine"][near])
        melanin[near] += (3.4 - 1.8 * darkness(face)) * k * ramp(r * 1.3, r * 0.4, d)


def _beard(face: Face, m: Landmarks, s: _Spots, seed: int) -> tuple[F32, F32]:
    if face.beard < 0.02:
        return np.zeros_like(s.x), np.zeros_like(s.x)
    x, y, sto = s.x, s.y, m.stomion
    jaw = np.clip(ramp(18, 27, x) * ramp(-34, -52, y) + ramp(m.subnasale - 2, m.subnasale - 6, y), 0, 1)
    jaw = jaw * ramp(m.menton - 28, m.menton - 4, y) * ramp(-92, -74, s.z)
    cheek = 1 - ramp(0.3, 1.0, blob(x, y, 30, -40, 15, 13))
    sides = 0.8 * jaw * cheek * ramp(4, -12, y - sto - 0.55 * (x - 32))
    lip, chin = 0.95 * blob(x, y, 11, m.subnasale - 8, 11, 5.5), blob(x, y, 0, m.pogonion - 3, 22, 13)
    zone = np.clip(np.maximum(np.maximum(sides, lip), chin), 0, 1) * (1 - s.layer("lip"))
    beard = zone * face.beard
    d, label = cells(s.p, 1.05, seed + 51)
    return beard, beard * ramp(0.42, 0.18, d) * (label < 0.8)


def _pores(face: Face, m: Landmarks, s: _Spots, seed: int) -> F32:
    x, y = s.x, s.y
    d, label = cells(s.p, 0.85, seed + 61)
    zone = 0.35 + blob(x, y, 22, -26, 17, 16) + blob(x, y, 0, m.pronasale + 4, 13, 16)
    zone = zone + 0.5 * blob(x, y, 0, 40, 26, 20) + 0.4 * blob(x, y, 0, m.pogonion, 14, 10)
    return face.pores * ramp(0.34, 0.05, d) * (label < 0.7) * np.clip(zone, 0, 1.4)


def _relief(face: Face, m: Landmarks, s: _Spots, seed: int, pore: F32, lip: F32) -> F32:
    x, y, p = s.x, s.y, s.p
    h = -0.10 * pore + 0.05 * noise(p, 1.1, seed + 71, 2, 0.7) * (1 - lip)
    h = h + 0.070 * noise(p, 2.6, seed + 72, 2, 0.6) + 0.10 * noise(p, 6.5, seed + 73, 2)
    h = h + lip * 0.16 * noise(p, 1.25, seed + 74, 2, 0.6, (1, 6, 2))
    age = float(np.clip((face.age_years - 24) / 18, 0, 1.4))
    if age > 0:
        lines = np.sin((y - 0.004 * x * x + 1.5 * s.n["wide"]) * 2 * np.pi / 11.0)
        h = h - 0.32 * age * np.maximum(lines - 0.55, 0) * blob(x, y, 0, 48, 34, 16)
        dx, dy = x - m.eye_outer - 5, y - 1
        fan = np.sin(np.arctan2(dy, dx) * 11 + s.n["wide"])
        near = np.exp(-(((np.hypot(dx, dy) - 6) / 6) ** 2))
        h = h - 0.30 * age * np.maximum(fan - 0.6, 0) * near * ramp(0, 3, dx)
    under = np.sin((y * 0.95 - 0.15 * x) * 2 * np.pi / 1.9 + 2 * s.n["mid"])
    return h + 0.05 * under * blob(x, y, m.eye_middle, -8, 11, 3.5)


def _oil(face: Face, m: Landmarks, s: _Spots) -> F32:
    x, y = s.x, s.y
    oil = 0.75 + 0.50 * blob(x, y, 0, 38, 26, 20) + 0.75 * blob(x, y, 0, m.pronasale + 6, 10, 18)
    oil = oil + 0.25 * blob(x, y, 0, m.pogonion, 12, 9) + 0.30 * blob(x, y, 36, -22, 15, 10) + 0.12 * s.n["wide"]
    return np.clip(oil * face.oil, 0.2, 2.2)
