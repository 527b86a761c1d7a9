"""Single hairs of scalp and beard: the ragged hairline, baby hairs, flyaway strands at the outline, stubble.

Roots are drawn once for a person, over the skin, whatever the view; a view only leaves out what something hides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import key64, stream
from nof1sim.render.procedural.fields import dot, turn, unit
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.hair import coily, lie
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.pigment import beard_zone
from nof1sim.render.procedural.raster import draw_strands
from nof1sim.render.procedural.screen import Screen

F32 = NDArray[np.floating]
GRID = 256
"""Cells a side in which roots are counted, whatever the mesh of the picture."""
HEAD_RADIUS_MM = 85.0
RIM = 0.42
"""How squarely the skin under a cropped hair may face the camera for it to be drawn: seen over the hair itself, a
crop's hairs are its texture, and only those at the outline need drawing."""


def draw(screen: Screen, canvas: F32, points: F32, width_mm: NDArray, opacity: NDArray) -> None:
    """Draw polylines `points` (n, k, 3), head mm, over a coverage map."""
    sx, sy, _ = screen.camera.project(screen.camera.place(points))
    width = np.asarray(width_mm * screen.camera.per_mm, np.float32)
    draw_strands(canvas, np.stack([sx, sy], -1), width, np.asarray(opacity, np.float32))


def visible(screen: Screen, roots: F32, depth: F32, slack_mm: float) -> NDArray:
    """Which root points (n, 3) are not hidden behind something nearer by `slack_mm`."""
    placed = screen.camera.place(roots)
    sx, sy, _ = screen.camera.project(placed)
    i = np.clip(sx.astype(int), 0, screen.camera.width - 1)
    j = np.clip(sy.astype(int), 0, screen.camera.width - 1)
    return depth[j, i] < placed[:, 2] + slack_mm


@dataclass(frozen=True, slots=True)
class Strands:
    """Hairs of one kind, the same in all views: points (n, k, 3), head mm; width_mm, opacity (n,); surface (n, 3):
    where they root, which nothing nearer by slack_mm may hide; normal (n, 3) there, of hairs drawn at the RIM only."""

    points: F32
    width_mm: NDArray
    opacity: NDArray
    surface: F32
    slack_mm: float
    normal: F32 | None = None


def draw_kind(screen: Screen, depth: F32, hairs: Strands | None, canvas: F32) -> None:
    """Draw those hairs of a kind over a coverage map (w, w) that a view shows."""
    if hairs is None:
        return
    seen = visible(screen, hairs.surface, depth, hairs.slack_mm)
    if hairs.normal is not None:
        seen &= np.abs(turn(hairs.normal, screen.camera.rotation)[:, 2]) < RIM
    draw(screen, canvas, hairs.points[seen], hairs.width_mm[seen], hairs.opacity[seen])


@dataclass(slots=True)
class Roots:
    """Where hairs grow: surface, normal, skin (n, 3), and a number for each that no mesh, view or other hair moves."""

    surface: F32
    normal: F32
    skin: F32
    number: NDArray[np.uint64]

    def uniform(self, channel: int) -> NDArray:
        """One number in 0 .. 1 for each hair (splitmix64 of its number: Steele et al., OOPSLA 2014)."""
        z = self.number + np.uint64(channel * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float) * 2.0**-53

    def normals(self, channel: int, count: int) -> NDArray:
        """`count` standard normal numbers for each hair, (count, n)."""
        pairs = [(self.uniform(channel + 2 * i), self.uniform(channel + 2 * i + 1)) for i in range(count)]
        return np.stack([np.sqrt(-2 * np.log(a + 1e-12)) * np.cos(2 * np.pi * b) for a, b in pairs])


def _roots(head: Head, weight: F32, per_mm2: float, what: int) -> Roots:
    """Hairs at a density of `weight` (GRID, GRID) x per_mm2; `what` names the kind of hair."""
    p = _grid(head.skin)
    across = np.sqrt((np.diff(p, axis=1, append=p[:, -1:]) ** 2).sum(-1))
    down = np.sqrt((np.diff(p, axis=0, append=p[-1:]) ** 2).sum(-1))
    expected = (weight * across * down * per_mm2).ravel()
    chance = stream(head.face.noise_seed, "roots", what).random(expected.size)
    count = np.floor(expected + chance * (expected > 0)).astype(np.int64)
    cell = np.repeat(np.arange(expected.size), count)
    place = np.arange(cell.size) - np.repeat(np.cumsum(count) - count, count)
    key = np.uint64(key64(head.face.noise_seed, "hairs", what))
    number = key ^ ((cell * 4096 + place).astype(np.uint64) * np.uint64(0xD1342543DE82EF95))
    empty = np.zeros((0, 3), np.float32)
    out = Roots(empty, empty, empty, number)
    scale = (head.skin.shape[0] - 1) / (GRID - 1)
    u = ((cell % GRID + out.uniform(101)) * scale).astype(np.float32)
    v = ((cell // GRID + out.uniform(102)) * scale).astype(np.float32)
    out.surface, out.skin = sample(head.surface, u, v), sample(head.skin, u, v)
    out.normal = unit(sample(head.normals, u, v)).astype(np.float32)
    return out


def _grid(a: F32) -> F32:
    """A vertex field on GRID x GRID vertices, whatever the mesh of the picture."""
    i = np.rint(np.linspace(0, a.shape[0] - 1, GRID)).astype(int)
    return a[i[:, None], i[None]]


def _coarse(head: Head, name: str) -> F32:
    return _grid(head.layer(name))


def _tangent(way: F32, normal: F32) -> F32:
    return unit(way - normal * dot(way, normal)[..., None]).astype(np.float32)


def _curves(root: F32, way: F32, normal: F32, length: NDArray, lift: NDArray, bend: NDArray, k: int) -> F32:
    """Polylines (n, k, 3): along `way` over a round head, rising to `lift` mm in the middle, turning by `bend`."""
    f = np.linspace(0, 1, k)[None, :, None]
    s = length[:, None, None] * f
    side = np.cross(normal, way)[:, None]
    points = root[:, None] + way[:, None] * s + side * (bend[:, None, None] * s * f)
    rise = lift[:, None, None] * np.sin(np.pi * 0.85 * f) - s * s / (2 * HEAD_RADIUS_MM)
    return (points + normal[:, None] * rise).astype(np.float32)


def hairline(head: Head) -> Strands | None:
    """Hairs that root in skin: the edge of the hair, baby hairs before it, the sideburns."""
    face = head.face
    hair, temple, cloth = (_coarse(head, name) for name in ("hair", "temple", "cloth"))
    short = face.wear == "short"
    front = _coarse(head, "chart_y") > -60
    edge = np.clip(hair * 12, 0, 1) * np.clip((0.60 - hair) * 3, 0, 1) * front
    weight = (edge + 0.5 * np.clip(temple - 0.15, 0, 1)) * (cloth < 0.5)
    root = _roots(head, weight, {"tied": 0.9, "short": 1.1, "band": 0.6, "cap": 0.5}[face.wear], 1)
    if root.number.size == 0:
        return None
    z, u = root.normals(1, 4), [root.uniform(20 + i) for i in range(4)]
    skin, way = root.skin, lie(face, root.skin).way
    down = np.array([0.0, -1.0, -0.35], np.float32)
    low = np.clip((6 - skin[:, 1]) / 20, 0, 1)[:, None] * (0.95 if short else 0.45)
    # Short new hairs of hair that is combed back stand forwards, out of the comb's reach.
    baby = (u[3] < 0.42) & (not short)
    turned = np.where(baby & (u[2] < 0.6), -0.5, 1.0)[:, None]
    loose = np.where(baby, 0.45, 0.20 if short else 0.13)[:, None]
    course = way * turned * (1 - low) + down * low
    way = _tangent(unit(course + loose * z[:3].T), root.normal)
    length = np.where(baby, 3 + 7 * u[0], 7 + 20 * u[0]) * (0.24 if short else 1.0) + 1.2 * short
    length = np.where(low[:, 0] > 0.2, np.minimum(length, (2 if short else 1) + 4 * u[0]), length)
    curl = face.hair_curl
    bend = (0.10 + 0.5 * curl) * z[3] + np.where(baby, 0.3 * z[2], 0)
    points = _curves(skin + 0.3 * root.normal, way, root.normal, length * (1 - 0.55 * curl), 0.4 + 0.9 * u[1], bend, 7)
    width = np.where(baby, 0.07, 0.085) * (0.7 + 0.6 * u[2])
    opacity = np.where(baby, 0.70, 0.75) * (0.6 + 0.4 * u[1]) * (1 - 0.4 * low[:, 0] * (not short))
    return Strands(points, width, opacity, root.surface, 1.5)


def stray(head: Head) -> Strands | None:
    """Strands that stand off the hair: they break its outline against the backdrop, and lie as lines over it."""
    face = head.face
    stands = face.wear == "short" or (face.wear == "tied" and coily(face))
    # Of tight curls more ends stand out.
    per_mm2 = 0.26 + 0.25 * coily(face) if stands else {"tied": 0.030, "band": 0.030, "cap": 0.0}[face.wear]
    hair, cloth = _coarse(head, "hair"), _coarse(head, "cloth")
    weight = np.clip(hair * 2 - 0.8, 0, 1) * (cloth < 0.02) * (_coarse(head, "chart_y") > -200)
    root = _roots(head, weight, per_mm2, 2)
    if root.number.size == 0:
        return None
    z, u = root.normals(1, 5), [root.uniform(20 + i) for i in range(4)]
    curl, way, normal = face.hair_curl, lie(face, root.skin).way, root.normal
    if stands:
        way = unit(_tangent(way, normal) * 0.5 + 0.7 * normal + 0.45 * z[:3].T)
        length, lift = 1.0 + (0.8 + 0.5 * curl + 0.45 * face.crop_mm * (1 - 0.4 * curl)) * u[0], 0.3 * u[1]
        width, opacity = 0.085 * (0.7 + 0.6 * u[2]), 0.55 + 0.4 * u[3]
    else:
        way = unit(_tangent(way + 0.10 * z[:3].T, normal) + 0.05 * np.abs(z[3])[:, None] * normal)
        length = (9 + 24 * u[0] ** 1.5) * (1 - 0.8 * curl)
        lift = 0.3 + 3.6 * u[1] ** 3 * (1 + 0.5 * curl)
        width, opacity = 0.12 * (0.7 + 0.6 * u[2]), 0.45 + 0.45 * u[3]
    points = _curves(root.surface, way.astype(np.float32), normal, length, lift, (0.06 + 0.25 * curl) * z[4], 8)
    return Strands(points, width, opacity, root.surface, 6.0, normal if stands else None)


def beard(head: Head) -> Strands | None:
    """Stubble hair by hair, in proportion to the beard's potential; lies down and away from the mouth."""
    face, m = head.face, head.marks
    if face.beard < 0.05:
        return None
    part = _grid(head.skin)
    weight = beard_zone(face, m, part.reshape(-1, 3), _coarse(head, "lip").ravel()).reshape(part.shape[:2])
    root = _roots(head, weight * (_coarse(head, "bare") > 0.5), 0.75, 3)
    if root.number.size == 0:
        return None
    z, u = root.normals(1, 3), [root.uniform(20 + i) for i in range(3)]
    out = np.tanh(root.skin[:, 0] / 18)
    course = np.stack([0.55 * out, np.full(out.size, -0.85), np.full(out.size, 0.15)], 1) + 0.35 * z.T
    way = unit(_tangent(course.astype(np.float32), root.normal) + 0.35 * root.normal).astype(np.float32)
    length = face.beard_mm * (0.5 + 0.7 * u[0])
    f = np.linspace(0, 1, 3)[None, :, None]
    points = (root.skin[:, None] + way[:, None] * (length[:, None, None] * f)).astype(np.float32)
    return Strands(points, 0.11 + 0.04 * u[1], 0.55 + 0.35 * u[2], root.surface, 3.0)


def kinds_of(head: Head) -> tuple[Strands | None, ...]:
    """Hairline, beard and stray hairs of a head."""
    return hairline(head), beard(head), stray(head)
