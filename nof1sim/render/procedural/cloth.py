"""Headband, bouffant cap and garment: where they end, to the thread, and how they look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.backdrop import backdrop
from nof1sim.render.procedural.fields import dot, ramp
from nof1sim.render.procedural.hair import hair_colour as tone_of_hair
from nof1sim.render.procedural.hair import shade_hair
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR
from nof1sim.render.procedural.noise import cells, noise
from nof1sim.render.procedural.scalp import BAND_TOP, EDGE, neckline
from nof1sim.render.procedural.screen import Screen, blocks
from nof1sim.render.procedural.shade import bumped

F32 = NDArray[np.floating]
__all__ = ["backdrop", "cloth_cover", "hair_colour", "shade_cloth", "shade_hair"]

BAND = np.array([
    [0.62, 0.63, 0.64], [0.62, 0.60, 0.56], [0.05, 0.09, 0.20], [0.30, 0.31, 0.33], [0.46, 0.27, 0.31],
    [0.028, 0.028, 0.031], [0.20, 0.33, 0.31], [0.45, 0.53, 0.60], [0.60, 0.62, 0.62], [0.40, 0.36, 0.31],
    [0.11, 0.20, 0.33], [0.50, 0.47, 0.56],
])  # fmt: skip
CAP = np.array([
    [0.30, 0.41, 0.52], [0.30, 0.42, 0.40], [0.46, 0.48, 0.49], [0.36, 0.45, 0.52], [0.50, 0.52, 0.53],
    [0.26, 0.38, 0.52], [0.33, 0.43, 0.53], [0.48, 0.50, 0.51], [0.33, 0.44, 0.43], [0.38, 0.46, 0.54],
    [0.28, 0.41, 0.47], [0.46, 0.48, 0.51],
])  # fmt: skip
GARMENT = np.array([
    [0.60, 0.60, 0.59], [0.035, 0.037, 0.042], [0.19, 0.20, 0.21], [0.03, 0.045, 0.09], [0.42, 0.43, 0.44],
    [0.16, 0.045, 0.045], [0.10, 0.14, 0.10], [0.45, 0.40, 0.33], [0.09, 0.17, 0.30], [0.50, 0.33, 0.32],
    [0.24, 0.25, 0.20], [0.58, 0.57, 0.53],
])  # fmt: skip
GOWN = np.array([
    [0.28, 0.42, 0.54], [0.33, 0.46, 0.45], [0.46, 0.52, 0.58], [0.55, 0.57, 0.60], [0.22, 0.36, 0.46],
    [0.40, 0.50, 0.52],
])  # fmt: skip
"""Linear albedo of cotton towelling, of polypropylene caps, of T-shirts and of patients' gowns."""


def hair_colour(head: Head) -> NDArray:
    """Linear albedo (3,) of the person's hair."""
    return tone_of_hair(head.face)


def cloth_cover(head: Head, screen: Screen) -> F32:
    """Opacity (n,) of cloth: edges of band and cap follow the hairline coordinate, frayed by loops of the cloth."""
    face, q = head.face, screen.layer("q")
    cloth, garment = np.clip(screen.layer("cloth"), 0, 1), np.clip(screen.layer("garment"), 0, 1)
    near = np.flatnonzero((cloth > 0.002) & (screen.owner == 0))
    edge = q[near]
    if face.wear == "band":
        frayed = 0.35 * noise(screen.spot[near], 1.3, face.noise_seed + 221, 2, 0.8)
        sharp = ramp(EDGE - 0.45, EDGE - 0.05, edge + frayed) * ramp(BAND_TOP - 0.1, BAND_TOP - 0.5, edge + frayed)
        # The ends at the ears are the mesh's own.
        lower = np.minimum(sharp, ramp(0.0, 0.15, cloth[near]))
        cloth[near] = np.where(np.abs(edge - EDGE) + 40 * (edge > BAND_TOP - 3) < 3, lower, cloth[near])
        cloth[near] = np.where(np.abs(edge - BAND_TOP) < 3, np.minimum(sharp, ramp(0.1, 0.4, cloth[near])), cloth[near])
    else:
        cloth[near] = np.where(np.abs(edge - EDGE) < 3, ramp(EDGE - 0.35, EDGE + 0.05, edge), cloth[near])
    return np.maximum(cloth, ramp(0.3, 0.7, garment)) * (screen.owner == 0)


def _band(face, p: F32, q: F32) -> tuple[F32, F32]:
    """Towelling: albedo (k, 3), height (k,) in mm. Loops stand in cells, the hems are rolled."""
    d, label = cells(p, 1.25, face.noise_seed + 211)
    loop = ramp(0.62, 0.15, d) * (0.6 + 0.4 * label)
    wear, fold = noise(p, 9, face.noise_seed + 212, 2, 0.6), noise(p, 5, face.noise_seed + 213, 2, 0.6, (1.0, 2.2, 1.0))
    hem = np.exp(-(((q - EDGE - 2.6) / 0.55) ** 2)) + np.exp(-(((q - BAND_TOP + 2.6) / 0.55) ** 2))
    tint = 1 + 0.10 * np.sin(face.noise_seed * np.array([0.31, 0.37, 0.43]))
    shade = (0.82 + 0.22 * loop) * (1 + 0.05 * wear) * (1 - 0.22 * hem)
    return BAND[face.band] * tint * shade[:, None], 0.20 * loop + 0.35 * fold - 0.35 * hem


def _cap(face, p: F32, q: F32, elastic: F32) -> tuple[F32, F32]:
    """Non-woven polypropylene: thin enough to let hair show, gathered in fine pleats by the elastic."""
    around = np.arctan2(p[:, 0], p[:, 2] + 100) * 92
    up = np.clip(q - EDGE, 0, 60)
    lanes = np.stack([around, 0.10 * up, 0 * up], -1).astype(np.float32)
    pleat = noise(lanes, 4.2, face.noise_seed + 214, 2, 0.7)
    gather = noise(lanes, 1.6, face.noise_seed + 215, 2, 0.7) * np.exp(-up / 9)
    crease = np.abs(noise(p, 13, face.noise_seed + 216, 3, 0.6))
    fibre = noise(p, 0.9, face.noise_seed + 217, 2, 0.8)
    through = 0.16 * ramp(2, 14, up) * (1 - 0.5 * ramp(0.0, 0.4, np.abs(pleat)))
    own = CAP[face.band] * (1 + 0.035 * fibre + 0.05 * pleat - 0.10 * np.clip(gather, 0, 1) - 0.10 * elastic)[:, None]
    albedo = own * (1 - through[:, None]) + tone_of_hair(face) * through[:, None]
    line = np.exp(-((crease / 0.05) ** 2))
    return albedo, 0.55 * pleat * np.exp(-up / 28) + 0.5 * gather + 0.04 * line + 0.03 * fibre


def _garment(head: Head, p: F32) -> tuple[F32, F32]:
    """Knitted T-shirt with a ribbed collar, or a woven gown with a bound edge; folds fall from the shoulders."""
    face = head.face
    gown = face.garment // 12 == 2
    below = neckline(face, head.marks, p[:, 0], p[:, 2]) - p[:, 1]
    collar = ramp(0.0, 0.4, below) * ramp(10.0 if gown else 17.0, 9.4 if gown else 16.4, below)
    seam = np.exp(-(((below - (10.0 if gown else 17.0)) / 0.6) ** 2))
    weave = noise(p, 0.8, face.noise_seed + 218, 2, 0.8, (1, 2.5, 1) if not gown else (1, 1, 1))
    fold = noise(p, 15, face.noise_seed + 219, 3, 0.55, (0.8, 2.4, 1.2))
    rib = np.sin(p[:, 0] * (2 * np.pi / 1.9)) * collar * (not gown)
    print_ = np.zeros_like(below)
    if gown:
        row = np.floor(p[:, 1] / 7.0)
        a, b = (p[:, 0] / 7.0 + 0.5 * row) % 1 - 0.5, p[:, 1] / 7.0 - row - 0.5
        print_ = ramp(0.20, 0.13, np.abs(a) + np.abs(b))
    table = GOWN if gown else GARMENT
    tint = 1 + 0.10 * np.sin(face.noise_seed * np.array([0.23, 0.29, 0.41]))
    albedo = table[face.garment % 12 % len(table)] * tint
    shade = (1 + 0.07 * weave + 0.05 * fold) * (1 - 0.35 * seam) * (1 - 0.10 * np.maximum(rib, 0)) * (1 - 0.4 * print_)
    return albedo * shade[:, None], 0.05 * weave + 0.9 * fold + 0.12 * rib + 0.25 * collar - 0.3 * seam


def shade_cloth(head: Head, screen: Screen, at: NDArray) -> F32:
    """Band, cap and garment at pixels `at`: colour per light group (k, groups, 3)."""
    face = head.face
    garment = (screen.layer("garment") > screen.layer("cloth"))[at]
    albedo, relief = np.empty((at.size, 3)), np.empty(at.size)
    for mine, on_head in ((~garment, True), (garment, False)):
        part = at[mine]
        if part.size == 0:
            continue
        p, q = screen.spot[part], screen.layer("q")[part]
        if not on_head:
            albedo[mine], relief[mine] = _garment(head, p)
        elif face.wear == "cap":
            albedo[mine], relief[mine] = _cap(face, p, q, screen.layer("elastic")[part])
        else:
            albedo[mine], relief[mine] = _band(face, p, q)
    normal, colour = _creased(screen, at, relief), np.empty((at.size, len(COLOUR), 3), np.float32)
    for part in blocks(np.arange(at.size)):
        flow = screen.flow(at[part])
        light = np.maximum(dot(normal[part, None], flow), 0)
        # Cloth scatters a little light round its threads, so folds stay soft.
        soft = 0.12 * np.sqrt(dot(flow, flow))
        colour[part] = albedo[part, None] * ((light + soft) / 1.12)[..., None] * COLOUR
    return colour


def _creased(screen: Screen, at: NDArray, relief: F32) -> F32:
    """Normals (k, 3) at pixels `at` under a relief (k,), mm."""
    height, fade = np.zeros(screen.index.size, np.float32), np.zeros(screen.index.size, np.float32)
    height[at], fade[at] = relief, 1.0
    return bumped(screen, height, fade, 0.8)[at]
