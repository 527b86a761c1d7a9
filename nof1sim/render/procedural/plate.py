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
from nof1sim.render.procedural import cloth, hair
from nof1sim.render.procedural.backdrop import backdrop
from nof1sim.render.procedural.compose import Cover, light_planes, packed, pool, weigh
from nof1sim.render.procedural.expose import LENS_SIGMA_PX
from nof1sim.render.procedural.eyeball import shade_eyes
from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.filters import blur, shrink, wide_blur
from nof1sim.render.procedural.frames import Frame
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, GROUPS, LIGHTING, STRENGTH, mix
from nof1sim.render.procedural.nodes import Nodes, nodes_of
from nof1sim.render.procedural.pigment import base_blood, pigment_of
from nof1sim.render.procedural.points import Points, points_of
from nof1sim.render.procedural.screen import Camera, Screen, camera_for, look
from nof1sim.render.procedural.shade import SkinLight, details, light_skin, skin_mask
from nof1sim.render.procedural.strands import Hairs, draw_hairs
from nof1sim.render.procedural.tone import base_melanin, gloss_strength
from nof1sim.render.skin import Scratch, SkinBuffer, make_scratch

F32 = NDArray[np.floating]
BACKDROP_SHARE = np.array([0.45, 0.20, 0.05, 0.30, 0.45], np.float32)
"""Share of each light group in the light on the backdrop."""
BACKDROP_STEPS = 20_000
"""Steps of the backdrop's stored light to one unit; it never exceeds 3."""
GLARE, GLARE_FROM = 0.10, 0.75
"""Share of the light above a level that lens and sensor spread around."""
NEUTRAL = mix(Nuisance())
FAR_MM = -1e3
"""Depth of what is not the person."""
MARGIN = 0.04
"""Plate around the picture on each side, as a share of it: shift and scale bring in more of the scene."""


@dataclass(slots=True)
class Plate:
    """See the module's text. s = size + 2 margin pixels a side; n pixels show the person.

    index (n,): place of each in the plate, y * s + x; planes (groups * 4, n) times `step`: light of each group;
    alpha (s, s): cover of the backdrop by the person; solid (s, s): where it is 1 up to the next pixels; backdrop
    (s, s, 3): in steps of 1 / BACKDROP_STEPS; glare (3, size, size): light that highlights spread over the picture;
    skin: what lesions need, with its scratch; typical: median
    volume fractions of melanin and blood; part (s, s): code in base.PARTS; chart (s, s, 2): canonical chart mm,
    NaN off skin; normal (s, s, 3) and depth (s, s) in camera axes; bare (n,): 1 where it shows skin; beard (n,):
    where a beard grows, 0 to 1; nodes: mesh of the scene for poses; points: key points.
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
    backdrop: NDArray[np.uint16]
    glare: F32
    skin: SkinBuffer
    scratch: Scratch
    typical: tuple[float, float]
    part: NDArray[np.uint8]
    chart: F32
    normal: F32
    depth: F32
    bare: F32
    beard: F32
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
    skin = pigment_of(head, screen)
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
    lens = np.stack([_lens(grid, plane) for plane in planes])
    stray = _stray(head, screen, hairs, grid)
    return _finish(head, frame, size, margin, screen, grid, thin, buffer, lens, stray, covers, skin)


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


def _covers(head: Head, screen: Screen, lit: SkinLight, hairs: dict[str, F32], melanin: float) -> list[Cover]:
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
        where = np.flatnonzero(hairs[name] > 0.003)
        light = np.clip(lit.irradiance[where, :, 1], 0.04, 3)
        alpha = opacity * hairs[name][where]
        if name == "temple":
            alpha = alpha * (1 - cloth_cover[where]) * (1 - closed[where])
        out.append(Cover(name, where, alpha, colour.astype(np.float32) * light[..., None] * COLOUR))
    # Seen over the hair itself, a stray hair hardly differs from it.
    where = np.flatnonzero(hairs["stray"] > 0.003)
    alpha = (0.06 if head.face.wear == "short" else 0.25) * hairs["stray"][where]
    out.append(Cover("stray", where, alpha, np.broadcast_to(_stray_colour(head), (where.size, len(GROUPS), 3))))
    where = np.flatnonzero(hairs["lash"] > 0.003)
    dark = np.broadcast_to(np.array([0.012, 0.010, 0.009], np.float32), (where.size, len(GROUPS), 3))
    share = STRENGTH / STRENGTH[:4].sum()
    out.append(Cover("lash", where, 0.95 * hairs["lash"][where], dark, share))
    return out


def _stray_colour(head: Head) -> F32:
    """Single hairs away from the head, per unit strength of each light group (groups, 3)."""
    return ((hair.hair_colour(head.face) * 1.15 + 0.004) * 0.55 * COLOUR).astype(np.float32)


@dataclass(slots=True)
class _Stray:
    """Hairs beyond the head's outline: plate pixels at (k,), their cover (k,), and light planes (groups * 4, k)."""

    at: NDArray[np.int64]
    cover: F32
    planes: F32


def _stray(head: Head, screen: Screen, hairs: Hairs, grid: _Grid) -> _Stray:
    beyond = hairs.stray.copy()
    beyond.reshape(-1)[screen.index] = 0.0
    cover = shrink(beyond, grid.supersample).reshape(-1)
    at = np.flatnonzero(cover > 0.004)
    planes = np.zeros((len(GROUPS), 4, at.size), np.float32)
    planes[:, :3] = (STRENGTH[:, None] * _stray_colour(head))[..., None] * cover[at]
    return _Stray(at, cover[at], planes.reshape(len(GROUPS) * 4, at.size))


def _skin_buffer(grid, camera, screen, lit, skin, through, sheen, melanin, blood) -> SkinBuffer:
    """What lesions need of each picture pixel that shows paintable skin."""
    lip, lid = screen.layer("lip"), screen.layer("lid")
    lock = skin_mask(screen) * (1 - lip) * ramp(-0.4, -1.4, lid) * (screen.owner == 0)
    near = (np.abs(screen.layer("chart_x")) < 95) & (screen.layer("chart_y") > -122)
    keep = np.flatnonzero(
        (lock > 0.02) & near & (np.maximum(np.maximum(through[:, 0], through[:, 1]), through[:, 2]) > 0.004)
    )
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
    arrays = {
        "normal": lit.normal[first],
        "view": screen.view[first],
        "flow": screen.flow[first],
        "seen": screen.seen[first],
        "light": lit.irradiance[first] * (STRENGTH[:, None] * COLOUR),
        "gloss": lit.gloss[first] * STRENGTH,
        "melanin": melanin * pooled(skin.melanin, 1 / count),
        "blood": blood * pooled(skin.blood, 1 / count),
        "albedo": pooled(lit.albedo, 1 / count),
        "oil": skin.oil[first],
        "rough": lit.rough[first],
        "spot": pooled(screen.spot, 1 / count),
        "through": pooled(through, share),
        "sheen": pooled(sheen, share),
        "lock": pooled(lock, 1 / count),
    }
    arrays = {name: np.ascontiguousarray(a, dtype=np.float32) for name, a in arrays.items()}
    return SkinBuffer(
        pixel=pixel.astype(np.int64), slot=slot.reshape(grid.side, grid.side), mm_per_px=1.0 / camera.per_mm,
        rotation=np.ascontiguousarray(camera.rotation, dtype=np.float32), **arrays,
    )  # fmt: skip


def _finish(head, frame, size, margin, screen, grid, camera, buffer, planes, stray, covers, skin) -> Plate:
    first = grid.first
    chart = np.stack([screen.layer("chart_x")[first], screen.layer("chart_y")[first]], -1).astype(np.float32)
    part = _parts(screen, covers)[first]
    chart[((part != PART_CODE["skin"]) & (part != PART_CODE["lips"])) | (screen.owner[first] != 0)] = np.nan
    depth = grid.image(screen.place[first, 2], FAR_MM)
    index, planes, alpha = _with_stray(grid, planes, stray)
    values, step = packed(planes)
    solid = alpha > 0.999
    solid[:-1, :-1] &= solid[1:, :-1] & solid[:-1, 1:] & solid[1:, 1:]
    paper = shrink(backdrop(head, grid.side * grid.supersample), grid.supersample)
    none = np.zeros(index.size - first.size, np.float32)
    return Plate(
        head=head, frame=frame, camera=camera, size=size, margin=margin, index=index, planes=values, step=step,
        alpha=alpha, solid=solid, backdrop=np.rint(paper * BACKDROP_STEPS).astype(np.uint16),
        glare=_glare(index, values, step, alpha, paper, margin), skin=buffer,
        scratch=make_scratch(buffer, LIGHTING),
        typical=(float(np.median(buffer.melanin)), float(np.median(buffer.blood))),
        part=grid.image(part), chart=grid.image(chart, np.nan), normal=grid.image(screen.normal[first]), depth=depth,
        bare=np.concatenate([part == PART_CODE["skin"], none]).astype(np.float32),
        beard=np.concatenate([np.clip(skin.beard[first], 0, 1), none]).astype(np.float32),
        nodes=nodes_of(head, camera, depth, screen, grid.index, first), points=points_of(head, screen, camera),
    )  # fmt: skip


def _with_stray(grid: _Grid, planes: F32, stray: _Stray) -> tuple[NDArray[np.int32], F32, F32]:
    """Pixels, light planes and cover (s, s) of the person with the hairs beyond the outline."""
    row = np.full(grid.side * grid.side, -1, np.int64)
    row[grid.index] = np.arange(grid.index.size)
    rim = row[stray.at] >= 0
    planes[:, row[stray.at[rim]]] += stray.planes[:, rim]
    alpha = grid.image(_lens(grid, grid.cover))
    alpha.reshape(-1)[stray.at] += stray.cover
    index = np.concatenate([grid.index, stray.at[~rim]]).astype(np.int32)
    return index, np.concatenate([planes, stray.planes[:, ~rim]], axis=1), np.minimum(alpha, 1.0)


def _glare(index: NDArray, values: NDArray, step: float, alpha: F32, paper: F32, margin: int) -> F32:
    """Light that highlights of the clear face under neutral light spread, (3, size, size)."""
    side, n = alpha.shape[0], index.size
    lit = np.zeros((side * side, 3), np.float32)
    weights = np.full((len(GROUPS), 2), step, np.float32) * NEUTRAL[:, None]
    plain = np.zeros(n, np.float32), np.ones(3, np.float32), np.zeros(n, np.float32), np.zeros(3, np.float32)
    weigh(values, weights, index, *plain, lit)
    whole = lit.reshape(side, side, 3) + paper * (1 - alpha)[..., None]
    soft = GLARE * wide_blur(np.maximum(whole - GLARE_FROM, 0), side / 66)
    inner = slice(margin, side - margin)
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
        elif cover.name in ("hair", "temple", "beard"):
            out[at] = PART_CODE["hair"]
    return out
