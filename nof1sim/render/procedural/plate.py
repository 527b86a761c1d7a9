"""The clear face of one person in one view and size, ready to be relit and to receive a day's lesions.

The picture is linear in the four light groups, so the clear face is kept as one image per group at the size of the
picture; a day only weighs and adds them. What lesions need is kept for each skin pixel of the finer canvas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import KEY_POINTS
from nof1sim.model import Nuisance
from nof1sim.render.procedural import atlas, cloth
from nof1sim.render.procedural.eyeball import gaze, pupil_centres, shade_eyes
from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.filters import blur, sample, shrink, wide_blur
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.lids import EYE_RADIUS_MM
from nof1sim.render.procedural.light import COLOUR, GROUPS, STRENGTH
from nof1sim.render.procedural.pigment import Pigment, base_blood, pigment
from nof1sim.render.procedural.screen import WIDTH_MM, Camera, Screen, camera_for, look
from nof1sim.render.procedural.shade import SkinLight, details, light_skin, skin_mask
from nof1sim.render.procedural.strands import Hairs, draw_hairs
from nof1sim.render.procedural.tone import base_melanin, gloss_strength

F32 = NDArray[np.floating]
DEPTH_REFERENCE_MM = -70.0
"""Depth of the axis of small turns: nothing shifts there."""
BACKDROP_SHARE = (0.45, 0.20, 0.05, 0.30)
"""Share of each light group in the light on the backdrop."""


@dataclass(slots=True)
class Skin:
    """Paintable skin pixels of the canvas, n of them.

    pixel (n,): place in the canvas; spot (n, 3): canonical mm; normal, view (n, 3) camera axes; flow (n, 4, 3),
    seen (n, 4), light (n, 4, 3), gloss (n, 4): per light group, strength included in the last two; through (n, 3):
    share of skin light that reaches the picture; sheen (n,): same for gloss; melanin, blood (n,): volume fractions,
    and their albedo (n, 3); oil, rough (n,): gloss; lock (n,): 0 .. 1, fades lesions out towards lips and lids.
    """

    pixel: NDArray[np.int64]
    spot: F32
    normal: F32
    view: F32
    flow: F32
    seen: F32
    light: F32
    gloss: F32
    through: F32
    sheen: F32
    melanin: F32
    blood: F32
    albedo: F32
    oil: F32
    rough: F32
    lock: F32


@dataclass(slots=True)
class Plate:
    """See the module's text. diffuse (4, s, s, 3), gloss (4, s, s) per light group; depth (s, s): mm before the axis
    of small turns; slot (w, w): canvas pixel to row of `skin`, -1 elsewhere; spots (s, s, 3) and bare (s, s): mean
    canonical place and share of paintable skin of each pixel; keypoints_px; supersample = w / s.

    The plate is larger than the picture by `margin` pixels on each side (s = size + 2 margin), so that a pose that
    shifts the head brings in more of the scene. Its coordinates, also of the key points, count from its own corner.
    """

    head: Head
    camera: Camera
    size: int
    margin: int
    supersample: int
    diffuse: F32
    gloss: F32
    depth: F32
    skin: Skin
    slot: NDArray[np.int32]
    spots: F32
    bare: F32
    keypoints_px: dict[str, tuple[float, float]]

    def crop(self, image: NDArray) -> NDArray:
        """The picture's part of a plate-sized image."""
        m = self.margin
        return np.ascontiguousarray(image[m:-m, m:-m])

    def in_picture(self, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """Picture coordinates, before any pose, of canvas coordinates."""
        k = self.supersample
        return (x + 0.5) / k - 0.5 - self.margin, (y + 0.5) / k - 0.5 - self.margin

    def clear(self, nuisance: Nuisance) -> F32:
        """Linear picture of the clear face under a day's light, (s, s, 3)."""
        n = nuisance
        out = np.zeros(self.diffuse.shape[1:], np.float32)
        for g, name in enumerate(GROUPS):
            factor = np.float32(getattr(n, f"light_{name}"))
            out += factor * self.diffuse[g]
            out += np.float32(factor * n.oil) * self.gloss[g][..., None]
        return out


def margin_of(size: int) -> int:
    """Pixels around the picture: 4.5 % of its size, a multiple of 8 (the wide filters halve the plate)."""
    return 8 * max(1, round(0.045 * size / 8))


def build_plate(head: Head, view: str, size: int, supersample: int) -> Plate:
    """Everything of a view that no day changes."""
    width = (size + 2 * margin_of(size)) * supersample
    camera = camera_for(head, view, width, size * supersample / WIDTH_MM)
    screen = look(head, camera)
    skin = _pigment(head, screen)
    melanin, blood = base_melanin(head), base_blood(head.face)
    lit = light_skin(head, screen, skin, melanin, blood)
    hairs = draw_hairs(head, screen)
    flat = {name: getattr(hairs, name).reshape(-1)[screen.index] for name in Hairs.__dataclass_fields__}
    soft = blur(hairs.brow, 1.1 * camera.per_mm).reshape(-1)[screen.index]
    factor, sheen = details(head, screen, skin, soft)
    covers = _covers(head, screen, lit, flat, melanin)
    through = np.ones(screen.index.size, np.float32)
    for at, alpha, _, _ in covers:
        through[at] *= 1 - alpha
    seen_skin, seen_gloss = factor * through[:, None], sheen * through
    strength = gloss_strength(head.face.ita_deg)
    paper = cloth.backdrop(head, width).reshape(-1, 3)
    diffuse, gloss = [], []
    for g in range(4):
        canvas = paper * np.float32(BACKDROP_SHARE[g])
        own = lit.albedo * lit.irradiance[:, g] * (STRENGTH[g] * COLOUR[g])
        layer = own * factor
        for at, alpha, colour, share in covers:
            light = STRENGTH[g] if share is None else share[g]
            layer[at] = layer[at] * (1 - alpha[:, None]) + alpha[:, None] * colour[:, g] * light
        canvas[screen.index] = layer
        diffuse.append(shrink(canvas.reshape(width, width, 3), supersample))
        gloss.append(shrink(screen.canvas(lit.gloss[:, g] * seen_gloss * (STRENGTH[g] * strength)), supersample))
    return _finish(head, screen, size, supersample, lit, skin, seen_skin, seen_gloss, np.stack(diffuse),
                   np.stack(gloss), melanin, blood, strength)  # fmt: skip


def _pigment(head: Head, screen: Screen) -> Pigment:
    """Pigment of all the screen's pixels: evaluated where the head shows skin, plain elsewhere."""
    at = np.flatnonzero((screen.owner == 0) & (screen.layer("bare") > 0.01))
    part = pigment(head, screen.spot[at], screen.layers[at])
    plain = {"melanin": 1.0, "blood": 1.0, "oil": 0.8}
    skin = Pigment(*(np.full(screen.index.size, plain.get(n, 0.0), np.float32) for n in Pigment.__dataclass_fields__))
    for name in Pigment.__dataclass_fields__:
        getattr(skin, name)[at] = getattr(part, name)
    # Ears have no field of their own: redder and plain.
    ear = screen.owner > 0
    skin.melanin[ear] = 1.05
    skin.blood[ear] = 1.75 * (1 - 0.25 * screen.hollow[ear])
    return skin


def _covers(head: Head, screen: Screen, lit: SkinLight, hairs: dict[str, F32], melanin: float):
    """Layers over the skin, from below: (pixels, opacity (k,), colour (k, 4, 3), light per group or None).

    Where the light is None the colour is per unit strength of its group.
    """
    on_head = screen.owner == 0
    raw = np.maximum((screen.normal[:, None] * screen.flow).sum(-1), 0)
    eyes, cover, eye_colour, eye_gloss = shade_eyes(head, screen, melanin)
    share = STRENGTH * np.array([1.0, 1.0, 1.0, 1.0], np.float32)
    # Reflections belong to the lights that cause them; the key makes most of them.
    eye_colour = eye_colour + eye_gloss[:, None, None] * np.array([0.40, 0.30, 0.45, 0.3], np.float32)[:, None]
    layer = screen.layer
    hair = blur(screen.canvas(layer("hair")), 1.0).reshape(-1)[screen.index] * on_head
    temple = wide_blur(screen.canvas(layer("temple")), 1.5 * screen.camera.per_mm).reshape(-1)[screen.index] * on_head
    at = np.flatnonzero((hair > 0.003) | (temple > 0.003))
    hair_colour, texture = cloth.shade_hair(head, screen, at, raw)
    temple_cover = temple[at] * np.clip(0.5 + 0.5 * texture, 0, 1) * (0.45 if head.face.wear == "band" else 0.2)
    hair_cover = np.clip(np.maximum(hair[at], temple_cover), 0, 1)
    cloth_cover = np.clip(np.maximum(layer("cloth"), layer("garment")), 0, 1) * on_head
    dressed = np.flatnonzero(cloth_cover > 0.003)
    out = [
        (eyes, cover, eye_colour, None),
        (at, hair_cover.astype(np.float32), hair_colour, None),
        (dressed, cloth_cover[dressed], cloth.shade_cloth(head, screen, dressed), None),
    ]
    tone = (cloth.hair_colour(head) * 0.62 + 0.003).astype(np.float32)
    for name, opacity, bright in (("brow", 0.93, 0.9), ("temple", 0.9, 1.1)):
        where = np.flatnonzero(hairs[name] > 0.003)
        light = np.clip(lit.irradiance[where, :, 1], 0.04, 3)
        alpha = opacity * hairs[name][where] * (1 - cloth_cover[where] if name == "temple" else 1)
        out.append((where, alpha, tone * bright * light[..., None] * COLOUR, None))
    where = np.flatnonzero(hairs["lash"] > 0.003)
    dark = np.broadcast_to(np.array([0.012, 0.010, 0.009], np.float32), (where.size, 4, 3))
    out.append((where, 0.95 * hairs["lash"][where], dark, share / share.sum()))
    return out


def _finish(
    head, screen, size, supersample, lit, skin, seen_skin, seen_gloss, diffuse, gloss, melanin, blood, strength
) -> Plate:
    width = screen.camera.width
    lip, lid = screen.layer("lip"), screen.layer("lid")
    lock = skin_mask(screen) * (1 - lip) * ramp(-0.4, -1.4, lid) * (screen.owner == 0)
    near = (np.abs(screen.layer("chart_x")) < 95) & (screen.layer("chart_y") > -122)
    keep = np.flatnonzero((lock > 0.02) & near & (seen_skin.max(-1) > 0.004))
    light = lit.irradiance[keep] * (STRENGTH[:, None] * COLOUR)
    rows = Skin(
        pixel=screen.index[keep],
        spot=screen.spot[keep],
        normal=lit.normal[keep],
        view=screen.view[keep],
        flow=screen.flow[keep],
        seen=screen.seen[keep],
        light=light,
        gloss=lit.gloss[keep] * STRENGTH,
        through=seen_skin[keep],
        sheen=seen_gloss[keep] * np.float32(strength),
        melanin=melanin * skin.melanin[keep],
        blood=blood * skin.blood[keep],
        albedo=lit.albedo[keep],
        oil=skin.oil[keep],
        rough=lit.rough[keep],
        lock=lock[keep],
    )
    for name in Skin.__dataclass_fields__:
        if name != "pixel":
            setattr(rows, name, np.ascontiguousarray(getattr(rows, name), dtype=np.float32))
    slot = np.full(width * width, -1, np.int32)
    slot[rows.pixel] = np.arange(keep.size, dtype=np.int32)
    bare_canvas, spot_canvas = np.zeros(width * width, np.float32), np.zeros((width * width, 3), np.float32)
    bare_canvas[rows.pixel], spot_canvas[rows.pixel] = 1.0, rows.spot
    bare = shrink(bare_canvas.reshape(width, width), supersample)
    spots = shrink(spot_canvas.reshape(width, width, 3), supersample) / np.maximum(bare, 1e-6)[..., None]
    depth = screen.canvas(screen.place[:, 2] - DEPTH_REFERENCE_MM, -40.0)
    depth = wide_blur(shrink(depth, supersample), max(1.0, 6.0 * size / 512))
    return Plate(
        head, screen.camera, size, margin_of(size), supersample, diffuse, gloss, depth, rows,
        slot.reshape(width, width), spots, bare, _keypoints(head, screen, supersample),
    )  # fmt: skip


def _keypoints(head: Head, screen: Screen, supersample: int) -> dict[str, tuple[float, float]]:
    """Projected chart key points and pupils, picture pixels; NaN where something hides them."""
    names = list(KEY_POINTS)
    chart = np.array([KEY_POINTS[name] for name in names])
    u, v = atlas.on_mesh(head.chart, chart[:, 0], chart[:, 1])
    placed = screen.camera.place(sample(head.skin, u, v))
    centres = pupil_centres(head, screen)
    pupils = np.stack([c + EYE_RADIUS_MM * gaze(screen, c) for c in centres])
    placed = np.concatenate([placed, pupils.astype(np.float32)])
    x, y, _ = screen.camera.project(placed)
    depth = screen.canvas(screen.place[:, 2], -1e3)
    limit = screen.camera.width - 1
    ahead = depth[np.clip(np.rint(y), 0, limit).astype(int), np.clip(np.rint(x), 0, limit).astype(int)]
    # Hair and cloth lie up to 12 mm over the skin; a point under them is known, one behind the head is not.
    hidden = (ahead > placed[:, 2] + 12.0) | (x < 0) | (y < 0) | (x > limit) | (y > limit)
    px, py = (x + 0.5) / supersample - 0.5, (y + 0.5) / supersample - 0.5
    names += ["pupil_left", "pupil_right"]
    return {
        name: (float("nan"), float("nan")) if h else (float(a), float(b))
        for name, a, b, h in zip(names, px, py, hidden, strict=True)
    }
