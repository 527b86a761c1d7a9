"""What lies over the skin in a view: eyes, hair, cloth, brows, lashes, stray hairs; and which part a pixel shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.base import PART_CODE
from nof1sim.render.procedural import cloth, hair
from nof1sim.render.procedural.compose import Cover
from nof1sim.render.procedural.eyeball import shade_eyes
from nof1sim.render.procedural.filters import shrink
from nof1sim.render.procedural.grid import Grid
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, GROUPS, STRENGTH
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.procedural.shade import SkinLight
from nof1sim.render.procedural.strands import Hairs

F32 = NDArray[np.floating]


def covers_of(head: Head, screen: Screen, lit: SkinLight, drawn: Hairs, melanin: float) -> list[Cover]:
    """Layers over the skin, from below."""

    on_head = screen.owner == 0
    eyes, cover, eye_colour, eye_gloss = shade_eyes(head, screen, melanin)
    # Reflections belong to the lights that cause them; the key makes most of them.
    eye_colour = eye_colour + eye_gloss[:, None, None] * np.array([0.40, 0.30, 0.45, 0.3, 0.4], np.float32)[:, None]
    layer = screen.layer
    at = np.flatnonzero(((layer("hair") > 0.003) | (layer("temple") > 0.02)) & on_head)
    hair_colour, hair_cover = hair.shade_hair(head, screen, at)
    closed = np.zeros(screen.index.size, np.float32)
    closed[at] = hair_cover
    cloth_cover = cloth.cloth_cover(head, screen)
    dressed = np.flatnonzero(cloth_cover > 0.003)
    out = [
        Cover("eyes", eyes, cover, eye_colour),
        Cover("hair", at, hair_cover, hair_colour),
        Cover("cloth", dressed, cloth_cover[dressed], cloth.shade_cloth(head, screen, dressed)),
    ]
    # Single hairs over skin look darker than the mass of hair; brows are ashier still.
    dark, tone = hair.hair_colour(head.face, 1.2) * 0.80, hair.hair_colour(head.face) * 0.60
    for name, opacity, colour in (("beard", 0.75, dark), ("brow", 0.92, dark), ("temple", 0.9, tone)):
        where, cover = getattr(drawn, name)
        light = np.clip(lit.irradiance[where, :, 1], 0.04, 3)
        alpha = opacity * cover
        if name == "temple":
            alpha = alpha * (1 - cloth_cover[where]) * (1 - closed[where])
        out.append(Cover(name, where, alpha, colour.astype(np.float32) * light[..., None] * COLOUR))
    # Seen over the hair itself, a stray hair hardly differs from it.
    where, cover = drawn.stray
    alpha = (0.06 if head.face.wear == "short" else 0.25) * cover
    out.append(Cover("stray", where, alpha, np.broadcast_to(_stray_colour(head), (where.size, len(GROUPS), 3))))
    where, cover = drawn.lash
    dark = np.broadcast_to(np.array([0.012, 0.010, 0.009], np.float32), (where.size, len(GROUPS), 3))
    share = STRENGTH / STRENGTH[:4].sum()
    out.append(Cover("lash", where, 0.95 * cover, dark, share))
    return out


def _stray_colour(head: Head) -> F32:
    """Single hairs away from the head, per unit strength of each light group (groups, 3)."""
    return ((hair.hair_colour(head.face) * 1.15 + 0.004) * 0.55 * COLOUR).astype(np.float32)


@dataclass(slots=True)
class Stray:
    """Hairs beyond the head's outline: plate pixels at (k,), their cover (k,), and light planes (groups * 4, k)."""

    at: NDArray[np.int64]
    cover: F32
    planes: F32


def stray_of(head: Head, screen: Screen, hairs: Hairs, grid: Grid) -> Stray:
    beyond, (where, there) = np.zeros((screen.camera.width,) * 2, np.float32), hairs.beyond
    beyond.reshape(-1)[where] = there
    cover = shrink(beyond, grid.supersample).reshape(-1)
    at = np.flatnonzero(cover > 0.004)
    planes = np.zeros((len(GROUPS), 4, at.size), np.float32)
    planes[:, :3] = (STRENGTH[:, None] * _stray_colour(head))[..., None] * cover[at]
    return Stray(at, cover[at], planes.reshape(len(GROUPS) * 4, at.size))


def parts_of(screen: Screen, covers: list[Cover]) -> NDArray[np.uint8]:
    """Code of base.PARTS of each canvas pixel."""
    out = np.full(screen.index.size, PART_CODE["skin"], np.uint8)
    out[(screen.layer("lip") > 0.5) & (screen.owner == 0)] = PART_CODE["lips"]
    garment = screen.layer("garment") > screen.layer("cloth")
    for cover in covers:
        limit = 0.35 if cover.name == "brow" else 0.5
        at = cover.at[cover.alpha > limit]
        if cover.name == "eyes":
            out[at] = PART_CODE["eyes"]
        elif cover.name == "brow":
            out[at] = PART_CODE["brows"]
        elif cover.name == "cloth":
            out[at] = np.where(garment[at], PART_CODE["cloth"], PART_CODE["headwear"])
        elif cover.name in ("hair", "temple", "beard"):
            out[at] = PART_CODE["hair"]
    return out
