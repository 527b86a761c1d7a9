"""Light on a piece of skin: room, lamp or window, flash. Fills the buffer that lesions are drawn on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.light import white_balance
from nof1sim.render.skin import Lighting, chromophores

from .compiled import njit
from .shot import Shot

F = np.float32
ROOM = 0
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
    """Albedo (STEPS, STEPS, 3) over the log multipliers of melanin and blood."""
    x = multiplier(np.linspace(LOWEST, HIGHEST, STEPS))
    return chromophores.albedo((melanin * x)[:, None], (blood * x)[None])


@njit()
def paint_skin(table, melanin, blood, stain, cover, albedo, pigment, vessels):
    """Albedo (n, 3), melanin (n,) and blood (n,) of stained skin."""
    n = table.shape[0]
    scale = F((STEPS - 1) / (HIGHEST - LOWEST))
    for q in range(cover.size):
        if cover[q] <= F(0):
            continue
        m, b = min(max(stain[q, 0], F(LOWEST)), F(HIGHEST)), min(max(stain[q, 1], F(LOWEST)), F(HIGHEST))
        y, x = F(1) + F(0.25) * m, F(1) + F(0.25) * b
        pigment[q], vessels[q] = melanin * y * y * y * y, blood * x * x * x * x
        v, u = (m - F(LOWEST)) * scale, (b - F(LOWEST)) * scale
        j, i = min(int(v), n - 2), min(int(u), n - 2)
        d, c = v - F(j), u - F(i)
        w00, w01, w10, w11 = (F(1) - d) * (F(1) - c), (F(1) - d) * c, d * (F(1) - c), d * c
        for k in range(3):
            albedo[q, k] = w00 * table[j, i, k] + w01 * table[j, i + 1, k] + w10 * table[j + 1, i, k] + (
                w11 * table[j + 1, i + 1, k])  # fmt: skip


@njit()
def tilt(f, lamps, slope, cover, smooth, normal, view, flow, seen):
    """From smooth normals and slopes: normals with relief, unit vectors to the camera, light groups' directions."""
    size, groups = f.size, seen.shape[1]
    cos, sin, middle = F(f.cos), F(f.sin), F((size - 1) / 2)
    away = F(f.pixel / lamps.distance)
    bx, by, bz = F(ROOM_FLOW[0]), F(ROOM_FLOW[1]), F(ROOM_FLOW[2])
    kx, ky, kz = F(lamps.x), F(lamps.y), F(lamps.z)
    for row in range(size):
        vy = (F(row) - middle) * away
        for column in range(size):
            q = np.uint64(row * size + column)
            if cover[q] <= F(0):
                continue
            vx = (middle - F(column)) * away
            near = F(1) / (F(1) + vx * vx + vy * vy)
            k = math.sqrt(near)
            view[q, 0], view[q, 1], view[q, 2] = vx * k, vy * k, k
            nx, ny, nz = smooth[q, 0], smooth[q, 1], smooth[q, 2]
            gx, gy = cos * slope[q, 0] - sin * slope[q, 1], sin * slope[q, 0] + cos * slope[q, 1]
            x, y, z = nx - gx * nz, ny - gy * nz, nz + gx * nx + gy * ny
            size1 = F(1) / math.sqrt(x * x + y * y + z * z)
            normal[q, 0], normal[q, 1], normal[q, 2] = x * size1, y * size1, z * size1
            flow[q, 0, 0], flow[q, 0, 1], flow[q, 0, 2] = bx, by, bz
            flow[q, 1, 0], flow[q, 1, 1], flow[q, 1, 2] = kx, ky, kz
            seen[q, 0], seen[q, 1] = F(0), F(1)
            if groups > 2:
                seen[q, 2] = near * near  # a flash falls off from the middle
                k *= near * near
                flow[q, 2, 0], flow[q, 2, 1], flow[q, 2, 2] = vx * k, vy * k, k


@njit()
def light_skin(
    f, lamps, colour, wrap, relief, dim, cover, albedo, smooth, normal, flow, seen, shine, light, gloss, through, sheen,
    picture,
):  # fmt: skip
    """Light of each pixel of skin, and the clear picture (n, 3), linear. shine (n, g): gloss per unit of light."""
    size, groups = f.size, colour.shape[0]
    middle = F((size - 1) / 2)
    power = (F(lamps.room), F(lamps.key), F(lamps.flash))
    dusk = F(lamps.vignette / (2 * middle * middle))
    for row in range(size):
        py = F(row) - middle
        for column in range(size):
            q = np.uint64(row * size + column)
            if cover[q] <= F(0):
                continue
            px = F(column) - middle
            lens, glossy, e0, e1, e2 = F(1) - dusk * (px * px + py * py), F(0), F(0), F(0), F(0)
            for g in range(groups):
                bx, by, bz = flow[q, g, 0], flow[q, g, 1], flow[q, g, 2]
                flat = smooth[q, 0] * bx + smooth[q, 1] * by + smooth[q, 2] * bz
                rough = normal[q, 0] * bx + normal[q, 1] * by + normal[q, 2] * bz - flat
                even, full = F(0), seen[q, g]
                if g == ROOM:
                    even, full = F(ROOM_EVEN), F(0)
                p = power[g] * dim[q]
                gloss[q, g] = power[g] * shine[q, g]
                glossy += gloss[q, g]
                l0 = (
                    p
                    * colour[g, 0]
                    * max(even + flat + relief[0] * rough + wrap[0] * full, F(0))
                    / (F(1) + wrap[0] * full)
                )
                l1 = (
                    p
                    * colour[g, 1]
                    * max(even + flat + relief[1] * rough + wrap[1] * full, F(0))
                    / (F(1) + wrap[1] * full)
                )
                l2 = (
                    p
                    * colour[g, 2]
                    * max(even + flat + relief[2] * rough + wrap[2] * full, F(0))
                    / (F(1) + wrap[2] * full)
                )
                light[q, g, 0], light[q, g, 1], light[q, g, 2] = l0, l1, l2
                e0, e1, e2 = e0 + l0, e1 + l1, e2 + l2
            through[q, 0], through[q, 1], through[q, 2], sheen[q] = lens, lens, lens, lens
            picture[q, 0] = (albedo[q, 0] * e0 + glossy) * lens
            picture[q, 1] = (albedo[q, 1] * e1 + glossy) * lens
            picture[q, 2] = (albedo[q, 2] * e2 + glossy) * lens
