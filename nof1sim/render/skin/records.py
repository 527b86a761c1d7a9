"""From the day's table to a drawing record per lesion: the only place that knows stages.

All that can be seen follows from erythema, melanin, pus, plug, crust, height and diameter, which change smoothly from
day to day; a stage only chooses among traits that these numbers have faded out where stages meet. Outline, grain and
direction come from `shape` and are fixed for life. Sizes: the project's table of lesion types (papule and pustule
2-5 mm, nodule over 5, comedone 1-3, marks 2-6, scars 1-4; halo of a papule 1-3 mm beyond it).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import STAGE_CODE, Lesions
from nof1sim.render.compiled import njit
from nof1sim.render.skin.buffer import Sites

# Columns of a record, float32; every vector takes three.
SPOT, EAST, NORTH, OUT = 0, 3, 6, 9  # centre and frame on the skin, canonical axes
EAST_C, NORTH_C = 12, 15  # the frame in camera axes
PX, PY, HALF = 18, 19, 20  # box in the picture
RADIUS, REACH, CORE_REACH = 21, 22, 23
EDGE, HALO_RADIUS, GRAIN = 24, 25, 26
WAVES = 27  # cosine and sine amplitudes of 2, 3 and 5 lobes
OFFSET_U, OFFSET_V = 33, 34
CORE, HALO, MELANIN, DEEP, PUS, PLUG, CRUST, PALE = range(35, 43)
HEIGHT, DOME, PIT, RAW, TENSE, BLUR, HALO_MELANIN = range(43, 50)
FOCUS = 50  # 0: colour even within the outline, of a papule; 1: strongest in the middle, of a nodule
LONG, DRIED, SERUM = 51, 52, 53  # of an erosion: 0 oval to 1 linear; how much has dried; how yellow
CAP = 54  # of a cap of pus: its size, of the usual
COLUMNS = 55
ICE_PICK, BOXCAR, ROLLING = 1.0, 2.0, 3.0
"""Kinds of atrophic scar (Jacob et al., J Am Acad Dermatol 45, 109, 2001), fixed by `shape`."""

CONTRAST_FLOOR = 2.5
"""A counted lesion of at least 1 mm changes its core by at least this many grey levels of 8-bit sRGB, on every skin
type: mean absolute difference over core pixels and channels against the clear face, neutral nuisance, wherever it faces
the camera enough to cover 3 pixels (1 mm at 512 px covers 3.8 face on). Smaller pictures blur small lesions."""
MIN_ERYTHEMA, MIN_MELANIN, MIN_PALE, MIN_PLUG = 0.15, 0.42, 1.0, 0.22
"""What a counted lesion of each family shows at least, whatever its course says, so that the contrast floor holds."""
COMEDONE_RED = 0.06
"""Raised and no redder: what is left of a comedone. What is left of an inflamed lesion is level before that."""
BLOOD_CORE, BLOOD_HALO = 0.130, 0.100
"""Blood volume fraction that erythema 1 adds in the core and in the halo (a fresh papule about ten-folds it)."""
CROWD_MM, CROWD_REACH_MM = 2.5, 15.0
"""How far a crowd widens its halos at most, and from how far lesions count as one."""
MELANIN_GAIN = 1.25
"""Relative increase of melanin at melanin 1."""

_CLOSED, _OPEN = STAGE_CODE["closed_comedone"], STAGE_CODE["open_comedone"]
_PIH, _RAW, _RESOLVING = STAGE_CODE["hyperpigmentation"], STAGE_CODE["excoriation"], STAGE_CODE["resolving"]
_STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}  # no reassociation: the same bytes whatever the vector width


@njit()
def _hash(seed, salt):
    """0 .. 1 from a lesion's `shape` and a counter."""
    x = (seed * 2654435761 + salt * 2246822519 + 374761393) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 2246822519) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 3266489917) & 0xFFFFFFFF
    return (x ^ (x >> 16)) / 4294967296.0


@njit()
def _smooth(x):
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@njit(fastmath=_STRICT)
def _frame(rec, spot, normal, rotation, angle):
    """Centre and a frame on the skin, turned by the lesion's own angle."""
    nx, ny, nz = float(normal[0]), float(normal[1]), float(normal[2])
    ex, ez = nz, -nx  # (0, 1, 0) x normal: level, and never short on a face
    size = max((ex * ex + ez * ez) ** 0.5, 1e-6)
    ex, ez = ex / size, ez / size
    ux, uy, uz = ny * ez, nz * ex - nx * ez, -ny * ex
    c, s = np.cos(angle), np.sin(angle)
    rec[SPOT], rec[SPOT + 1], rec[SPOT + 2] = spot[0], spot[1], spot[2]
    rec[EAST], rec[EAST + 1], rec[EAST + 2] = c * ex + s * ux, s * uy, c * ez + s * uz
    rec[NORTH], rec[NORTH + 1], rec[NORTH + 2] = c * ux - s * ex, c * uy, c * uz - s * ez
    rec[OUT], rec[OUT + 1], rec[OUT + 2] = nx, ny, nz
    for k in range(3):
        rec[EAST_C + k] = rotation[k, 0] * rec[EAST] + rotation[k, 1] * rec[EAST + 1] + rotation[k, 2] * rec[EAST + 2]
        rec[NORTH_C + k] = (
            rotation[k, 0] * rec[NORTH] + rotation[k, 1] * rec[NORTH + 1] + rotation[k, 2] * rec[NORTH + 2]
        )


@njit(fastmath=_STRICT)
def _look(rec, stage, counted, diameter, height, red, brown, pus, plug, crust, kind, dark, seed):
    """Strengths of all that a lesion adds."""
    r = 0.5 * diameter
    comedone = stage <= _OPEN
    inflamed = not comedone  # or was: what is left of relief and redness looks the same on a mark
    if counted and inflamed and stage != _PIH:
        red = max(red, MIN_ERYTHEMA + 0.15 * dark + (0.39 + 0.10 * dark) * pus)  # pale pus cancels red
    if counted and stage == _PIH:
        brown = max(brown, MIN_MELANIN)
    if counted and stage == _OPEN:
        plug = max(plug, MIN_PLUG + 0.22 * dark)
    swell = _smooth(height / 0.45) if inflamed else 0.0
    rec[RADIUS] = r
    broad = _smooth((diameter - 4.0) / 5.0) * swell
    rec[EDGE] = 0.48 + 0.22 * swell + 0.20 * broad
    rec[FOCUS] = broad
    rec[CORE] = BLOOD_CORE * red * (1.0 + 0.15 * dark) * (1.0 + 1.6 * broad)
    # No two redden the skin around them alike; a nodule's own colour fades so slowly that it needs less around it.
    rec[HALO] = BLOOD_HALO * red * swell * (1.0 + 0.35 * dark) * (0.45 + 1.0 * _hash(seed, 12)) * (1.0 - 0.15 * broad)
    rec[HALO_MELANIN] = 0.22 * dark * red * swell
    # Inflammation on dark skin reads as brown to violet more than as red.
    fired = 0.24 * dark * red if inflamed else 0.0
    rec[MELANIN] = MELANIN_GAIN * (brown * (1.0 + 0.3 * dark) + fired)
    deep = (1.15 - 0.25 * dark) * broad * min(red / 0.3, 1.0)
    dusky = 0.0 if comedone else (0.35 * (1.0 - dark) * _hash(seed, 13) + 0.55 * dark) * min(1.6 * red, 1.0)
    rec[DEEP] = max(deep, dusky)
    rec[PUS], rec[CRUST], rec[CAP] = pus, crust, 0.78 + 0.40 * _hash(seed, 19)
    # Plugs are black to brown; a counted one still shows.
    rec[PLUG] = max((0.55 + 0.45 * _hash(seed, 14)) * plug, min(plug, MIN_PLUG + 0.22 * dark))
    # A wide one is skin-coloured and shows by its dome; a narrow one only by its pallor.
    even = (0.35 + 0.35 * _hash(seed, 15)) * (1.0 - 0.4 * dark)
    closed = (MIN_PALE if counted else 0.45) * (0.85 + 0.15 * dark) * (1.0 - even * _smooth(diameter - 0.9))
    rec[PALE] = closed if stage == _CLOSED else 0.0
    if stage == _RESOLVING and plug == 0 and height > 0 and red <= COMEDONE_RED:  # it was a closed comedone
        rec[PALE] = red / COMEDONE_RED * closed * MIN_PALE / 0.45
    # Steeper than this a dome turns into a bead of glass; a nodule, wide and firm, may be as high as the table says.
    steep = 0.40 if comedone else 0.34 + 0.10 * broad
    # Scattering, for which `relight.RELIEF` takes some off, blurs no form as wide as a nodule.
    rec[HEIGHT] = min(height, steep * r) * (1.0 + 0.2 * broad) if height >= 0 else max(2.0 * height, -0.75 * r)
    rec[DOME] = (1.2 if comedone else 1.35 + 0.40 * broad) * r
    rec[PIT] = 0.0
    if height < 0:
        rec[PIT] = kind
        rec[DOME] = min(0.90 * r, 1.0) if kind == ICE_PICK else (1.10 if kind == BOXCAR else 1.35) * r
        rec[PALE] = max(rec[PALE], (0.0 if kind == ICE_PICK else 0.15) * min(-height / 0.15, 1.0))
        rec[HEIGHT] *= 1.0 if kind == ICE_PICK else (0.5 if kind == BOXCAR else 0.75)
        rec[CORE] += 0.006 * min(-height / 0.15, 1.0)
    rec[RAW] = 1.0 if stage == _RAW else 0.0
    rec[LONG], rec[DRIED], rec[SERUM] = _smooth(1.6 * _hash(seed, 16) - 0.3), _hash(seed, 17), 0.5 * _hash(seed, 18)
    # A comedone keeps the gloss around it: duller, its pallor would vanish in a highlight.
    rec[TENSE] = min(max(height, 0.0) / 0.6, 1.0) * (1.0 - (0.6 - 0.5 * dark) * broad) if inflamed else 0.0


@njit(fastmath=_STRICT)
def _bounds(rec, x, y, px_per_mm, mm_per_px, facing, crowd):
    """Finite reach and the box in the picture; edges no sharper than half a pixel, which skin seen askew stretches."""
    r = rec[RADIUS]
    rec[BLUR] = 0.5 * mm_per_px * (0.4 + 0.6 / max(facing, 0.3))
    rec[EDGE] = (rec[EDGE] ** 2 + (rec[BLUR] / r) ** 2) ** 0.5
    dome = (rec[DOME] ** 2 + rec[BLUR] ** 2) ** 0.5
    rec[HEIGHT] *= (rec[DOME] / dome) ** 2
    rec[DOME] = dome
    rec[GRAIN] = min(max(1.25 - 1.6 * mm_per_px, 0.0), 1.0)
    rec[HALO_RADIUS] = (1.9 - 0.35 * rec[FOCUS]) * r + 2.0 + CROWD_MM * crowd + rec[BLUR] if rec[HALO] > 0 else 0.0
    rec[HALO] *= 1.0 + 0.4 * crowd
    rec[CORE_REACH] = max(1.22 * r * (1.0 + rec[EDGE]), dome)
    if rec[RAW] > 0:
        rec[CORE_REACH] = max(rec[CORE_REACH], 1.7 * r)
    lobes = (rec[WAVES] ** 2 + rec[WAVES + 1] ** 2) ** 0.5
    rec[REACH] = max(rec[CORE_REACH], rec[HALO_RADIUS] * (1.0 + 0.8 * lobes) ** 0.5 + 1e-3)
    rec[PX], rec[PY], rec[HALF] = x, y, px_per_mm * rec[REACH] + 1.0


@njit(fastmath=_STRICT)
def _crowd(i, fire, spot):
    """0 for a lesion alone to 1 amid many inflamed ones, whose redness runs together."""
    total = 0.0
    for j in range(fire.size):
        if fire[j] > 0 and j != i:
            dx, dy, dz = spot[j, 0] - spot[i, 0], spot[j, 1] - spot[i, 1], spot[j, 2] - spot[i, 2]
            fade = 1.0 - (dx * dx + dy * dy + dz * dz) / CROWD_REACH_MM**2
            if fade > 0:
                total += fire[j] * fade * fade
    return total / (total + 1.6)


@njit(fastmath=_STRICT)
def _records(
    stage, diameter, height, red, brown, pus, plug, crust, shape, visible, counted, ids,
    spot, normal, x_px, y_px, px_per_mm, rotation, mm_per_px, dark, out, out_ids,
):  # fmt: skip
    n = 0
    fire = np.empty(stage.size, np.float32)  # how much each one reddens the skin around it
    for i in range(stage.size):
        fire[i] = red[i] * _smooth(height[i] / 0.45) if visible[i] and stage[i] > _OPEN else 0.0
    for i in range(stage.size):
        z = rotation[2, 0] * normal[i, 0] + rotation[2, 1] * normal[i, 1] + rotation[2, 2] * normal[i, 2]
        if not visible[i] or z < -0.3 or diameter[i] <= 0:
            continue
        rec, seed = out[n], shape[i]
        _frame(rec, spot[i], normal[i], rotation, 6.2831853 * _hash(seed, 1))
        kind = 1.0 + np.floor(2.999 * _hash(seed, 2))
        _look(
            rec, stage[i], counted[i], diameter[i], height[i], red[i], brown[i], pus[i], plug[i], crust[i], kind, dark,
            seed,
        )  # fmt: skip
        # Pits cut by a punch are round; a comedone nearly; an inflamed outline wanders.
        uneven = 0.60 if stage[i] <= _OPEN or (height[i] < 0 and kind != BOXCAR) else 1.0
        for k in range(6):
            size = 0.18 if k < 2 else (0.10 if k < 4 else 0.05)
            rec[WAVES + k] = uneven * (1.0 - 0.5 * rec[FOCUS]) * size * (2.0 * _hash(seed, 3 + k) - 1.0)
        rec[OFFSET_U], rec[OFFSET_V] = 64.0 * _hash(seed, 10), 64.0 * _hash(seed, 11)
        near = _crowd(i, fire, spot) if rec[HALO] > 0 else 0.0
        _bounds(rec, x_px[i], y_px[i], px_per_mm[i], mm_per_px, z, near)
        out_ids[n] = ids[i]
        n += 1
    return n


def records(
    lesions: Lesions, sites: Sites, rotation: NDArray[np.float32], mm_per_px: float, dark: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Records (k, COLUMNS) and ids (k,) of the visible lesions that do not face away; dark: 0 for fair and medium
    skin to 1 for the darkest."""
    d = lesions
    out, ids = np.empty((len(d), COLUMNS), np.float32), np.empty(len(d), np.int32)
    n = _records(
        d.stage, d.diameter_mm, d.height_mm, d.erythema, d.melanin, d.pus, d.plug, d.crust, d.shape, d.visible,
        d.counted, d.lesion_id, sites.spot, sites.normal, sites.x_px, sites.y_px, sites.px_per_mm, rotation,
        float(mm_per_px), float(dark), out, ids,
    )  # fmt: skip
    return out[:n], ids[:n]
