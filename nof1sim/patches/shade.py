"""Light on a piece of skin: room, lamp or window, flash."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.light import white_balance
from nof1sim.render.skin import Lighting, chromophores
from nof1sim.render.skin.relight import RELIEF, gloss

from . import strip as s
from .compiled import njit
from .shot import Shot

F = np.float32
ROOM, KEY, FLASH = 0, 1, 2
"""Groups of light."""
WRAP = np.array([0.34, 0.20, 0.15], np.float32)
"""How far light wraps round a form under the skin, per channel."""
ROOM_FLOW = (0.0, 0.18, 0.36)
"""Vector irradiance of the room's light, beside its even part."""
ROOM_EVEN = 0.58
STEPS, LOWEST, HIGHEST = 40, -1.6, 2.4
"""Places of the colour table along either log multiplier, and their range."""
FLASH_DISTANCE = 2.6
"""Distance of camera and flash, in widths of the picture."""


class Lamps(NamedTuple):
    """Direction of the key light, camera axes; distance of the camera in mm; strengths; vignette."""

    x: float
    y: float
    z: float
    distance: float
    room: float
    key: float
    flash: float
    vignette: float


def lamps_of(shot: Shot, field_mm: float) -> Lamps:
    """The lights of a shot."""
    way, height = math.radians(shot.key_deg), math.radians(shot.key_height_deg)
    flat = math.cos(height)
    return Lamps(
        flat * math.cos(way), flat * math.sin(way), math.sin(height), FLASH_DISTANCE * field_mm * shot.distance,
        shot.room, shot.key, shot.flash, shot.vignette,
    )  # fmt: skip


def lighting_of(lamps: Lamps, shot: Shot) -> Lighting:
    """The same for the lesion layer."""
    g = groups_of(lamps)
    direction = np.array([[0, 0, 0], [lamps.x, lamps.y, lamps.z], [0, 0, 1]], np.float32)
    colour = np.stack([white_balance(shot.room_k), np.ones(3), np.array([0.99, 1.0, 1.02])]).astype(np.float32)
    strength = np.array([lamps.room, lamps.key, lamps.flash], np.float32)
    return Lighting(direction[:g], np.array([0.0, 0.45, 0.12], np.float32)[:g], strength[:g], colour[:g], WRAP)


def groups_of(lamps: Lamps) -> int:
    """Groups of light: a flash that is off is none."""
    return 3 if lamps.flash > 0 else 2


def multiplier(x):
    """Of melanin or blood: near exp(x), without one."""
    y = np.maximum(1 + np.asarray(x) * np.float32(0.25), 0)
    return y * y * y * y


def colours(melanin: float, blood: float) -> NDArray[np.float32]:
    """Albedo over the log multipliers of melanin and blood, (STEPS, STEPS, 3), flat."""
    x = multiplier(np.linspace(LOWEST, HIGHEST, STEPS))
    return chromophores.albedo((melanin * x)[:, None], (blood * x)[None]).ravel()


class Skin(NamedTuple):
    """What a piece's skin is made of: see `Piece`; rough : of its gloss."""

    melanin: float
    blood: float
    oil: float
    rough: float


@njit()
def pigment(b, whole, table, skin):
    """Melanin, blood and colour of a strip of stained skin."""
    n, scale = np.int32(STEPS), F((STEPS - 1) / (HIGHEST - LOWEST))
    melanin, blood = F(skin.melanin), F(skin.blood)
    for i in range(s.WIDTH):
        m = min(max(b[s.BROWN + i], F(LOWEST)), F(HIGHEST))
        d = min(max(b[s.RED + i], F(LOWEST)), F(HIGHEST))
        y, x = F(1) + F(0.25) * m, F(1) + F(0.25) * d
        b[s.MELANIN + i], b[s.BLOOD + i] = melanin * y * y * y * y, blood * x * x * x * x
        v, u = (m - F(LOWEST)) * scale, (d - F(LOWEST)) * scale
        j, k = min(np.int32(v), n - np.int32(2)), min(np.int32(u), n - np.int32(2))
        b[s.SHARE_U + i], b[s.SHARE_V + i] = u - F(k), v - F(j)
        whole[s.AT + i] = np.int32(3) * (j * n + k)
    one, two, three, row = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(3 * STEPS)
    for i in range(s.WIDTH):
        x, y = b[s.SHARE_U + i], b[s.SHARE_V + i]
        p = np.uint64(whole[s.AT + i])
        q, r, t, xy = p + three, p + row, p + row + three, x * y
        w00, w10, w01 = F(1) - x - y + xy, x - xy, y - xy
        b[s.ALBEDO_R + i] = w00 * table[p] + w10 * table[q] + w01 * table[r] + xy * table[t]
        b[s.ALBEDO_G + i] = w00 * table[p + one] + w10 * table[q + one] + w01 * table[r + one] + xy * table[t + one]
        b[s.ALBEDO_B + i] = w00 * table[p + two] + w10 * table[q + two] + w01 * table[r + two] + xy * table[t + two]


@njit()
def tilt(f, lamps, row, start, b):
    """From smooth normals and slopes: normals with relief; unit vectors to the camera and the fall of light from it."""
    middle, away = F((f.size - 1) / 2), F(f.pixel / lamps.distance)
    cos, sin, dusk = F(f.cos), F(f.sin), F(lamps.vignette / (2 * ((f.size - 1) / 2) ** 2))
    py = F(row) - middle
    for i in range(s.WIDTH):
        px = F(start + i) - middle
        vx, vy = -px * away, py * away
        near = F(1) / (F(1) + vx * vx + vy * vy)
        k = math.sqrt(near)
        b[s.VIEW_X + i], b[s.VIEW_Y + i], b[s.VIEW_Z + i], b[s.NEAR + i] = vx * k, vy * k, k, near * near
        nx, ny, nz = b[s.SMOOTH_X + i], b[s.SMOOTH_Y + i], b[s.SMOOTH_Z + i]
        ga, gc = b[s.SLOPE_A + i], b[s.SLOPE_C + i]
        gx, gy = cos * ga - sin * gc, sin * ga + cos * gc
        x, y, z = nx - gx * nz, ny - gy * nz, nz + gx * nx + gy * ny
        one = F(1) / math.sqrt(x * x + y * y + z * z)
        b[s.NORMAL_X + i], b[s.NORMAL_Y + i], b[s.NORMAL_Z + i] = x * one, y * one, z * one
        b[s.LENS + i] = F(1) - dusk * (px * px + py * py)


@njit()
def shine(b, skin, lamps, spread):
    """Gloss of the lamp and of the flash, per unit of light."""
    to, alpha, oil = (F(lamps.x), F(lamps.y), F(lamps.z)), F(skin.rough * skin.rough), F(skin.oil)
    wide = spread[KEY]
    for i in range(s.WIDTH):
        n = b[s.NORMAL_X + i], b[s.NORMAL_Y + i], b[s.NORMAL_Z + i]
        v = b[s.VIEW_X + i], b[s.VIEW_Y + i], b[s.VIEW_Z + i]
        b[s.KEY_SHINE + i] = gloss(n, v, to, wide, alpha, oil)
    if spread.size > FLASH:
        ahead, wide = (F(0), F(0), F(1)), spread[FLASH]
        for i in range(s.WIDTH):
            n = b[s.NORMAL_X + i], b[s.NORMAL_Y + i], b[s.NORMAL_Z + i]
            v = b[s.VIEW_X + i], b[s.VIEW_Y + i], b[s.VIEW_Z + i]
            b[s.FLASH_SHINE + i] = gloss(n, v, ahead, wide, alpha, oil)


@njit(inline="always")
def fallen(b, i, bx, by, bz):
    """What of a group's light falls on the smooth skin, and how much more on its relief."""
    smooth = b[s.SMOOTH_X + i] * bx + b[s.SMOOTH_Y + i] * by + b[s.SMOOTH_Z + i] * bz
    return smooth, b[s.NORMAL_X + i] * bx + b[s.NORMAL_Y + i] * by + b[s.NORMAL_Z + i] * bz - smooth


@njit()
def light(b, lamps, colour, wrap):
    """LIGHT of all groups, wrapped round the form per channel."""
    k0, k1, k2 = F(RELIEF[0]), F(RELIEF[1]), F(RELIEF[2])
    w0, w1, w2 = wrap[0], wrap[1], wrap[2]
    power = F(lamps.room)
    p0, p1, p2 = power * colour[ROOM, 0], power * colour[ROOM, 1], power * colour[ROOM, 2]
    power, x, y, z = F(lamps.key), F(lamps.x), F(lamps.y), F(lamps.z)
    q0, q1, q2 = power * colour[KEY, 0] / (F(1) + w0), power * colour[KEY, 1] / (F(1) + w1), power * colour[KEY, 2] / (
        F(1) + w2)  # fmt: skip
    for i in range(s.WIDTH):
        flat, more = fallen(b, i, F(ROOM_FLOW[0]), F(ROOM_FLOW[1]), F(ROOM_FLOW[2]))
        lit, rise = fallen(b, i, x, y, z)
        dim, flat = b[s.DIM + i], flat + F(ROOM_EVEN)
        e0 = p0 * max(flat + k0 * more, F(0)) + q0 * max(lit + k0 * rise + w0, F(0))
        e1 = p1 * max(flat + k1 * more, F(0)) + q1 * max(lit + k1 * rise + w1, F(0))
        e2 = p2 * max(flat + k2 * more, F(0)) + q2 * max(lit + k2 * rise + w2, F(0))
        b[s.LIGHT_R + i], b[s.LIGHT_G + i], b[s.LIGHT_B + i] = dim * e0, dim * e1, dim * e2
        b[s.GLOSSY + i] = power * b[s.KEY_SHINE + i]
    if colour.shape[0] > FLASH:
        power = F(lamps.flash)
        p0, p1, p2 = power * colour[FLASH, 0], power * colour[FLASH, 1], power * colour[FLASH, 2]
        for i in range(s.WIDTH):
            near, dim = b[s.NEAR + i], b[s.DIM + i]  # a flash falls off from the middle
            flat, more = fallen(b, i, b[s.VIEW_X + i] * near, b[s.VIEW_Y + i] * near, b[s.VIEW_Z + i] * near)
            e0, e1, e2 = flat + k0 * more + w0 * near, flat + k1 * more + w1 * near, flat + k2 * more + w2 * near
            b[s.LIGHT_R + i] += p0 * dim * max(e0, F(0)) / (F(1) + w0 * near)
            b[s.LIGHT_G + i] += p1 * dim * max(e1, F(0)) / (F(1) + w1 * near)
            b[s.LIGHT_B + i] += p2 * dim * max(e2, F(0)) / (F(1) + w2 * near)
            b[s.GLOSSY + i] += power * b[s.FLASH_SHINE + i]


@njit()
def show(b):
    """The clear picture of a strip, linear: FIRST, SECOND, THIRD."""
    for i in range(s.WIDTH):
        glossy, lens = b[s.GLOSSY + i], b[s.LENS + i]
        b[s.FIRST + i] = (b[s.ALBEDO_R + i] * b[s.LIGHT_R + i] + glossy) * lens
        b[s.SECOND + i] = (b[s.ALBEDO_G + i] * b[s.LIGHT_G + i] + glossy) * lens
        b[s.THIRD + i] = (b[s.ALBEDO_B + i] * b[s.LIGHT_B + i] + glossy) * lens


@njit()
def store(b, at, many, picture):
    """Put a strip's first `many` pixels into the picture (n, 3), from `at` on."""
    for i in range(many):
        q = np.uint64(at + i)
        picture[q, 0], picture[q, 1], picture[q, 2] = b[s.FIRST + i], b[s.SECOND + i], b[s.THIRD + i]
