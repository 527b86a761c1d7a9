"""The clear face of one person in one view and size, ready to be relit, posed and to receive a day's lesions.

The picture is linear in the light groups, so the clear face is kept as planes per group at the resolution of the
picture; a day only weighs and adds them. With depth for each pixel it can be turned a little, with true parallax.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.base import PART_CODE
from nof1sim.render.procedural import cloth
from nof1sim.render.procedural.compose import Cover, light_planes, packed, pool, weigh
from nof1sim.render.procedural.expose import LENS_SIGMA_PX
from nof1sim.render.procedural.eyeball import shade_eyes
from nof1sim.render.procedural.fields import dot, ramp
from nof1sim.render.procedural.filters import blur, sample, shrink, wide_blur
from nof1sim.render.procedural.frames import Frame
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, GROUPS, LIGHTING, STRENGTH, mix
from nof1sim.render.procedural.nodes import Nodes, nodes_of
from nof1sim.render.procedural.pigment import Pigment, base_blood, pigment
from nof1sim.render.procedural.points import Points, points_of
from nof1sim.render.procedural.screen import Camera, Screen, camera_for, look
from nof1sim.render.procedural.shade import SkinLight, details, light_skin, skin_mask
from nof1sim.render.procedural.strands import Hairs, draw_hairs
from nof1sim.render.procedural.tone import base_melanin, gloss_strength
from nof1sim.render.skin import Scratch, SkinBuffer, make_scratch

F32 = NDArray[np.floating]
BACKDROP_SHARE = np.array([0.45, 0.20, 0.05, 0.30, 0.45], np.float32)
"""Share of each light group in the light on the backdrop."""
GLARE, GLARE_FROM = 0.10, 0.75
"""Share of the light above a level that lens and sensor spread around."""
NEUTRAL = mix(Nuisance())
MARGIN = 0.0625
"""Plate around the picture on each side, as a share of it: shift and scale bring in more of the scene."""


@dataclass(slots=True)
class Plate:
    """See the module's text. s = size + 2 margin pixels a side; n pixels show the person.

    index (n,): place of each in the plate, y * s + x; planes (groups * 4, n) times `step`: light of each group;
    alpha (s, s): cover of the backdrop by the person, solid (s, s): where it is 1 up to the next pixels; backdrop (s, s, 3);
    glare (3, size, size): light that highlights spread over the picture; skin: what lesions need, with its scratch; part (s, s): code
    in base.PARTS; chart (s, s, 2): canonical chart mm, NaN off skin; normal (s, s, 3) and depth (s, s) in camera axes;
    bare (n,): 1 where it shows skin; beard (n,): where a beard grows, 0 to 255; nodes: mesh of the scene for poses; points: key points.
    The camera, the points and all coordinates count from the plate's own corner.
    """

    head: Head
    frame: Frame
    camera: Camera
    size: int
    margin: int
    index: NDArray[np.int32]
    planes: NDArray[np.uint16]
    step: float
    alpha: F32
    solid: NDArray[np.bool_]
    backdrop: F32
    glare: F32
    skin: SkinBuffer
    scratch: Scratch
    part: NDArray[np.uint8]
    chart: F32
    normal: F32
    depth: F32
    bare: NDArray[np.uint8]
    beard: NDArray[np.uint8]
    nodes: Nodes
    points: Points

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        own = (self.index, self.planes, self.alpha, self.backdrop, self.part, self.chart, self.normal, self.depth)
        parts = (self.skin, self.scratch)
        return sum(a.nbytes for a in own) + sum(
            getattr(getattr(p, f.name), "nbytes", 0) for p in parts for f in fields(p)
        )


def margin_of(size: int) -> int:
    """Pixels around the picture, a multiple of 4 (the wide filters halve the plate)."""
    return 4 * max(1, round(MARGIN * size / 4))


def build_plate(head: Head, frame: Frame, size: int, supersample: int, melanin: float | None = None) -> Plate:
    """Everything of a view that no day changes. `supersample`: canvas pixels per picture pixel, along each side;
    `melanin`: what `base_melanin` says of the head, for who has asked before."""
    margin = margin_of(size)
    width = (size + 2 * margin) * supersample
    camera = camera_for(head, frame, width, size * supersample)
    screen = look(head, camera)
    skin = _pigment(head, screen)
    melanin, blood = base_melanin(head) if melanin is None else melanin, base_blood(head.face)
    lit = light_skin(screen, skin, melanin, blood, supersample)
    hairs = draw_hairs(head, screen)
    flat = {name: getattr(hairs, name).reshape(-1)[screen.index] for name in Hairs.__dataclass_fields__}
    soft = blur(hairs.brow, 1.1 * camera.per_mm).reshape(-1)[screen.index]
    factor, sheen = details(head, screen, skin, soft)
    covers = _covers(head, screen, lit, flat, melanin)
    grid = _Grid.of(screen, supersample)
    strength = gloss_strength(head.face.ita_deg)
    planes, above = light_planes(lit, factor, sheen, strength, covers, grid.row, grid.index.size, 1.0 / supersample**2)
    thin = replace(camera, width=grid.side, per_mm=camera.per_mm / supersample)
    buffer = _skin_buffer(grid, thin, screen, lit, skin, factor * above[:, None], sheen * above * np.float32(strength),
                          melanin, blood)  # fmt: skip
    values, step = packed(np.stack([_lens(grid, plane) for plane in planes]))
    return _finish(head, frame, size, margin, screen, grid, thin, buffer, values, step, covers, skin)


@dataclass(slots=True)
class _Grid:
    """Canvas pixels of the person to picture pixels. side: of the plate; index (n,): plate pixels that show the
    person; row (canvas pixels,): into index; first (n,): one canvas row for each; cover (n,): share of the pixel."""

    side: int
    supersample: int
    index: NDArray[np.int32]
    row: NDArray[np.int32]
    first: NDArray[np.int64]
    cover: F32

    @staticmethod
    def of(screen: Screen, supersample: int) -> _Grid:
        width = screen.camera.width
        side = width // supersample
        pixel = screen.index // width // supersample * side + screen.index % width // supersample
        count = np.bincount(pixel, minlength=side * side)
        index = np.flatnonzero(count)
        lookup = np.full(side * side, -1, np.int32)
        lookup[index] = np.arange(index.size, dtype=np.int32)
        row = lookup[pixel]
        first = np.empty(index.size, np.int64)
        first[row[::-1]] = np.arange(pixel.size - 1, -1, -1)
        cover = (count[index] / supersample**2).astype(np.float32)
        return _Grid(side, supersample, index.astype(np.int32), row, first, cover)

    def image(self, values: NDArray, fill: float = 0.0) -> NDArray:
        """Values (n[, c]) on the plate (s, s[, c])."""
        out = np.full((self.side * self.side, *values.shape[1:]), fill, values.dtype)
        out[self.index] = values
        return out.reshape(self.side, self.side, *values.shape[1:])


def _lens(grid: _Grid, plane: F32) -> F32:
    """A plane (n,) as the lens blurs it, cover included: light spills into pixels of the person only."""
    return blur(grid.image(plane), LENS_SIGMA_PX).reshape(-1)[grid.index]


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


def _covers(head: Head, screen: Screen, lit: SkinLight, hairs: dict[str, F32], melanin: float) -> list[Cover]:
    """Layers over the skin, from below."""
    on_head = screen.owner == 0
    eyes, cover, eye_colour, eye_gloss = shade_eyes(head, screen, melanin)
    # Reflections belong to the lights that cause them; the key makes most of them.
    eye_colour = eye_colour + eye_gloss[:, None, None] * np.array([0.40, 0.30, 0.45, 0.3, 0.4], np.float32)[:, None]
    layer = screen.layer
    hair = blur(screen.canvas(layer("hair")), 1.0).reshape(-1)[screen.index] * on_head
    temple = wide_blur(screen.canvas(layer("temple")), 1.5 * screen.camera.per_mm).reshape(-1)[screen.index] * on_head
    at = np.flatnonzero((hair > 0.003) | (temple > 0.003))
    hair_colour, texture = cloth.shade_hair(
        head, screen, at, np.maximum(dot(screen.normal[at, None], screen.flow[at]), 0)
    )
    temple_cover = temple[at] * np.clip(0.5 + 0.5 * texture, 0, 1) * (0.45 if head.face.wear == "band" else 0.2)
    hair_cover = np.clip(np.maximum(hair[at], temple_cover), 0, 1).astype(np.float32)
    cloth_cover = np.clip(np.maximum(layer("cloth"), layer("garment")), 0, 1) * on_head
    dressed = np.flatnonzero(cloth_cover > 0.003)
    out = [
        Cover("eyes", eyes, cover, eye_colour),
        Cover("hair", at, hair_cover, hair_colour),
        Cover("cloth", dressed, cloth_cover[dressed], cloth.shade_cloth(head, screen, dressed)),
    ]
    tone = (cloth.hair_colour(head) * 0.62 + 0.003).astype(np.float32)
    for name, opacity, bright in (("brow", 0.93, 0.9), ("temple", 0.9, 1.1)):
        where = np.flatnonzero(hairs[name] > 0.003)
        light = np.clip(lit.irradiance[where, :, 1], 0.04, 3)
        alpha = opacity * hairs[name][where] * (1 - cloth_cover[where] if name == "temple" else 1)
        out.append(Cover(name, where, alpha, tone * bright * light[..., None] * COLOUR))
    where = np.flatnonzero(hairs["lash"] > 0.003)
    dark = np.broadcast_to(np.array([0.012, 0.010, 0.009], np.float32), (where.size, len(GROUPS), 3))
    share = STRENGTH / STRENGTH[:4].sum()
    out.append(Cover("lash", where, 0.95 * hairs["lash"][where], dark, share))
    return out


def _skin_buffer(grid, camera, screen, lit, skin, through, sheen, melanin, blood) -> SkinBuffer:
    """What lesions need of each picture pixel that shows paintable skin."""
    lip, lid = screen.layer("lip"), screen.layer("lid")
    lock = skin_mask(screen) * (1 - lip) * ramp(-0.4, -1.4, lid) * (screen.owner == 0)
    near = (np.abs(screen.layer("chart_x")) < 95) & (screen.layer("chart_y") > -122)
    keep = np.flatnonzero((lock > 0.02) & near & (through.max(-1) > 0.004))
    row = np.full(grid.index.size, -1, np.int32)
    row[grid.row[keep]] = 0
    rows = np.flatnonzero(row >= 0)
    row[rows] = np.arange(rows.size, dtype=np.int32)
    to = row[grid.row[keep]]
    first = np.empty(rows.size, np.int64)
    first[to[::-1]] = keep[::-1]
    count = np.bincount(to, minlength=rows.size).astype(np.float32)
    share = np.float32(1.0 / grid.supersample**2)

    def pooled(values: F32, weight: float | F32) -> F32:
        flat = np.ascontiguousarray(values[keep].reshape(keep.size, -1), dtype=np.float32)
        out = np.zeros((rows.size, flat.shape[1]), np.float32)
        pool(flat, to, np.float32(1.0), out)
        return np.ascontiguousarray((out * np.asarray(weight).reshape(-1, 1)).reshape(-1, *values.shape[1:]))

    slot = np.full(grid.side * grid.side, -1, np.int32)
    pixel = grid.index[rows]
    slot[pixel] = np.arange(rows.size, dtype=np.int32)
    arrays = dict(
        normal=lit.normal[first],
        view=screen.view[first],
        flow=screen.flow[first],
        seen=screen.seen[first],
        light=lit.irradiance[first] * (STRENGTH[:, None] * COLOUR),
        gloss=lit.gloss[first] * STRENGTH,
        melanin=melanin * pooled(skin.melanin, 1 / count),
        blood=blood * pooled(skin.blood, 1 / count),
        albedo=pooled(lit.albedo, 1 / count),
        oil=skin.oil[first],
        rough=lit.rough[first],
        spot=pooled(screen.spot, 1 / count),
        through=pooled(through, share),
        sheen=pooled(sheen, share),
        lock=pooled(lock, 1 / count),
    )
    arrays = {name: np.ascontiguousarray(a, dtype=np.float32) for name, a in arrays.items()}
    return SkinBuffer(
        pixel=pixel.astype(np.int64), slot=slot.reshape(grid.side, grid.side), mm_per_px=1.0 / camera.per_mm,
        rotation=np.ascontiguousarray(camera.rotation, dtype=np.float32), **arrays,
    )  # fmt: skip


def _finish(head, frame, size, margin, screen, grid, camera, buffer, values, step, covers, skin) -> Plate:
    first = grid.first
    alpha = grid.image(_lens(grid, grid.cover))
    solid = alpha > 0.999
    solid[:-1, :-1] &= solid[1:, :-1] & solid[:-1, 1:] & solid[1:, 1:]
    chart = np.stack([screen.layer("chart_x")[first], screen.layer("chart_y")[first]], -1).astype(np.float32)
    part = _parts(screen, covers)[first]
    chart[(part != PART_CODE["skin"]) & (part != PART_CODE["lips"])] = np.nan
    chart[screen.owner[first] != 0] = np.nan
    far = -1e3
    depth = grid.image(screen.place[first, 2], far)
    backdrop = shrink(cloth.backdrop(head, grid.side * grid.supersample), grid.supersample)
    return Plate(
        head=head, frame=frame, camera=camera, size=size, margin=margin, index=grid.index, planes=values, step=step,
        alpha=alpha, solid=solid, backdrop=backdrop, glare=_glare(grid, values, step, backdrop, margin), skin=buffer,
        scratch=make_scratch(buffer, LIGHTING), part=grid.image(part),
        chart=grid.image(chart, np.nan), normal=grid.image(screen.normal[first]), depth=depth,
        bare=(part == PART_CODE["skin"]).astype(np.uint8),
        beard=np.rint(255 * np.clip(skin.beard[first], 0, 1)).astype(np.uint8),
        nodes=nodes_of(head, camera, depth, screen, grid.index, first), points=points_of(head, screen, camera),
    )  # fmt: skip


def _glare(grid: _Grid, values: NDArray, step: float, backdrop: F32, margin: int) -> F32:
    """Light that highlights of the clear face under neutral light spread, (3, size, size)."""
    person = np.zeros((grid.index.size, 3), np.float32)
    n = grid.index.size
    weights = np.full((len(GROUPS), 2), step, np.float32) * NEUTRAL[:, None]
    plain = np.zeros(n, np.uint8), np.ones(3, np.float32), np.zeros(n, np.uint8), np.zeros(3, np.float32)
    weigh(values, weights, np.arange(n, dtype=np.int32), *plain, person)
    lit = grid.image(person) + backdrop * (1 - grid.image(grid.cover))[..., None]
    bright = np.maximum(lit - GLARE_FROM, 0)
    soft = GLARE * wide_blur(bright, grid.side / 66)
    inner = slice(margin, grid.side - margin)
    return np.ascontiguousarray(np.moveaxis(soft[inner, inner], -1, 0), dtype=np.float32)


def _parts(screen: Screen, covers: list[Cover]) -> NDArray[np.uint8]:
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
        elif cover.name in ("hair", "temple"):
            out[at] = PART_CODE["hair"]
    return out
