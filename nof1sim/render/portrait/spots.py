"""What a photograph's skin already shows: its redness, and spots that look like lesions.

Spots are maxima over place and scale of differences of Gaussians (Lindeberg, Int J Comput Vis 30, 79, 1998) of the
blood and the melanin map of `pigments`, in millimetres, on skin alone (normalised convolution).

Measured on procedural faces against their own truth (six people, ITA 52 to -40 degrees, all inflammatory lesions that
show, marks off, sensor noise; a hit lies within 1.5 mm or three quarters of the diameter):

| severity: found / there, recall, precision | 512 px | 768 px | 1024 px |
|---|---|---|---|
| 0 (clear): found on a face | 0 to 4 | 0 to 2 | 0 to 1 |
| 1 | 1.05, .71, .68 | 1.18, .76, .64 | 1.01, .71, .71 |
| 2 | 0.83, .65, .78 | 0.93, .70, .75 | not measured |
| 3 | 0.52, .45, .86 | 0.66, .54, .81 | not measured |

More than half of the false ones are comedones and healing remnants. Recall is worst on the darkest skin (.15 to .45 at
512 px) and where lesions run together. So the count is an estimate of how much is there, not a clinical count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit
from nof1sim.render.procedural.filters import blur, enlarge, shrink

from .face_map import FaceMap
from .patch import is_flat
from .pigments import pigment_sums, skin_box
from .prepare import Canvas

F32 = NDArray[np.floating]
Floats = NDArray[np.float64]

KINDS = ("inflamed", "brown", "mole")
"""Red; brown but pale (freckle, brown mark); dark and brown. Only red ones are ever counted or faded."""

STEP_MM = 0.4
"""Width of a pixel of the maps, at least."""
SIGMA_MM = (0.45, 0.72, 1.15, 1.84, 2.95, 4.7, 7.5)
"""Ratio 1.6, at which a difference of Gaussians is nearly the Laplacian (Marr and Hildreth 1980): spots of 1.6 to 17
mm."""
COARSE_FROM = 4
"""Levels from here on are blurred on half the grid."""
RED_FLOOR = (0.11, 0.09, 0.08, 0.08, 0.09, 0.18)
BROWN_FLOOR = (0.20, 0.17, 0.15, 0.15, 0.15, 0.20)
"""Least contrast of a spot at each scale, log units of blood and of melanin."""
NOISE_FACTOR = 4.5
"""And in units of the local noise: a quarter of the skin has less contrast than .319 SD (normal distribution)."""
QUARTER = 0.319
BROWN_OVER_RED = 2.0
"""A spot with so many times more contrast in melanin than in blood is not inflamed."""
MEAN_OF_SD, LOUDEST = 0.8, 2.5
"""Mean size of a normal number in SD; how much the local noise may raise the threshold."""
MOLE_DARKNESS = 0.06
"""Loss of light (log units) from which a brown spot is a mole."""
NEAR = 0.8
"""Of two spots nearer than this share of the larger radius (plus `NEAR_MM`) the fainter one is left out."""
NEAR_MM = 0.4
EDGE_SHARE = 0.92
"""Of skin around a spot, within 1.15 mm: keeps 1.6 mm from edges."""
RED_EXCESS = 0.10
"""Log units of blood above the skin within about 12 mm from which skin is called red."""
WIDE_MM = 12.0


@dataclass(frozen=True, slots=True)
class Spots:
    """Spots of a photograph, by falling contrast, (n,) each, and the redness of its skin.

    x_px, y_px : place in the picture. x_mm, y_mm : on the face chart, NaN off it. diameter_mm. contrast : of blood
    (`inflamed`) or melanin (the others) against the skin around, natural log units of the pigment maps. kind : index
    into KINDS. erythema_index : 100 log10(R/G) of the skin, median, linear light. red_share : of the skin, redder than
    its surroundings.
    """

    x_px: Floats
    y_px: Floats
    x_mm: Floats
    y_mm: Floats
    diameter_mm: Floats
    contrast: Floats
    kind: NDArray[np.int8]
    erythema_index: float
    red_share: float

    def __len__(self) -> int:
        return int(self.x_px.size)

    @property
    def inflamed(self) -> NDArray[np.bool_]:
        """(n,) which are red."""
        return self.kind == 0

    @property
    def count(self) -> int:
        """Lesion-like (red) spots."""
        return int(self.inflamed.sum())

    @property
    def left(self) -> int:
        """Of these, on the patient's left."""
        return int((self.inflamed & (self.x_mm > 0)).sum())

    @property
    def right(self) -> int:
        """Of these, on the patient's right."""
        return int((self.inflamed & (self.x_mm <= 0)).sum())


@dataclass(frozen=True, slots=True)
class _Maps:
    """Differences of Gaussians (scales, h, w, 3) of blood, melanin, light; `ok` (h, w) where spots are looked for."""

    layers: F32
    ok: NDArray[np.bool_]
    red_share: float
    erythema_index: float
    top: int
    left: int
    factor: int


def find_spots(canvas: Canvas) -> Spots:
    """The spots and the redness of a prepared photograph. Pure; nothing where no skin shows."""
    face, pixels = canvas.face, canvas.photograph.pixels
    box = skin_box(canvas.skin, 0.5)
    if min(box[2] - box[0], box[3] - box[1]) < 8:
        empty = np.zeros(0)
        return Spots(empty, empty, empty, empty, empty, empty, np.zeros(0, np.int8), float("nan"), 0.0)
    maps = _maps(pixels, canvas.skin, face, box)
    step_mm = maps.factor * face.mm_per_px
    red, brown = (_by_contrast(_maxima(maps, k, floor, step_mm)) for k, floor in ((0, RED_FLOOR), (1, BROWN_FLOOR)))
    found = np.concatenate([red, brown])  # an inflamed spot is brown, too: red ones come first
    scale, row, column = found[:, :3].T.astype(int)
    keep = _apart(row * step_mm, column * step_mm, _radius_mm()[scale])
    found = _by_contrast(found[keep])
    scale, row, column = found[:, :3].T.astype(int)
    radius = _radius_mm()[scale]
    kind = _kinds(maps.layers[scale, row, column])
    y = maps.top + (row + 0.5) * maps.factor - 0.5
    x = maps.left + (column + 0.5) * maps.factor - 0.5
    place = face.chart[np.rint(y).astype(int), np.rint(x).astype(int)].astype(float)
    return Spots(
        x, y, place[:, 0], place[:, 1], 2 * radius, found[:, 3], kind,
        maps.erythema_index, maps.red_share,
    )  # fmt: skip


def _kinds(contrast: F32) -> NDArray[np.int8]:
    """Index into KINDS of spots (n, 3): contrast of blood, melanin, light."""
    blood, melanin, light = contrast.T
    dark = light <= -MOLE_DARKNESS
    brown = melanin > BROWN_OVER_RED * blood
    return np.where(brown, np.where(dark, 2, 1), 0).astype(np.int8)


def _by_contrast(found: Floats) -> Floats:
    return found[np.argsort(-found[:, 3], kind="stable")]


def _radius_mm() -> Floats:
    sigma = np.array(SIGMA_MM)
    return np.sqrt(2.0 * sigma[:-1] * sigma[1:])


def _maps(pixels: NDArray[np.uint8], skin: F32, face: FaceMap, box: tuple[int, int, int, int]) -> _Maps:
    factor = max(1, round(STEP_MM / face.mm_per_px))
    sums = pigment_sums(pixels, skin, box, factor)
    step_mm = factor * face.mm_per_px
    height, width = sums.shape[:2]
    sums = np.pad(sums, ((0, -height % 2), (0, -width % 2), (0, 0)))
    levels, before = [], 0.0
    summed = sums
    for place, sigma in enumerate(SIGMA_MM):
        more_px = float(np.sqrt(max(sigma**2 - before**2, 0.0))) / step_mm
        half = place >= COARSE_FROM and more_px > 2.0
        summed = enlarge(blur(shrink(summed, 2), more_px / 2), 2) if half else blur(summed, more_px)
        levels.append(summed)
        before = sigma
    share = levels[2][..., 3]
    ok = (share >= EDGE_SHARE) & (sums[..., 3] > 0)
    y, x = np.arange(sums.shape[0]), np.arange(sums.shape[1])
    rows = np.minimum(box[0] + y * factor + factor // 2, skin.shape[0] - 1)
    columns = np.minimum(box[1] + x * factor + factor // 2, skin.shape[1] - 1)
    if not is_flat(face):
        ok &= ~_beside_nose(face.chart[rows[:, None], columns])
    means = np.stack([level[..., :3] / np.maximum(level[..., 3:], 1e-3) for level in levels])
    wide = _spread(sums[..., ::3], step_mm)
    red_share = float((means[2][ok, 0] - wide[ok] > RED_EXCESS).mean()) if ok.any() else 0.0
    index = _erythema_index(sums, ok)
    return _Maps(means[:-1] - means[1:], ok, red_share, index, box[0], box[1], factor)


def _spread(sums: F32, step_mm: float) -> F32:
    """Weighted mean (h, w) within about WIDE_MM of sums (h, w, 2), weighted values and weights; on an eighth's grid."""
    height, width = sums.shape[:2]
    padded = np.pad(sums, ((0, -height % 8), (0, -width % 8), (0, 0)))
    both = enlarge(blur(shrink(padded, 8), WIDE_MM / step_mm / 8), 8)[:height, :width]
    return both[..., 0] / np.maximum(both[..., 1], 1e-3)


def _erythema_index(sums: F32, ok: NDArray[np.bool_]) -> float:
    from .pigments import BLOOD_RGB, MELANIN_RGB

    if not ok.any():
        return float("nan")
    blood, melanin = sums[ok, 0] / sums[ok, 3], sums[ok, 1] / sums[ok, 3]
    ratio = blood * (BLOOD_RGB[0] - BLOOD_RGB[1]) + melanin * (MELANIN_RGB[0] - MELANIN_RGB[1])
    return float(100 / np.log(10) * np.median(ratio))


def _beside_nose(chart: F32) -> NDArray[np.bool_]:
    """The folds and shadows around the wings of the nose and below it, whose redness is no lesion's."""
    x, y = np.abs(chart[..., 0]), chart[..., 1]
    wing = (x > 9.0) & (x < 27.0) & (y > -50.0) & (y < -28.0)
    return wing | (x < 14.0) & (y < -44.0) & (y > -57.0)


@njit()
def _peaks(layer, ok, least, floor, found):
    """Rows of `found` (scale 0, row, column, value): places on `ok` that exceed `least`, the floor (h, w)
    there and all eight neighbours."""
    n = 0
    for y in range(1, layer.shape[0] - 1):
        for x in range(1, layer.shape[1] - 1):
            v = layer[y, x]
            if v <= least or v <= floor[y, x] or not ok[y, x]:
                continue
            top = True
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    u = layer[y + dy, x + dx]
                    if u > v or (u == v and (dy < 0 or (dy == 0 and dx < 0))):
                        top = False
            if top and n < found.shape[0]:
                found[n, 1], found[n, 2], found[n, 3] = y, x, v
                n += 1
    return n


def _maxima(maps: _Maps, pigment: int, floors: tuple[float, ...], step_mm: float) -> Floats:
    """(n, 5) scale, row, column, contrast, pigment of the maxima over place at each scale that stand out of noise."""
    rows, quietest, uneven = [np.zeros((0, 5))], np.inf, None
    for scale, least in enumerate(floors):
        if SIGMA_MM[scale] < 0.5 * step_mm:
            continue
        layer = np.ascontiguousarray(maps.layers[scale, ..., pigment])
        sample = np.abs(layer[maps.ok])
        if sample.size < 16:
            continue
        # On skin full of lesions only the finest scale still shows the noise.
        quietest = min(quietest, max(float(np.quantile(sample, 0.25)) / QUARTER, 1e-4))
        if uneven is None:
            uneven = _uneven(layer, maps.ok, quietest, step_mm)
        found = np.zeros((4096, 5))
        n = _peaks(layer, maps.ok, least, (NOISE_FACTOR * quietest) * uneven, found)
        found[:, 0], found[:, 4] = scale, pigment
        rows.append(found[:n])
    return np.concatenate(rows)


def _uneven(layer: F32, ok: NDArray[np.bool_], noise: float, step_mm: float) -> F32:
    """How much stronger the noise is around each place than on most skin, 1 to LOUDEST: in shade it is."""
    part = np.where(ok, np.minimum(np.abs(layer), np.float32(3 * noise)), np.float32(0))
    near = _spread(np.stack([part, ok.astype(np.float32)], -1), step_mm)
    return np.clip(near / np.float32(MEAN_OF_SD * noise), 1.0, LOUDEST)


def _apart(y_mm: Floats, x_mm: Floats, radius_mm: Floats) -> NDArray[Any]:
    """Indices of spots, the first of those that overlap."""
    keep: list[int] = []
    for i in range(y_mm.size):
        far = np.hypot(y_mm[keep] - y_mm[i], x_mm[keep] - x_mm[i])
        if (far > NEAR * np.maximum(radius_mm[keep], radius_mm[i]) + NEAR_MM).all():
            keep.append(i)
    return np.array(keep, np.int64)
