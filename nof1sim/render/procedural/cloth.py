"""Hair on the head, band or cap, garment and backdrop: everything in the picture that is not skin or eyes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import turn, unit
from nof1sim.render.procedural.filters import enlarge
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, LIGHTS
from nof1sim.render.procedural.noise import noise
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.procedural.shade import bumped

F32 = NDArray[np.floating]

HAIR = np.array(
    [[0.016, 0.012, 0.010], [0.040, 0.024, 0.016], [0.085, 0.052, 0.030], [0.23, 0.15, 0.075], [0.14, 0.052, 0.022]]
)
"""Linear albedo: black, dark brown, brown, blond, red."""
BAND = np.array([
    [0.55, 0.57, 0.6], [0.08, 0.16, 0.32], [0.35, 0.36, 0.38],
    [0.5, 0.3, 0.35], [0.04, 0.04, 0.045], [0.25, 0.38, 0.36],
])  # fmt: skip
CAP = np.array([
    [0.3, 0.46, 0.6], [0.27, 0.46, 0.4], [0.5, 0.54, 0.54],
    [0.36, 0.48, 0.56], [0.62, 0.64, 0.64], [0.3, 0.46, 0.6],
])  # fmt: skip
GARMENT = np.array([
    [0.2, 0.34, 0.46], [0.32, 0.36, 0.38], [0.55, 0.57, 0.58],
    [0.07, 0.08, 0.1], [0.22, 0.36, 0.33], [0.34, 0.22, 0.22],
])  # fmt: skip
BACKDROP = np.array([
    [0.3, 0.34, 0.38], [0.12, 0.2, 0.32], [0.46, 0.49, 0.51],
    [0.17, 0.18, 0.19], [0.26, 0.34, 0.4], [0.38, 0.37, 0.34],
])  # fmt: skip


def hair_colour(head: Head) -> NDArray:
    """Linear albedo of the person's hair (3,)."""
    return HAIR[head.face.hair] * head.face.hair_shade


def shade_hair(head: Head, screen: Screen, at: NDArray, raw: F32) -> tuple[F32, F32]:
    """Combed-back hair at pixels `at`: colour per light group (k, groups, 3), and the strand texture (k,).

    raw (k, groups): plain irradiance. Highlights after Kajiya and Kay (1989).
    """
    seed = head.face.noise_seed
    p, q = screen.spot[at], screen.layer("q")[at]
    angle = np.arctan2(p[:, 0], p[:, 2] + 110) * 90
    along = np.stack([angle, q * 0.05, p[:, 2] * 0.02 + p[:, 1] * 0.05], -1)
    fine, tuft = noise(along, 0.9, seed + 201, 3, 0.75), noise(along, 6.0, seed + 202, 2, 0.6)
    tone = hair_colour(head)
    albedo = tone * np.clip(1 + 0.55 * fine + 0.35 * tuft, 0.15, 2.6)[:, None]
    normal = screen.normal[at]
    back = turn(np.array([0, 0.62, -0.78], np.float32), screen.camera.rotation)
    tangent = unit(back - (normal * back).sum(-1, keepdims=True) * normal) + normal * (0.16 * fine)[:, None]
    colour = np.empty((at.size, len(LIGHTS), 3), np.float32)
    for g, group in enumerate(LIGHTS):
        colour[:, g] = albedo * raw[:, g, None] * COLOUR[g]
        if g == 3:
            continue
        half = unit(screen.view[at] + unit((group.directions * group.weights[:, None]).sum(0)))
        across = np.maximum(1 - (tangent * half).sum(-1) ** 2, 0)
        line = across**21 * screen.seen[at, g] * (0.6 + 0.6 * np.clip(fine, -1, 1))
        colour[:, g] += (0.018 + 0.22 * tone) * 0.55 * line[:, None]
    return colour, fine


def shade_cloth(head: Head, screen: Screen, at: NDArray) -> F32:
    """Band, cap and garment at pixels `at`: colour per light group (k, groups, 3)."""
    face = head.face
    p = screen.spot[at]
    weave, fold = noise(p, 1.3, face.noise_seed + 211, 2, 0.8), noise(p, 12, face.noise_seed + 212, 3, 0.6)
    colour = (CAP if face.wear == "cap" else BAND)[face.band]
    top = colour * (1 + 0.10 * weave + 0.05 * fold)[:, None] * (1 - 0.25 * screen.layer("elastic")[at])[:, None]
    gown = GARMENT[face.garment] * (1 + 0.05 * weave + 0.08 * fold)[:, None]
    albedo = np.where((screen.layer("garment") > screen.layer("cloth"))[at, None], gown, top)
    height, fade = np.zeros(screen.index.size, np.float32), np.zeros(screen.index.size, np.float32)
    height[at], fade[at] = 0.16 * weave + 0.25 * fold, 1.0
    normal = bumped(screen, height, fade)[at]
    light = np.maximum((normal[:, None] * screen.flow[at]).sum(-1), 0)
    return (albedo[:, None] * light[..., None] * COLOUR).astype(np.float32)


def backdrop(head: Head, width: int) -> F32:
    """Paper backdrop with a soft fall-off and a little cloudiness: (width, width, 3) linear."""
    t = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    x, y = np.meshgrid(t, t)
    coarse = 8 if width % 8 == 0 else 1
    place = np.stack([x, y, np.zeros_like(x)], -1)[coarse // 2 :: coarse, coarse // 2 :: coarse] * 100
    cloud = enlarge(noise(place, 38.0, head.face.noise_seed + 301, 2, 0.5), coarse)
    shade = 1.06 - 0.70 * (x * x + (y + 0.05) ** 2) - 0.10 * x + 0.05 * cloud
    return (BACKDROP[head.face.backdrop].astype(np.float32) * shade[..., None]).astype(np.float32)
