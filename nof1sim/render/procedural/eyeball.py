"""The eyeballs, ray-traced: globe, cornea, iris seen through refraction, lids' shadow, reflections of the lights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.fields import ramp, turn, unit
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.landmarks import skewed
from nof1sim.render.procedural.lids import EYE_RADIUS_MM
from nof1sim.render.procedural.light import COLOUR, FILL, KEY, LIGHTS
from nof1sim.render.procedural.noise import noise
from nof1sim.render.procedural.screen import Screen
from nof1sim.render.skin import chromophores

F32 = NDArray[np.floating]
IRIS = np.array(
    [[0.026, 0.013, 0.008], [0.042, 0.020, 0.010], [0.085, 0.058, 0.024], [0.075, 0.115, 0.15], [0.085, 0.105, 0.06]]
)
"""Linear albedo: dark brown, brown, hazel, blue, green."""
CORNEA_RADIUS_MM, CORNEA_AHEAD_MM, IRIS_AHEAD_MM = 7.9, 5.3, 10.2
"""Anterior corneal radius; centres of the cornea's sphere and of the iris plane ahead of the globe's centre."""


def pupil_centres(head: Head, screen: Screen) -> NDArray:
    """Centres of the two globes, camera axes, image right then left. (2, 3)."""
    sides = np.array([[1.0, 1, 1], [-1.0, 1, 1]])
    return screen.camera.place(skewed(head.face, head.lids.centre * sides)).astype(float)


def gaze(screen: Screen, centre: NDArray) -> NDArray:
    """Unit direction of sight: at the camera in a front view, mostly with the head in a turned one."""
    ahead = screen.camera.rotation[:, 2].astype(float)
    towards = unit(screen.camera.eye.astype(float) - centre)
    return unit(0.55 * towards + 0.45 * ahead) if ahead[2] > 0.95 else unit(0.15 * towards + 0.85 * ahead)


def _dot(a: NDArray, b: NDArray) -> NDArray:
    return (a * b).sum(-1)


def shade_eyes(head: Head, screen: Screen, melanin: float) -> tuple[NDArray, F32, F32, F32]:
    """Pixels (k,) into the screen's arrays, their cover (k,), colour per light group (k, groups, 3), gloss (k,)."""
    right, left = pupil_centres(head, screen)
    a, b = _shade_eye(head, screen, right, 1, melanin), _shade_eye(head, screen, left, -1, melanin)
    joined: list[NDArray] = [np.concatenate(pair) for pair in zip(a, b, strict=True)]
    return joined[0], joined[1], joined[2], joined[3]


def _shade_eye(head: Head, screen: Screen, centre: NDArray, side: int, melanin: float):
    lid = screen.layer("lid")
    at = np.flatnonzero((lid > -1.5) & (screen.owner == 0) & (screen.spot[:, 0] * side > 0))
    place = screen.place[at].astype(float)
    eye = screen.camera.eye.astype(float)
    ray = unit(place - eye)
    look = gaze(screen, centre)

    def hit(c: NDArray, r: float) -> NDArray:
        oc = eye - c
        b = _dot(ray, oc)
        q = b * b - (float(oc @ oc) - r * r)
        return np.where(q > 0, -b - np.sqrt(np.maximum(q, 0)), 1e9)

    cornea = centre + look * CORNEA_AHEAD_MM
    t_globe, t_cornea = hit(centre, EYE_RADIUS_MM), hit(cornea, CORNEA_RADIUS_MM)
    t = np.minimum(t_globe, t_cornea)
    ok = t < 1e8
    at, ray, place, t, on_cornea = at[ok], ray[ok], place[ok], t[ok], (t_cornea < t_globe)[ok]
    point = eye + ray * t[:, None]
    normal = unit(np.where(on_cornea[:, None], point - cornea, point - centre))
    cover = np.clip((point[:, 2] - place[:, 2]) * 1.6 + 0.5, 0, 1) * ramp(-0.2, 0.35, lid[at])
    local = turn(point - centre, screen.camera.rotation.T)
    albedo = _globe_colour(head, point, ray, normal, on_cornea, centre, look, local, side, melanin)
    above, below, inner = _apertures(head, np.abs(screen.spot[at, 0]), screen.spot[at, 1])
    shadow = (0.18 + 0.82 * ramp(-0.2, 5.0, above)) * (0.55 + 0.45 * ramp(-0.2, 2.2, below))
    shadow = shadow * (0.55 + 0.45 * ramp(0, 4.5, inner))
    colour = np.empty((at.size, len(LIGHTS), 3), np.float32)
    out = unit(point - centre)
    for g, group in enumerate(LIGHTS):
        light = np.zeros(at.size)
        for d, w in zip(group.directions, group.weights, strict=True):
            light += w * np.clip((_dot(out, d.astype(float)) + 0.25) / 1.25, 0, 1)
        colour[:, g] = albedo * (light * shadow)[:, None] * COLOUR[g]
    return at, cover.astype(np.float32), colour, _reflections(ray, normal, above, below, inner).astype(np.float32)


def _apertures(head: Head, x: F32, y: F32) -> tuple[NDArray, NDArray, NDArray]:
    """Distance below the upper lid, above the lower lid, and from the nearer corner."""
    lids, m = head.lids, head.marks
    return lids.upper_at(x) - y, y - lids.lower_at(x), np.minimum(x - m.eye_inner, m.eye_outer - x)


def _globe_colour(head, point, ray, normal, on_cornea, centre, look, local, side, melanin) -> NDArray:
    face, m = head.face, head.marks
    # Refract at the cornea (n = 1.336) and meet the iris plane.
    eta = 1 / 1.336
    c = -_dot(ray, normal)
    bent = eta * ray + (eta * c - np.sqrt(np.maximum(1 - eta * eta * (1 - c * c), 0)))[:, None] * normal
    inside = np.where(on_cornea[:, None], bent, ray)
    plane = centre + look * IRIS_AHEAD_MM
    q = point + inside * (_dot(plane - point, look) / _dot(inside, look))[:, None]
    a = unit(np.cross([0, 1, 0], look))
    b = np.cross(look, a)
    ix, iy = _dot(q - plane, a), _dot(q - plane, b)
    r, th = np.hypot(ix, iy), np.arctan2(iy, ix)
    fibre = np.sin(th * 37 + 6 * np.sin(th * 5 + 1.3) + r * 2.2) * 0.25
    fibre = 0.5 + fibre + 0.2 * np.sin(th * 61 + 2 * np.sin(th * 9) + 1) + 0.25
    iris = IRIS[face.iris] * ((0.65 + 0.55 * fibre) * (1 + 0.5 * np.exp(-(((r - 3.0) / 0.7) ** 2))))[:, None]
    iris = iris * (1.25 if face.iris > 1 else 1.0) * (1 - 0.75 * ramp(4.7, 5.8, r))[:, None]
    iris = iris * ramp(face.pupil_mm - 0.15, face.pupil_mm + 0.25, r)[:, None] + 0.004
    iris = iris * (1 + 0.30 * ramp(-3, 5, ix * 0.6 - iy * 0.8))[:, None]  # caustic opposite to the key light
    away = np.arccos(np.clip(_dot(unit(point - centre), look), -1, 1)) * EYE_RADIUS_MM
    vein = noise(local + np.float32(side * 40), 2.2, face.noise_seed + 7, 3, 0.6, (3, 1, 1))
    red = np.clip(0.12 + 0.5 * ramp(7, 12.5, away) + 0.25 * np.maximum(vein, 0), 0, 1) * 0.55
    sclera = np.array([0.29, 0.262, 0.248]) * (1 - red[:, None] * np.array([0.10, 0.42, 0.40]))
    limbus = ramp(6.05, 5.25, r)[:, None]
    colour = sclera * (1 - limbus) + iris * limbus
    corner = ramp(3.6, 1.2, np.abs(local[:, 0] + side * head.lids.centre[0]) - m.eye_inner)[:, None] * 0.85
    caruncle = chromophores.albedo(np.array([melanin * 0.35]), np.array([0.05]))[0]
    return colour * (1 - corner) + caruncle * corner


def _reflections(ray, normal, above, below, inner) -> NDArray:
    mirror = ray - 2 * _dot(ray, normal)[:, None] * normal

    def box(direction, ha: float, hb: float) -> NDArray:
        d = unit(np.array(direction))
        a = unit(np.cross([0, 1, 0], d))
        b = np.cross(d, a)
        w = _dot(mirror, d)
        u, v = np.abs(_dot(mirror, a) / np.maximum(w, 0.1)), np.abs(_dot(mirror, b) / np.maximum(w, 0.1))
        return ramp(ha + 0.02, ha - 0.02, u) * ramp(hb + 0.02, hb - 0.02, v) * (w > 0)

    ring = np.arccos(np.clip(_dot(mirror, unit(np.array([0, 0.04, 1.0]))), -1, 1))
    lights = 0.9 * box(KEY, 0.15, 0.20) + 0.32 * box(FILL, 0.12, 0.19)
    lights = lights + 0.75 * ramp(0.055, 0.075, ring) * ramp(0.16, 0.14, ring)
    sky = 0.0072 * ramp(-0.2, 0.8, mirror[:, 1])
    tear = 0.10 * np.exp(-(((below - 0.25) / 0.22) ** 2)) * ramp(0, 4, inner)  # wet line on the lower lid
    return lights * 0.95 * ramp(-0.1, 0.8, above) + sky + tear
