"""The clear face of one person in one view and size, ready to be relit, posed and to receive a day's lesions.

The picture is linear in the light groups, so the clear face is kept as planes per group at the resolution of the
picture; a day only weighs and adds them. With depth for each pixel it can be turned a little, with true parallax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Nuisance
from nof1sim.render.base import PART_CODE
from nof1sim.render.procedural.backdrop import backdrop
from nof1sim.render.procedural.compose import light_planes, packed, pool, weigh
from nof1sim.render.procedural.covers import Stray, covers_of, parts_of, stray_of
from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.filters import blur, coarse_blur, shrink, widen
from nof1sim.render.procedural.frames import Frame
from nof1sim.render.procedural.grid import Grid
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, GROUPS, LIGHTING, STRENGTH, mix
from nof1sim.render.procedural.memory import return_memory
from nof1sim.render.procedural.nodes import Nodes, nodes_of
from nof1sim.render.procedural.pigment import base_blood, pigment_of
from nof1sim.render.procedural.points import Points, points_of
from nof1sim.render.procedural.screen import Camera, camera_for, look
from nof1sim.render.procedural.shade import details, light_skin, skin_mask
from nof1sim.render.procedural.strands import draw_hairs
from nof1sim.render.procedural.stray import Strands, kinds_of
from nof1sim.render.procedural.tone import base_melanin, gloss_strength
from nof1sim.render.skin import Primed, SkinBuffer, prime

F32 = NDArray[np.floating]
BACKDROP_SHARE = np.array([0.45, 0.20, 0.05, 0.30, 0.45], np.float32)
"""Share of each light group in the light on the backdrop."""
BACKDROP_STEPS = 20_000
"""Steps of the backdrop's stored light to one unit; it never exceeds 3."""
GLARE, GLARE_FROM = 0.10, 0.75
"""Share of the light above a level that lens and sensor spread around."""
NEUTRAL = mix(Nuisance())
NONE = np.empty(0, np.float32)
FAR_MM = -1e3
"""Depth of what is not the person."""
LENS_SIGMA_PX = 0.42
"""Blur of a perfectly focused lens; reading between the plate's pixels adds as much again."""
MARGIN = 0.04
"""Plate around the picture on each side, as a share of it: shift and scale bring in more of the scene."""


@dataclass(slots=True)
class Plate:
    """See the module's text. s = size + 2 margin pixels a side; n pixels show the person.

    index (n,): place of each in the plate, y * s + x; planes times `step`: light of each group (`compose.packed`);
    alpha (s, s): cover of the backdrop by the person; backdrop (s, s, 3): in steps of 1 / BACKDROP_STEPS; glare
    (rows, 3, size): light that highlights spread over the picture, for every few rows of the plate; skin: what lesions
    need; typical: median volume fractions of melanin and blood; part (s, s): code in base.PARTS;
    chart (s, s, 2): canonical chart mm, NaN off skin; normal (s, s, 3) and depth (s, s) in camera axes; bare (n,): 1
    where it shows skin; beard (n,): where a beard grows, 0 to 1; nodes: mesh of the scene for poses; points: key
    points. The camera, the points and all coordinates count from the plate's own corner.
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
    backdrop: NDArray[np.uint16]
    glare: F32
    skin: Primed
    typical: tuple[float, float]
    part: NDArray[np.uint8]
    chart: F32
    normal: F32
    depth: F32
    bare: NDArray[np.uint8]
    beard: F32
    nodes: Nodes
    points: Points

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        own = (self.index, self.planes, self.alpha, self.backdrop, self.part, self.chart, self.normal, self.depth)
        skin = (getattr(self.skin, f.name) for f in fields(self.skin))
        return sum(a.nbytes for a in own) + sum(getattr(array, "nbytes", 0) for array in skin)


def margin_of(size: int) -> int:
    """Pixels around the picture, a multiple of 4 (the wide filters halve the plate)."""
    return 4 * max(1, round(MARGIN * size / 4))


@dataclass(frozen=True, slots=True)
class Known:
    """What all views of a head share beside it: what `base_melanin` says, and its single hairs (`stray.kinds_of`)."""

    melanin: float
    hairs: Sequence[Strands | None]

    @staticmethod
    def of(head: Head, melanin: float | None = None) -> Known:
        return Known(base_melanin(head) if melanin is None else melanin, kinds_of(head))


def build_plate(head: Head, frame: Frame, size: int, supersample: int, known: Known | None = None) -> Plate:
    """Everything of a view that no day changes. `supersample`: canvas pixels per picture pixel, along each side;
    `known`: of the head, for who has asked before."""
    all_but_skin, buffer = _from_canvas(head, frame, size, supersample, known or Known.of(head))
    return_memory()  # of the canvas: what lesions need is as big
    return all_but_skin(skin=prime(buffer, LIGHTING))


def _from_canvas(
    head: Head, frame: Frame, size: int, supersample: int, known: Known
) -> tuple[partial[Plate], SkinBuffer]:
    """A plate that lacks its `skin`, and what that is made from."""
    margin = margin_of(size)
    width = (size + 2 * margin) * supersample
    camera = camera_for(head, frame, width, size * supersample)
    screen = look(head, camera)
    return_memory()
    skin = pigment_of(head, screen)
    melanin, blood = known.melanin, base_blood(head.face)
    lit = light_skin(screen, skin, melanin, blood, supersample)
    return_memory()  # what the canvas holds now, with what lies over it, is the peak of a worker's memory
    hairs = draw_hairs(head, screen, known.hairs)
    factor, sheen = details(head, screen, skin, hairs.brow_shade)
    # What nobody asks for again goes.
    skin.soft = skin.height = skin.pore = skin.stubble = hairs.brow_shade = NONE
    covers = covers_of(head, screen, lit, hairs, melanin)
    return_memory()
    grid = Grid.of(screen, supersample)
    stray = stray_of(head, screen, hairs, grid)
    part = parts_of(screen, covers)[grid.first]
    del hairs
    strength = gloss_strength(head.face.ita_deg)
    planes, above = light_planes(lit, factor, sheen, strength, covers, grid.row, grid.index.size, 1.0 / supersample**2)
    del covers
    factor *= above[:, None]
    sheen = sheen * above * np.float32(strength)
    thin = replace(camera, width=grid.side, per_mm=camera.per_mm / supersample)
    buffer = _skin_buffer(grid, thin, screen, lit, skin, factor, sheen, melanin, blood)
    del lit, factor, sheen, above
    lens = np.stack([_lens(grid, plane) for plane in planes])
    rest = _finish(head, frame, size, margin, screen, grid, thin, buffer, lens, stray, part, skin.beard[grid.first])
    return rest, buffer


def _lens(grid: Grid, plane: F32) -> F32:
    """A plane (n,) as the lens blurs it, cover included: light spills into pixels of the person only."""
    return blur(grid.image(plane), LENS_SIGMA_PX).reshape(-1)[grid.index]


def _skin_buffer(grid, camera, screen, lit, skin, through, sheen, melanin, blood) -> SkinBuffer:
    """What lesions need of each picture pixel that shows paintable skin."""
    lip, lid = screen.layer("lip"), screen.layer("lid")
    lock = skin_mask(screen) * (1 - lip) * ramp(-0.4, -1.4, lid) * (screen.owner == 0)
    near = (np.abs(screen.layer("chart_x")) < 95) & (screen.layer("chart_y") > -122)
    most = np.maximum(np.maximum(through[:, 0], through[:, 1]), through[:, 2])
    keep = np.flatnonzero((lock > 0.02) & near & (most > 0.004))
    row = np.full(grid.index.size, -1, np.int32)
    row[grid.row[keep]] = 0
    rows = np.flatnonzero(row >= 0)
    row[rows] = np.arange(rows.size, dtype=np.int32)
    to = row[grid.row[keep]]
    first = np.empty(rows.size, np.int64)
    first[to[::-1]] = keep[::-1]
    count = np.bincount(to, minlength=rows.size).astype(np.float32)
    light, lit.irradiance = lit.irradiance[first] * (STRENGTH[:, None] * COLOUR), NONE  # the biggest first
    gloss, lit.gloss = lit.gloss[first] * STRENGTH, NONE
    share = 1.0 / grid.supersample**2

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
        "view": screen.view(first),
        "flow": screen.flow(first),
        "seen": screen.seen(first),
        "light": light,
        "gloss": gloss,
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


def _finish(head, frame, size, margin, screen, grid, camera, buffer, planes, stray, part, beard) -> partial[Plate]:
    first = grid.first
    chart = np.stack([screen.layer("chart_x")[first], screen.layer("chart_y")[first]], -1).astype(np.float32)
    chart[((part != PART_CODE["skin"]) & (part != PART_CODE["lips"])) | (screen.owner[first] != 0)] = np.nan
    depth = grid.image(screen.place[first, 2], FAR_MM)
    index, planes, alpha = _with_stray(grid, planes, stray)
    values, step = packed(planes)
    paper = shrink(backdrop(head, grid.side * grid.supersample), grid.supersample)
    none = np.zeros(index.size - first.size, np.float32)
    return partial(
        Plate, head=head, frame=frame, camera=camera, size=size, margin=margin, index=index, planes=values, step=step,
        alpha=alpha, backdrop=np.rint(paper * BACKDROP_STEPS).astype(np.uint16),
        glare=_glare(index, values, step, alpha, paper, margin),
        typical=(float(np.median(buffer.melanin)), float(np.median(buffer.blood))),
        part=grid.image(part), chart=grid.image(chart, np.nan), normal=grid.image(screen.normal[first]), depth=depth,
        bare=np.concatenate([part == PART_CODE["skin"], none]).astype(np.uint8),
        beard=np.concatenate([np.clip(beard, 0, 1), none]).astype(np.float32),
        nodes=nodes_of(head, camera, depth, screen, grid.index, first), points=points_of(head, screen, camera),
    )  # fmt: skip


def _with_stray(grid: Grid, planes: F32, stray: Stray) -> tuple[NDArray[np.int32], F32, F32]:
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
    """Light that highlights of the clear face under neutral light spread, (rows, 3, size); as smooth as it
    is, a row for some of the plate's (a whole share of them) will do."""
    side, n = alpha.shape[0], index.size
    lit = np.zeros((side, side, 4), np.float32)
    weights = np.full((2, len(GROUPS)), step, np.float32) * NEUTRAL
    plain = np.zeros(n, np.uint8), np.ones(3, np.float32), np.zeros(n, np.float32), np.zeros(3, np.float32)
    weigh(values.reshape(-1), weights, index, *plain, lit.reshape(-1))
    whole = lit[..., :3] + paper * (1 - alpha)[..., None]
    soft, factor = coarse_blur(np.maximum(whole - GLARE_FROM, 0), side / 66)
    rows = widen(np.float32(GLARE) * soft, factor)[:, margin : side - margin]
    return np.ascontiguousarray(np.swapaxes(rows, 1, 2), dtype=np.float32)
