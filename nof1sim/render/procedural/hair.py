"""Hair on the scalp: its colour from melanins, the way it lies, its cover at the hairline and its shine.

Combed-back hair lies along great circles from the face to the back of the head, cropped hair along those from the
whorl. Texture is stretched along them, so it reads as strands; the shine has the two lobes of Marschner et al.
(SIGGRAPH 2003): a white one shifted to the root and a coloured, wider one shifted to the tip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.fields import dot, ramp, turn, unit
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.light import COLOUR, GLOSSY, LIGHTS
from nof1sim.render.procedural.noise import noise
from nof1sim.render.procedural.scalp import around_neck, cropped, hangs
from nof1sim.render.procedural.screen import Screen, blocks

F32 = NDArray[np.floating]
EUMELANIN, PHEOMELANIN = np.array([0.419, 0.66, 1.05]), np.array([0.187, 0.4, 0.95])
"""Absorption per unit concentration (d'Eon et al., EGSR 2011; blue less, or brown hair turns orange in sRGB)."""
ROUND_FACTOR = 5.888
"""Albedo of a mass of hair = exp(-5.888 sqrt(absorption)) at azimuthal roughness 0.3 (Chiang et al., EG 2016)."""
FLOOR = 0.0075
"""Light that the surface of the fibres scatters back, whatever their pigment."""
CENTRE = np.array([0.0, 15.0, -95.0], np.float32)
FACE_POLE = np.array([0.0, -0.30, 0.954], np.float32)
"""Axis of the great circles: from the middle of the skull out through the nose."""
WHORL = np.array([0.0, 0.76, -0.65], np.float32)
"""Axis through the crown's whorl, from which cropped hair radiates: forwards over the top, down at the sides."""
RADIUS_MM = 88.0


def hair_colour(face: Face, darker: float = 1.0) -> NDArray:
    """Linear albedo (3,) of the person's hair; `darker` multiplies the eumelanin (brows: above 1)."""
    absorbed = EUMELANIN * face.hair_eumelanin * darker + PHEOMELANIN * face.hair_pheomelanin
    own = np.exp(-ROUND_FACTOR * np.sqrt(absorbed)) + FLOOR
    # Grey strands are drawn one by one: this is what shines through from below. Brows go grey last.
    grey = face.hair_grey * (0.30 if darker == 1.0 else 0.12)
    return own * (1 - grey) + 0.24 * grey * np.array([1.0, 0.99, 0.96])


@dataclass(slots=True)
class Lie:
    """How hair lies at places (n,): across, mm between strands' lanes; along, mm from the face's pole; way (n, 3):
    unit direction from root to tip, head axes, not yet in the surface."""

    across: F32
    along: F32
    way: F32


def lie(face: Face, p: F32) -> Lie:
    """Combed back or, cropped, as it grows, at places `p` (n, 3): along great circles from a pole."""
    v = unit(p - CENTRE).astype(np.float32)
    axis = WHORL if face.wear == "short" else FACE_POLE
    pole = unit(axis + np.array([0.5 * face.hair_side, 0.0, 0.0])).astype(np.float32)
    up = np.array([0.0, axis[2], -axis[1]], np.float32)
    ahead = dot(v, pole)
    phi, theta = np.arctan2(v[:, 0] - pole[0] * ahead, dot(v, up)), np.arccos(np.clip(ahead, -1, 1))
    across = phi * RADIUS_MM + 0.6 * face.hair_wave * noise(p, 32, face.noise_seed + 203, 2, 0.35)
    # Towards the far pole along the great circle.
    way, along = unit(v * ahead[:, None] - pole), theta * RADIUS_MM
    if hangs(face):
        down = (p[:, 1] < -20) & (p[:, 2] < -95)
        around = around_neck(p) + 0.6 * face.hair_wave * noise(p, 32, face.noise_seed + 203, 2)
        across, along = np.where(down, around, across), np.where(down, -p[:, 1], along)
        way = np.where(down[:, None], np.array([0.0, -1.0, 0.0]), way)
    return Lie(across.astype(np.float32), along.astype(np.float32), way.astype(np.float32))


def _strands(face: Face, p: F32, at: Lie) -> tuple[F32, F32, F32]:
    """Fine strand texture, locks and glints (n,), each about -1 .. 1."""
    seed, curl, short = face.noise_seed, face.hair_curl, face.wear == "short"
    if coily(face):
        # Curls of a millimetre or two have no lie that one could see.
        return noise(p, 1.2, seed + 201, 3, 0.8), noise(p, 4.0, seed + 202, 2, 0.6), noise(p, 0.8, seed + 205, 2, 0.8)
    # Cropped hair shows ends, not lengths.
    stretch = 0.11 + 0.4 * curl if short else 0.040 + 0.42 * curl * curl
    across = at.across + 1.5 * curl * curl * noise(p, 2.8, seed + 204, 2, 0.7)
    lanes = np.stack([across, at.along * stretch, np.zeros_like(across)], -1)
    fine = noise(lanes, 1.1 if short else 1.6, seed + 201, 3, 0.85)
    locks = noise(lanes * np.array([1, 0.6, 1], np.float32), 7.5, seed + 202, 2, 0.7)
    glints = noise(lanes * np.array([1, 1.4, 1], np.float32), 0.9, seed + 205, 2, 0.8)
    return fine, locks, glints


def coily(face: Face) -> bool:
    """Whether hair stands in tight curls rather than lies."""
    return face.hair_curl > 0.5


def hair_cover(head: Head, screen: Screen, at: NDArray, fine: F32, glints: F32) -> F32:
    """Opacity (k,) of scalp hair at pixels `at`: single strands over skin at the hairline, closed behind it.

    Hairs that lie at random let exp(-their number) of the skin through; their number grows over the whole width of
    the fade and differs from strand to strand (both by eye). A mask that only went from 0 to 1 would be the edge of a
    cap.
    """
    hair, temple = screen.layer("hair", at), screen.layer("temple", at)
    face = head.face
    strand = 0.55 * glints + 0.28 * fine
    if face.wear == "short":
        cover = _closed(2.4 * (hair / 0.75) ** 1.8, 2.2 * strand * (1 - 0.7 * hair))
        # The shortest lets scalp show between the hairs: low at the sides, all over if the whole crop is very short.
        thin = 0.04 + 0.45 * np.clip((3.5 - cropped(face, screen.spot[at, 1])) / 3.5, 0, 1)
        cover = cover * (1 - thin * np.clip(0.6 - strand, 0, 1))
        side = _closed(0.9 * ramp(0.1, 1.0, temple), 1.5 * strand)
    elif face.wear == "tied":
        # Hair combed back lies over the roots behind it, and closes within some mm.
        cover = _closed(2.6 * (hair / 0.55) ** 1.6, 2.8 * strand * (1 - 0.8 * hair))
        side = 0.38 * ramp(0.30, 1.1, temple + 0.5 * fine + 0.35 * glints)
    else:
        cover, side = ramp(0.06, 0.60, hair), 0.45 * ramp(0.30, 1.0, temple + 0.55 * fine)
    return np.clip(np.maximum(cover, side), 0, 1)


def _closed(hairs: F32, strand: F32) -> F32:
    return 1 - np.exp(-hairs * np.exp(strand))


def shade_hair(head: Head, screen: Screen, at: NDArray) -> tuple[F32, F32]:
    """Hair at pixels `at`: colour per light group (k, groups, 3), and its cover (k,)."""
    colour, cover = np.empty((at.size, len(LIGHTS), 3), np.float32), np.empty(at.size, np.float32)
    start = 0
    for some in blocks(at):
        part = slice(start, start := start + some.size)
        colour[part], cover[part] = _shade_some(head, screen, some)
    return colour, cover


def _shade_some(head: Head, screen: Screen, at: NDArray) -> tuple[F32, F32]:
    face = head.face
    p = screen.spot[at]
    way = lie(face, p)
    fine, locks, glints = _strands(face, p, way)
    cover = hair_cover(head, screen, at, fine, glints).astype(np.float32)
    depth = np.clip(np.maximum(screen.layer("hair", at), 0.7 * screen.layer("temple", at)), 0, 1)
    tone = hair_colour(face).astype(np.float32)
    albedo = _albedo(face, p, tone, fine, locks, glints, depth)
    del locks
    shine = (0.5 if face.wear == "short" else 1.0) * (1 - face.hair_curl) ** 2 + 0.06
    # The edge has few strands to shine.
    lustre = (shine * ramp(0.15, 0.9, depth)).astype(np.float32)
    to = np.stack([unit((g.directions * g.weights[:, None]).sum(0)) for g in LIGHTS]).astype(np.float32)
    tint = (tone * np.sqrt(tone) * 0.8 + 0.15 * tone).astype(np.float32)
    normal = _normal(screen, at, p, depth)
    colour = np.zeros((at.size, len(LIGHTS), 3), np.float32)
    _shade(
        normal, turn(way.way, screen.camera.rotation), screen.view(at), screen.flow(at), screen.seen(at), albedo, cover,
        fine, glints, lustre, to, tint, np.float32(0.20 + 0.2 * face.hair_curl), GLOSSY, COLOUR, colour,
    )  # fmt: skip
    return colour, cover


def _grey(face: Face, p: F32, glints: F32) -> F32:
    """How white each strand (k,) is: at the temples first, then the sides, the crown last."""
    sides = ramp(38, 62, np.abs(p[:, 0])) * ramp(85, 40, p[:, 1]) * ramp(-150, -90, p[:, 2])
    share = np.clip(face.hair_grey * (0.55 + 1.35 * sides), 0, 1)
    # The glints of this share of the strands lie above the limit.
    limit = 0.72 - 1.25 * share
    return np.minimum(0.6, 8 * share) * ramp(limit - 0.25, limit + 0.45, glints)


def _albedo(face: Face, p: F32, tone: F32, fine: F32, locks: F32, glints: F32, depth: F32) -> F32:
    """Colour of the strands (k, 3): they shade each other, roots lie deepest, some are grey."""
    contrast = (0.60 + 0.40 * float(ramp(0.1, 0.9, face.hair_eumelanin))) * (0.8 if coily(face) else 1.0)
    shade = np.exp(contrast * (0.62 * fine + 0.36 * locks)) * (0.66 + 0.34 * ramp(0.1, 1.0, depth + 0.3 * fine))
    white = _grey(face, p, glints)[:, None].astype(np.float32)
    return tone * np.clip(shade, 0.12, 2.6)[:, None].astype(np.float32) * (1 - white) + np.float32(0.27) * white


def _normal(screen: Screen, at: NDArray, p: F32, depth: F32) -> F32:
    """Normals (k, 3). The step from skin to hair is no wall that faces the lights: hairs there follow the skull."""
    skull = turn(unit(p - CENTRE).astype(np.float32), screen.camera.rotation)
    share = (0.90 - 0.45 * ramp(0.4, 1.0, depth)) * ramp(-60, -20, p[:, 1])
    share = share[:, None].astype(np.float32)
    return unit(screen.normal[at] * (1 - share) + skull * share).astype(np.float32)


@njit(fastmath=True)
def _across(t, h):
    """Sine squared between a fibre's tangent (not yet of unit length) and the half vector: Kajiya and Kay 1989."""
    c = t[0] * h[0] + t[1] * h[1] + t[2] * h[2]
    return max(np.float32(1.0) - c * c / (t[0] * t[0] + t[1] * t[1] + t[2] * t[2] + np.float32(1e-9)), np.float32(0.0))


@njit(fastmath=True)
def _shade(normal, along, view, flow, seen, albedo, cover, fine, glints, lustre, to, tint, spread, matt, tone, out):
    """Matt light and the two lobes of shine of each light group: sines to the powers 70 and 16."""
    zero, one, low = np.float32(0.0), np.float32(1.0), np.float32(0.2)
    for q in range(cover.size):
        if cover[q] <= np.float32(0.003):
            continue
        n, a, v = normal[q], along[q], view[q]
        d = n[0] * a[0] + n[1] * a[1] + n[2] * a[2]
        x, y, z = a[0] - d * n[0], a[1] - d * n[1], a[2] - d * n[2]
        inverse = one / math.sqrt(x * x + y * y + z * z + np.float32(1e-9))
        x, y, z = x * inverse, y * inverse, z * inverse
        up, down = np.float32(0.10) + spread * fine[q], spread * glints[q] - np.float32(0.16)
        root = (x + up * n[0], y + up * n[1], z + up * n[2])
        tip = (x + down * n[0], y + down * n[1], z + down * n[2])
        white = np.float32(0.045) * min(max(np.float32(0.25) + np.float32(1.1) * glints[q], zero), np.float32(1.6))
        warm = np.float32(0.30) * min(max(np.float32(0.75) + np.float32(0.8) * fine[q], np.float32(0.1)), low * 10)
        for g in range(to.shape[0]):
            first, second = np.float32(0.0), np.float32(0.0)
            if g != matt:
                hx, hy, hz = v[0] + to[g, 0], v[1] + to[g, 1], v[2] + to[g, 2]
                k = one / math.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-9))
                h = (hx * k, hy * k, hz * k)
                s, t = _across(root, h), _across(tip, h)
                t2, s2 = t * t, s * s
                t4, s4 = t2 * t2, s2 * s2
                s16 = s4 * s4 * s4 * s4
                power = seen[q, g] * lustre[q]
                first, second = white * s16 * s16 * s2 * s * power, warm * t4 * t4 * power
            matt_light = n[0] * flow[q, g, 0] + n[1] * flow[q, g, 1] + n[2] * flow[q, g, 2]
            matt_light = max(np.float32(0.85) * matt_light, np.float32(0.0))
            for c in range(3):
                light = albedo[q, c] * matt_light + first
                out[q, g, c] = light * tone[g, c] + second * tint[c]
