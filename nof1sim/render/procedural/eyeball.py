"""The eyeballs, ray-traced: globe, cornea, iris seen through refraction, lids' shadow, reflections of the lights.

Beyond the globe, towards the corners, the fissure shows conjunctiva and caruncle: an ellipsoid as wide as the fissure
stands for them, so that no view looks past the globe into a hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import dot, ramp, turn, unit
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.iris import iris_colour
from nof1sim.render.procedural.landmarks import skewed
from nof1sim.render.procedural.lids import EYE_RADIUS_MM
from nof1sim.render.procedural.light import COLOUR, FILL, KEY, LIGHTS
from nof1sim.render.procedural.noise import noise
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.skin import chromophores

F32 = NDArray[np.floating]
CORNEA_RADIUS_MM, CORNEA_AHEAD_MM, IRIS_AHEAD_MM = 7.9, 5.3, 10.2
"""Anterior corneal radius; centres of the cornea's sphere and of the iris plane ahead of the globe's centre."""
APERTURE_MM = np.array([16.2, 14.0, 12.7])
"""Half-axes of the ellipsoid on which the fissure lies: corner to corner, up, ahead of the globe's centre."""
SCLERA = np.array([0.365, 0.318, 0.286])
"""Linear albedo of the white of the eye: never white in a photograph, a little warm; judged by eye."""


WRAP = 0.48
"""How far light creeps round the globe: the lids throw it back and forth, and its white is translucent; by eye."""


def pupil_centres(head: Head, screen: Screen) -> NDArray:
    """Centres of the two globes, camera axes, image right then left. (2, 3)."""
    sides = np.array([[1.0, 1, 1], [-1.0, 1, 1]])
    return screen.camera.place(skewed(head.face, head.lids.centre * sides)).astype(float)


def gaze(screen: Screen, centre: NDArray) -> NDArray:
    """Unit direction of sight: at the camera in a front view, with the head and a little towards it in a turned one."""
    ahead = screen.camera.rotation[:, 2].astype(float)
    towards = unit(screen.camera.eye.astype(float) - centre)
    share = 0.18 + 0.60 * ramp(0.88, 0.99, float(ahead[2]))
    return unit(share * towards + (1 - share) * ahead)


def _dot(a: NDArray, b: NDArray) -> NDArray:
    return dot(a, b)


def shade_eyes(head: Head, screen: Screen, melanin: float) -> tuple[NDArray, F32, F32, F32]:
    """Pixels (k,) into the screen's arrays, their cover (k,), colour per light group (k, groups, 3), gloss (k,)."""
    right, left = pupil_centres(head, screen)
    a, b = _shade_eye(head, screen, right, 1, melanin), _shade_eye(head, screen, left, -1, melanin)
    joined: list[NDArray] = [np.concatenate(pair) for pair in zip(a, b, strict=True)]
    return joined[0], joined[1], joined[2], joined[3]


@dataclass(slots=True)
class _Eye:
    """Pixels of one eye: rays and what they meet, camera axes; above, below, inner, outer: mm to lids and corners."""

    head: Head
    side: int
    centre: NDArray
    look: NDArray
    ray: NDArray
    point: NDArray
    normal: NDArray
    on_cornea: NDArray
    local: F32
    globe: NDArray
    above: NDArray
    below: NDArray
    inner: NDArray
    outer: NDArray


def _meet(eye: NDArray, ray: NDArray, centre: NDArray, radius: float) -> NDArray:
    """Distance along rays to a sphere; 1e9 past it."""
    oc = eye - centre
    b = _dot(ray, oc)
    q = b * b - (float((oc * oc).sum()) - radius * radius)
    return np.where(q > 0, -b - np.sqrt(np.maximum(q, 0)), 1e9)


def _trace(head: Head, screen: Screen, at: NDArray, centre: NDArray, side: int) -> _Eye:
    place = screen.place[at].astype(float)
    eye = screen.camera.eye.astype(float)
    ray = unit(place - eye)
    look = gaze(screen, centre)
    cornea = centre + look * CORNEA_AHEAD_MM
    t_globe, t_cornea = _meet(eye, ray, centre, EYE_RADIUS_MM), _meet(eye, ray, cornea, CORNEA_RADIUS_MM)
    t = np.minimum(t_globe, t_cornea)
    missed = t > 1e8
    window, outward = _aperture(screen, eye, ray, centre)
    # Off the globe one sees the tissue that closes the fissure.
    turned = screen.camera.rotation
    point = np.where(missed[:, None], centre + turn(window, turned), eye + ray * np.where(missed, 0, t)[:, None])
    on_cornea = (t_cornea < t_globe) & ~missed
    normal = unit(np.where(on_cornea[:, None], point - cornea, point - centre))
    normal = np.where(missed[:, None], turn(outward, turned), normal)
    # How surely the globe, not the tissue beside it, is what one sees: fades out towards its rim.
    globe = np.where(missed, 0.0, ramp(0.10, 0.42, -_dot(ray, unit(point - centre))))
    lids, m = head.lids, head.marks
    x, y = side * window[:, 0] + lids.centre[0], window[:, 1] + lids.centre[1]
    # Past the globe the window lies deeper than the corner of the lids: there the mesh knows better.
    own_x, own_y = side * screen.spot[at, 0].astype(float), screen.spot[at, 1].astype(float)
    x, y = globe * x + (1 - globe) * own_x, globe * y + (1 - globe) * own_y
    local = turn(point - centre, turned.T)
    # No lid is nearer than the mesh has it: seen aslant, the window would lie under a lid before it.
    least = screen.layer("lid")[at]
    above, below = np.maximum(lids.upper_at(x) - y, least), np.maximum(y - lids.lower_at(x), least)
    return _Eye(head, side, centre, look, ray, point, normal, on_cornea, local, globe, above, below,
                x - m.eye_inner, m.eye_outer - x)  # fmt: skip


def _aperture(screen: Screen, eye: NDArray, ray: NDArray, centre: NDArray) -> tuple[F32, F32]:
    """Where rays pass the lids' opening, and the unit normal there: (k, 3) from the globe's centre, head axes.

    The mesh behind the opening is a pit, so its own places would put what one sees too near the lids.
    """
    back = screen.camera.rotation.T
    o, d = turn(eye - centre, back) / APERTURE_MM, turn(ray, back) / APERTURE_MM
    dd, od = _dot(d, d), _dot(d, o)
    q = np.maximum(od * od - dd * (float((o * o).sum()) - 1), 0)
    at = o + d * ((-od - np.sqrt(q)) / dd)[:, None]
    return (at * APERTURE_MM).astype(np.float32), unit(at / APERTURE_MM).astype(np.float32)


def _shade_eye(head: Head, screen: Screen, centre: NDArray, side: int, melanin: float):
    lid = screen.layer("lid")
    at = np.flatnonzero((lid > -0.5) & (screen.owner == 0) & (screen.spot[:, 0] * side > 0))
    e = _trace(head, screen, at, centre, side)
    cover = ramp(-0.25, 0.30, lid[at])
    albedo = _colour(e, melanin)
    # The brow and the upper lid with its lashes keep light off the upper third of the globe, of less where the lids
    # leave only a slit.
    reach = 4.4 * np.clip((e.above + e.below) / 9, 0.4, 1)
    shadow = (0.17 + 0.83 * ramp(-0.3, 1.0, e.above / reach)) * (0.84 + 0.16 * ramp(-0.2, 2.2, e.below))
    shadow = shadow * (0.52 + 0.48 * ramp(-1.0, 7.5, np.minimum(e.inner, e.outer)))
    # In a turned view the rays to the corner pass the opening's edge; what they meet lies open to the light.
    open_ = (0.50 + 0.40 * ramp(-0.3, 3.0, e.above)) * (0.62 + 0.38 * ramp(-0.5, 4.0, np.minimum(e.inner, e.outer)))
    shadow = shadow * e.globe + open_ * (1 - e.globe)
    colour = np.empty((at.size, len(LIGHTS), 3), np.float32)
    out = unit(0.75 * unit(e.point - centre) + 0.25 * e.normal)
    ahead = screen.camera.rotation[:, 2].astype(float)
    out = unit(out * e.globe[:, None] + unit(e.normal + ahead) * (1 - e.globe[:, None]))
    # Between the lids light has been thrown about: towards the corners the globe's own slant tells little.
    out = unit(out + (0.9 * ramp(9.0, 0.0, np.minimum(e.inner, e.outer)))[:, None] * np.array([0.0, 0.0, 1.0]))
    # Light that has passed through the lids' edge tints what lies under them.
    warm = 1 - ((0.55 * ramp(2.4, 0.0, e.above) + 0.25 * ramp(1.0, 0, e.below)) * e.globe)[:, None] * np.array(
        [0.0, 0.16, 0.20]
    )
    for g, group in enumerate(LIGHTS):
        light = np.zeros(at.size)
        for d, w in zip(group.directions, group.weights, strict=True):
            light += w * np.clip((_dot(out, d.astype(float)) + WRAP) / (1 + WRAP), 0, 1)
        colour[:, g] = albedo * warm * (light * shadow)[:, None] * COLOUR[g]
    return at, cover.astype(np.float32), colour, _reflections(e).astype(np.float32)


def _colour(e: _Eye, melanin: float) -> NDArray:
    """Albedo (k, 3): iris, sclera with veins, conjunctiva, caruncle, the moist rims of the lids."""
    face = e.head.face
    iris, r = iris_colour(face, *_iris_plane(e))
    away = np.arccos(np.clip(_dot(unit(e.point - e.centre), e.look), -1, 1)) * EYE_RADIUS_MM
    vein = noise(e.local + np.float32(e.side * 40), 1.7, face.noise_seed + 7, 3, 0.7, (4, 1, 1))
    vein = ramp(0.16, 0.50, vein) * ramp(6.5, 12, away)
    red = 0.04 + 0.26 * ramp(7.5, 14, away) + 0.30 * vein + 0.22 * ramp(4.5, 0.5, np.minimum(e.inner, e.outer))
    # On dark skin the conjunctiva carries pigment: a duller, browner white, the more the farther from the iris.
    brown = float(np.clip((38 - face.ita_deg) / 66, 0, 1)) * (0.62 + 0.38 * ramp(5, 12, away))
    white = SCLERA * (1 - red[:, None] * np.array([0.10, 0.46, 0.46]))
    white = white * (1 - brown[:, None] * np.array([0.66, 0.70, 0.74]))
    limbus = ramp(6.15, 5.30, r)[:, None]
    tissue = white * np.array([0.98, 0.88, 0.83])
    colour = (white * (1 - limbus) + iris * limbus) * e.globe[:, None] + tissue * (1 - e.globe[:, None])
    pink = chromophores.albedo(np.array([melanin * 0.30 + 0.004]), np.array([0.075]))[0]
    corner = (ramp(5.2, 1.8, e.inner + 0.6 * np.abs(e.local[:, 1] + 1.2)) * 0.9)[:, None]
    fold = 0.35 * np.exp(-(((e.inner - 4.4) / 0.7) ** 2))[:, None]  # plica, beside the caruncle
    rim = ((0.85 * ramp(0.95, 0.25, e.below) + 0.5 * ramp(0.5, 0.0, e.above)) * (0.4 + 0.6 * e.globe))[:, None]
    margin = chromophores.albedo(np.array([melanin * 0.65 + 0.004]), np.array([0.055]))[0]
    for share, own in ((fold, pink), (corner, pink), (rim, margin)):
        colour = colour * (1 - share) + own * share
    return colour


def _iris_plane(e: _Eye) -> tuple[NDArray, NDArray]:
    """Where the rays, refracted at the cornea (n = 1.336), meet the iris's plane: mm right and up of its middle."""
    eta = 1 / 1.336
    c = -_dot(e.ray, e.normal)
    bent = eta * e.ray + (eta * c - np.sqrt(np.maximum(1 - eta * eta * (1 - c * c), 0)))[:, None] * e.normal
    inside = np.where(e.on_cornea[:, None], bent, e.ray)
    plane = e.centre + e.look * IRIS_AHEAD_MM
    along = np.minimum(_dot(inside, e.look), -0.05)
    q = e.point + inside * (_dot(plane - e.point, e.look) / along)[:, None]
    a = unit(np.cross([0, 1, 0], e.look))
    b = np.cross(e.look, a)
    return _dot(q - plane, a), _dot(q - plane, b)


def _reflections(e: _Eye) -> NDArray:
    mirror = e.ray - 2 * _dot(e.ray, e.normal)[:, None] * e.normal

    def box(direction, ha: float, hb: float) -> NDArray:
        d = unit(np.array(direction))
        a = unit(np.cross([0, 1, 0], d))
        b = np.cross(d, a)
        w = _dot(mirror, d)
        u, v = np.abs(_dot(mirror, a) / np.maximum(w, 0.1)), np.abs(_dot(mirror, b) / np.maximum(w, 0.1))
        return ramp(ha + 0.03, ha - 0.03, u) * ramp(hb + 0.03, hb - 0.03, v) * (w > 0)

    ring = np.arccos(np.clip(_dot(mirror, unit(np.array([0, 0.04, 1.0]))), -1, 1))
    lights = 0.95 * box(KEY, 0.20, 0.26) + 0.30 * box(FILL, 0.14, 0.22)
    lights = lights + 0.50 * ramp(0.050, 0.075, ring) * ramp(0.16, 0.13, ring)
    # A wet globe mirrors the lit room above and the face below; lashes break up what is near the lid.
    sky = 0.006 * ramp(-0.3, 0.9, mirror[:, 1]) * ramp(0.2, 2.2, e.above)
    wet = e.globe * ramp(-0.1, 0.9, e.above) * np.where(e.on_cornea, 1.0, 0.22)  # the white of the eye is uneven
    corners = np.minimum(e.inner, e.outer)
    tear = 0.085 * np.exp(-(((e.below - 0.85) / 0.20) ** 2)) * ramp(0.5, 4, corners)  # wet line along the lower lid
    glint = 0.10 * np.exp(-(((e.inner - 2.0) / 0.5) ** 2 + ((e.local[:, 1] + 0.6) / 0.4) ** 2))  # on the caruncle
    return lights * 0.95 * wet + sky + tear + glint
