"""Hair on the scalp: its colour from melanins, the way it lies, its cover at the hairline and its shine.

Combed-back hair lies along great circles from the face to the back of the head. Texture is stretched along them, so
it reads as strands; the shine has the two lobes of Marschner et al. (SIGGRAPH 2003): a white one shifted to the root
and a coloured, wider one shifted to the tip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import dot, ramp, turn, unit
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.identity import Face
from nof1sim.render.procedural.light import COLOUR, GLOSSY, LIGHTS
from nof1sim.render.procedural.noise import noise
from nof1sim.render.procedural.screen import Screen

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
RADIUS_MM = 88.0


def hair_colour(face: Face, darker: float = 1.0) -> NDArray:
    """Linear albedo (3,) of the person's hair; `darker` multiplies the eumelanin (brows: above 1)."""
    absorbed = EUMELANIN * face.hair_eumelanin * darker + PHEOMELANIN * face.hair_pheomelanin
    own = np.exp(-ROUND_FACTOR * np.sqrt(absorbed)) + FLOOR
    return own * (1 - face.hair_grey) + 0.24 * face.hair_grey * np.array([1.0, 0.99, 0.96])


@dataclass(slots=True)
class Lie:
    """How hair lies at places (n,): across, mm between strands' lanes; along, mm from the face's pole; way (n, 3):
    unit direction from root to tip, head axes, not yet in the surface."""

    across: F32
    along: F32
    way: F32


def lie(face: Face, p: F32) -> Lie:
    """Combed back (or, cropped, forward over the crown) at places `p` (n, 3)."""
    v = unit(p - CENTRE).astype(np.float32)
    pole = unit(FACE_POLE + np.array([0.5 * face.hair_side, 0.0, 0.0])).astype(np.float32)
    up = np.array([0.0, FACE_POLE[2], -FACE_POLE[1]], np.float32)
    ahead = dot(v, pole)
    phi, theta = np.arctan2(v[:, 0] - pole[0] * ahead, dot(v, up)), np.arccos(np.clip(ahead, -1, 1))
    across = phi * RADIUS_MM + 0.6 * face.hair_wave * noise(p, 32, face.noise_seed + 203, 2, 0.35)
    # Towards the far pole along the great circle.
    way = unit(v * ahead[:, None] - pole)
    return Lie(across.astype(np.float32), (theta * RADIUS_MM).astype(np.float32), way.astype(np.float32))


def _strands(face: Face, p: F32, at: Lie) -> tuple[F32, F32, F32]:
    """Fine strand texture, locks and glints (n,), each about -1 .. 1."""
    seed, curl = face.noise_seed, face.hair_curl
    # Coily hair turns the strands' lanes into a fine crimp; cropped hair shows ends, not lengths.
    stretch = 0.22 if face.wear == "short" else 0.040 + 0.42 * curl * curl
    across = at.across + 1.5 * curl * curl * noise(p, 2.8, seed + 204, 2, 0.7)
    lanes = np.stack([across, at.along * stretch, np.zeros_like(across)], -1)
    fine = noise(lanes, 1.9, seed + 201, 3, 0.85)
    locks = noise(lanes * np.array([1, 0.6, 1], np.float32), 7.5, seed + 202, 2, 0.7)
    glints = noise(lanes * np.array([1, 1.4, 1], np.float32), 0.9, seed + 205, 2, 0.8)
    return fine, locks, glints


def hair_cover(head: Head, screen: Screen, at: NDArray, fine: F32, glints: F32) -> F32:
    """Opacity (k,) of scalp hair at pixels `at`: single strands over skin at the hairline, closed behind it."""
    hair, temple = screen.layer("hair")[at], screen.layer("temple")[at]
    face = head.face
    open_ = (0.12 * fine + 0.50 * glints) * (1 - hair)
    if face.wear == "short":
        # A crop of a few mm lets scalp show between the hairs near its edge, and all over if it is very short.
        thin = 0.035 * float(np.clip((3.0 - face.crop_mm) / 1.5, 0, 1))
        cover = ramp(0.0, 0.70, hair + 0.8 * temple + open_) * (1 - thin * np.clip(0.5 - fine, 0, 1))
        side = 0.95 * ramp(0.05, 0.85, temple + 0.20 * fine + 0.25 * glints)
    elif face.wear == "tied":
        cover, side = (
            ramp(0.04, 0.66, hair + open_ * ramp(0.0, 0.08, hair)),
            0.60 * ramp(0.30, 1.0, temple + 0.55 * fine),
        )
    else:
        cover, side = ramp(0.06, 0.60, hair), 0.45 * ramp(0.30, 1.0, temple + 0.55 * fine)
    return np.clip(np.maximum(cover, side), 0, 1)


def shade_hair(head: Head, screen: Screen, at: NDArray, raw: F32) -> tuple[F32, F32]:
    """Hair at pixels `at`: colour per light group (k, groups, 3), and its cover (k,). raw (k, groups): irradiance."""
    face = head.face
    p = screen.spot[at]
    way = lie(face, p)
    fine, locks, glints = _strands(face, p, way)
    cover = hair_cover(head, screen, at, fine, glints)
    tone = hair_colour(face)
    short = face.wear == "short"
    depth = np.clip(screen.layer("hair")[at], 0, 1)
    # Strands shade each other; roots lie deepest.
    contrast = (0.60 + 0.40 * float(ramp(0.1, 0.9, face.hair_eumelanin))) * (1.25 if short else 1.0)
    shade = np.exp(contrast * (0.62 * fine + 0.36 * locks)) * (0.66 + 0.34 * ramp(0.1, 1.0, depth + 0.3 * fine))
    white = face.hair_grey * ramp(0.1, 0.6, glints)[:, None]
    albedo = tone * np.clip(shade, 0.12, 2.6)[:, None] * (1 - white) + 0.30 * white
    normal = screen.normal[at]
    along = turn(way.way, screen.camera.rotation)
    flat = unit(along - dot(normal, along)[:, None] * normal)
    spread = 0.10 + 0.25 * face.hair_curl
    colour = np.empty((at.size, len(LIGHTS), 3), np.float32)
    warm = np.sqrt(tone) * 0.8
    shine = 0.45 * (1 - 0.6 * face.hair_curl) if short else 1.0 - 0.75 * face.hair_curl
    for g, group in enumerate(LIGHTS):
        colour[:, g] = albedo * (0.85 * raw[:, g, None]) * COLOUR[g]
        if g == GLOSSY:
            continue
        half = unit(screen.view[at] + unit((group.directions * group.weights[:, None]).sum(0)))
        first = _lobe(flat + normal * (0.10 + spread * fine)[:, None], half, 70.0)
        second = _lobe(flat - normal * (0.16 - spread * glints)[:, None], half, 16.0)
        seen = screen.seen[at, g] * shine
        white_part = 0.045 * first * np.clip(0.85 + 0.55 * glints, 0.2, 1.6)
        colour[:, g] += (white_part * seen)[:, None] * COLOUR[g]
        colour[:, g] += (0.30 * second * np.clip(0.75 + 0.8 * fine, 0.1, 2) * seen)[:, None] * (
            tone * warm + 0.15 * tone
        )
    return colour, cover.astype(np.float32)


def _lobe(tangent: F32, half: F32, power: float) -> F32:
    """Shine of a fibre (Kajiya and Kay 1989): sine between fibre and half vector, to a power."""
    c = dot(unit(tangent), half)
    return np.maximum(1 - c * c, 0) ** (power / 2)
