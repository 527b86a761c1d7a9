"""Where a clear face is redder, browner or oilier. Evaluated at any spots of skin: pixels or vertices.

Everything is a function of the canonical place in mm and the person, so it is the same in all views and sizes.
Redness follows perfusion (cheeks, nose, wings, ears), gloss the sebum-rich T-zone, melanin the forehead and the orbit.
Zones and amplitudes are judged by eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import blob, ramp
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.landmarks import Landmarks
from nof1sim.render.procedural.noise import cells, noise
from nof1sim.render.procedural.relief import pores, relief
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.procedural.spots import add_freckles, add_moles
from nof1sim.render.procedural.wrinkles import wrinkles

F32 = NDArray[np.floating]
NEEDED = ("lip", "lid", "tear", "fold")
BLOOD = 0.0155
"""Mean blood volume fraction of the facial dermis."""


@dataclass(slots=True)
class Pigment:
    """Per spot (n,): melanin and blood relative to the person's base, blood fraction base; oil: factor on gloss; soft:
    the same on its broad lobe; height: fine relief, mm; pore: 0 .. 1, in wrinkles up to 2; beard: potential for beard,
    0 .. 1, whatever was shaved; stubble: cover by the cut ends of its hairs, 0 .. 1."""

    melanin: F32
    blood: F32
    oil: F32
    soft: F32
    height: F32
    pore: F32
    beard: F32
    stubble: F32


@dataclass(slots=True)
class Spots:
    """What the functions of skin share: place, |x|, y, z, the layers and the noise fields `n`."""

    p: F32
    x: F32
    y: F32
    z: F32
    layers: dict[str, F32]
    n: dict[str, F32]


def base_blood(face: Face) -> float:
    """Blood fraction of unremarkable skin; very fair skin shows more of it, and brown skin needs more to be warm."""
    fair = np.clip((face.ita_deg - 35) / 25, 0, 1)
    darkest = 0.75 * ramp(10, -20, face.ita_deg) + 1.3 * ramp(-15, -50, face.ita_deg)
    brown = max(np.exp(-(((face.ita_deg - 4) / 30) ** 2)), darkest)
    return float(BLOOD * face.blood * (1 + 0.30 * fair + 0.45 * brown))


def darkness(face: Face) -> float:
    """0 for fair and medium skin to 1 for the darkest."""
    return float(np.clip((30 - face.ita_deg) / 60, 0, 1))


def evenness(face: Face) -> float:
    """Factor on everything that makes skin uneven: children's skin is smooth, the sun has worked on that of 45."""
    return float(np.interp(face.seeming_years, [11, 15, 19, 25, 45], [0.50, 0.64, 0.84, 1.0, 1.25]))


def pigment(head: Head, spot: F32, layers: dict[str, F32]) -> Pigment:
    """Pigment of clear skin at `spot` (n, 3) with the vertex fields NEEDED, (n,) each."""
    face, m = head.face, head.marks
    seed = face.noise_seed * 7 % 100003
    n = {
        "wide": noise(spot, 27, seed + 1, 2, 0.6),
        "mid": noise(spot, 7, seed + 2, 2, 0.6),
        "fine": noise(spot, 2.1, seed + 3, 2, 0.7),
        "grain": noise(spot, 0.95, seed + 71, 2, 0.7),
    }
    s = Spots(spot, np.abs(spot[:, 0]), spot[:, 1], spot[:, 2], layers, n)
    lip = s.layers["lip"]
    pore = pores(face, m, s, seed) * (1 - lip)
    beard, stubble = _beard(face, m, s, seed)
    melanin, blood = _melanin(face, m, s), _blood(face, m, s)
    add_freckles(face, s, seed, melanin)
    add_moles(head, s, melanin, darkness(face))
    (oil, soft), height = _oil(face, m, s, pore), relief(face, m, s, seed, pore, lip)
    line, shade = wrinkles(face, m, s)
    height += line * (1 - lip)
    pore = np.maximum(pore, 2.0 * shade * (1 - lip))
    _lips(face, m, s, seed, (melanin, blood, oil, height))
    out = Pigment(melanin, blood, oil, soft, height, pore, beard, stubble)
    for name in Pigment.__dataclass_fields__:
        setattr(out, name, np.ascontiguousarray(getattr(out, name), dtype=np.float32))
    return out


def _blood(face: Face, m: Landmarks, s: Spots) -> F32:
    x, y, nw, sn = s.x, s.y, m.nose_half, m.subnasale
    # Vessels widen with the years of sun, on cheeks and nose.
    r = face.ruddy * float(np.interp(face.seeming_years, [14, 24, 45], [0.85, 1.0, 1.45]))
    cheek = blob(x, y, 36, -34, 15, 13)
    b = 1 + r * (0.85 * cheek + 0.75 * blob(x, y, 0, m.pronasale - 1, 10, 8))
    b = b + r * (0.75 * blob(x, y, nw - 2, sn + 6, 6, 7) + 0.50 * blob(x, y, nw + 3, sn + 3, 4, 7))
    b = b + 0.30 * blob(x, y, 0, m.pogonion, 15, 10) + 0.16 * blob(x, y, 0, 18, 18, 14)
    b = b + 0.40 * blob(x, y, m.eye_inner + 2, -3, 5, 5) + 0.25 * face.dark_circles * s.layers["tear"]
    # Pale round the mouth; the lids' thin skin is pink.
    b = b - 0.22 * blob(x, y, 0, m.labiale_superius + 2, 20, 8) - 0.15 * blob(x, y, 0, m.sublabiale, 16, 6)
    lid = s.layers["lid"]
    b = b + 0.30 * blob(x, y, m.eye_middle, 8, 15, 6) + 0.55 * np.exp(-((np.maximum(-lid, 0) / 1.3) ** 2)) * (lid < 1)
    # The forehead is yellower than the rest, and so is the skin over the cheekbone's upper edge.
    b = b - 0.20 * blob(x, y, 0, 42, 38, 15) - 0.10 * blob(x, y, 52, -6, 12, 14) + 0.22 * blob(x, y, 52, -40, 16, 20)
    uneven = 0.20 * s.n["wide"] + (0.15 + 0.16 * cheek) * s.n["mid"] + 0.20 * s.n["fine"] + 0.14 * s.n["grain"]
    return np.clip(b * np.exp(uneven * evenness(face)), 0.3, 5)


def _melanin(face: Face, m: Landmarks, s: Spots) -> F32:
    x, y = s.x, s.y
    ring, dark = face.dark_circles, darkness(face)
    # Brown skin shows each unit of unevenness more: as much of it would look like dirt.
    old, rough = float(np.clip((face.seeming_years - 30) / 18, 0, 1)), evenness(face)
    rough *= 1 - 0.50 * float(np.clip((45 - face.ita_deg) / 50, 0, 1))
    a = 1 + 0.10 * ramp(30, 60, y) + 0.16 * ring * blob(x, y, m.eye_middle, -9, 14, 6)
    a = a + 0.14 * blob(x, y, m.eye_middle, 9, 14, 6) + 0.20 * blob(x, y, m.eye_inner - 1, -1, 6, 8)
    a = a + 0.08 * blob(x, y, 0, m.pronasale + 6, 12, 18)
    a = a + dark * (0.24 * blob(x, y, 0, m.stomion, 26, 14) + 0.18 * blob(x, y, 0, 45, 42, 20))
    a = a + dark * (0.16 * ring * blob(x, y, m.eye_middle, -8, 17, 9) - 0.13 * blob(x, y, 33, -30, 16, 13))
    a = a + 0.10 * ramp(m.menton + 4, m.menton - 25, y)
    uneven = 0.08 * s.n["wide"] + (0.07 + 0.06 * old) * s.n["mid"] + (0.08 + 0.05 * old) * s.n["fine"]
    return np.clip(a * np.exp(rough * (uneven + 0.08 * s.n["grain"])), 0.4, 12)


def _oil(face: Face, m: Landmarks, s: Spots, pore: F32) -> tuple[F32, F32]:
    """Factors on the sharp lobe of gloss and on the broad one. The film of sebum lies in patches and breaks at pores.
    Dark skin shines by the sharp lobe: as much of the broad one would lie over it like chalk."""
    x, y, dark = s.x, s.y, darkness(face)
    zone = (0.26 - 0.22 * dark) * blob(x, y, 0, 38, 28, 20) + (0.60 + 0.30 * dark) * blob(
        x, y, 0, m.pronasale + 6, 10, 18
    )
    zone = zone + 0.22 * blob(x, y, 0, m.pogonion, 12, 9) + (0.30 + 0.35 * dark) * blob(x, y, 38, -22, 16, 10)
    dry = (0.40 + 0.45 * dark) * blob(x, y, m.eye_middle - 2, -8, 16, 8)
    dry = np.clip(dry + 0.40 * dark * blob(x, y, 0, m.labiale_superius + 3, 16, 6), 0, 0.9)
    oil = (0.62 + zone) * np.clip(1 + 0.18 * s.n["mid"] + 0.34 * s.n["fine"] + 0.30 * s.n["grain"], 0.25, 2)
    oil = oil * (1 - dry) * (1 - 0.7 * np.clip(pore, 0, 1)) * (1.14 - 0.38 * dark)
    soft = (1 - 0.48 * dark) * (1 - dry) * (1 + 0.15 * s.n["fine"])
    return np.clip(oil * face.oil, 0.15, 2.6), np.clip(soft, 0.1, 1.5)


def _lips(face: Face, m: Landmarks, s: Spots, seed: int, fields: tuple[F32, F32, F32, F32]) -> None:
    """Vermilion over skin, in melanin, blood, oil and height. Redder by blood alone; on dark skin browner, with a
    pinker lower lip; fine creases run across it."""
    at = np.flatnonzero(s.layers["lip"] > 0.004)
    lip, p, dark = s.layers["lip"][at], s.p[at], darkness(face)
    crease = noise(p, 1.0, seed + 41, 2, 0.7, (1.0, 8.0, 3.0))
    wide = noise(p, 6.0, seed + 42, 2, 0.6)
    lower = ramp(m.stomion + 0.6, m.stomion - 1.6, s.y[at])
    inner = np.exp(-(((s.y[at] - m.stomion) / 2.6) ** 2))
    blood = (4.6 if face.male else 5.4) * face.lip_colour**0.8 * np.exp(0.18 * wide - 0.14 * crease)
    blood = np.maximum(blood * (1 + 0.30 * inner) * (1 - 0.12 * lower + 0.40 * dark * lower), 2.5)
    # The thin skin of the red holds less melanin than the face where that is light, and rather more where it is dark.
    melanin = 0.62 + (0.62 + 0.11 * face.lip_brown) * dark - dark * (0.34 * lower + 0.14 * inner)
    melanin = np.maximum(melanin, 0.3) * np.exp(0.10 * wide - 0.12 * crease)
    height = 0.14 * crease + 0.05 * noise(p, 1.9, seed + 43)
    wet = (0.52 + 0.28 * inner + 0.20 * crease) * (0.55 + 0.45 * lower) * face.oil
    # Its border is uneven.
    lip = np.clip(lip + 0.8 * lip * (1 - lip) * wide, 0, 1)
    for field, own in zip(fields, (melanin, blood, wet, height), strict=True):
        field[at] += lip * (own - field[at])


def beard_zone(face: Face, m: Landmarks, p: F32, lip: F32) -> F32:
    """Share of follicles (n,) that carry beard at places `p` (n, 3): moustache, chin, jaw, sideburn; patchy early."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    jaw = np.clip(ramp(18, 27, x) * ramp(-34, -52, y) + ramp(m.subnasale - 2, m.subnasale - 6, y), 0, 1)
    jaw = jaw * ramp(m.menton - 26, m.menton - 2, y) * ramp(-92, -74, p[:, 2])
    cheek = 1 - ramp(0.25, 1.0, blob(x, y, 30, -42, 15, 13))
    sides = 0.85 * jaw * cheek * ramp(6, -14, y - m.stomion - 0.55 * (x - 32))
    lips = 0.95 * blob(x, y, 11, m.subnasale - 8, 12, 5.5) * ramp(m.subnasale + 1, m.subnasale - 4, y)
    chin = blob(x, y, 0, m.pogonion - 3, 22, 13) * (1 - 0.4 * blob(x, y, 12, m.sublabiale, 5, 5))
    zone = np.clip(np.maximum(np.maximum(sides, lips), chin), 0, 1)
    patchy = 1 + 0.35 * (1.2 - face.beard) * noise(p, 14, face.noise_seed + 52, 2)
    return np.clip(zone * patchy * (1 - lip), 0, 1) * face.beard


def _beard(face: Face, m: Landmarks, s: Spots, seed: int) -> tuple[F32, F32]:
    beard, stubble = np.zeros_like(s.x), np.zeros_like(s.x)
    if face.beard < 0.02:
        return beard, stubble
    beard = beard_zone(face, m, s.p, s.layers["lip"])
    at = np.flatnonzero(beard > 0.02)
    d, label = cells(s.p[at], 0.75, seed + 51)
    size = 0.16 + 0.20 * label
    stubble[at] = np.sqrt(beard[at]) * ramp(0.10, -0.06, d - size) * ramp(-0.1, 0.1, 1.1 * beard[at] - label)
    return beard, stubble


def pigment_of(head: Head, screen: Screen) -> Pigment:
    """Pigment of all pixels of a view: evaluated where the head shows skin, plain elsewhere."""
    at = np.flatnonzero((screen.owner == 0) & (screen.layer("bare") > 0.01))
    part = pigment(head, screen.spot[at], {name: screen.layer(name)[at] for name in NEEDED})
    plain = {"melanin": 1.0, "blood": 1.0, "oil": 0.8, "soft": 1.0}
    skin = Pigment(*(np.full(screen.index.size, plain.get(n, 0.0), np.float32) for n in Pigment.__dataclass_fields__))
    for name in Pigment.__dataclass_fields__:
        getattr(skin, name)[at] = getattr(part, name)
    _ears(head.face, screen, skin)
    return skin


def _ears(face: Face, screen: Screen, skin: Pigment) -> None:
    """Ears have no field of their own: blotchy, reddest on rim and lobe, darker in the hollows; changes `skin`."""
    ear = np.flatnonzero(screen.owner > 0)
    if ear.size == 0:
        return
    p, hollow, dark = screen.spot[ear], screen.hollow[ear], darkness(face)
    wide, fine = noise(p, 11, face.noise_seed + 81, 2, 0.6), noise(p, 2.0, face.noise_seed + 82, 2, 0.7)
    rim = ramp(0.25, 0.0, hollow)
    skin.melanin[ear] = (1.15 + 0.30 * dark + 0.25 * hollow) * np.exp(0.08 * wide + 0.06 * fine)
    skin.blood[ear] = (1.25 + 0.75 * rim) * np.exp(0.30 * wide + 0.20 * fine) * (0.7 + 0.3 * face.ruddy)
    skin.oil[ear], skin.soft[ear] = 0.75 + 0.25 * fine, 1 - 0.55 * dark
    skin.height[ear] = 0.05 * fine
