"""Skin colour from melanin and blood: a two-layer model of reflectance, integrated to linear sRGB and tabulated.

Blood: molar extinction of oxy- and deoxyhaemoglobin (compiled by Prahl, Oregon Medical Laser Center 1999), 150 g/l.
Baseline absorption and scattering of bloodless skin: Jacques (Phys Med Biol 58, R37, 2013). Diffuse reflectance of
the dermis: Kubelka-Munk. Melanin: absorption of Jacques at 550 nm, but with slope -1.6 instead of -3.33 (packing in
melanosomes flattens it in vivo; the isolated pigment's slope turns dark skin orange) and a surface floor of 1 %.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.compiled import njit

F32 = NDArray[np.floating]

WAVELENGTH_NM = np.arange(400, 701, 10.0)
_HBO2 = np.array([
    266232, 466840, 480360, 246072, 102580, 62816, 44480, 33209, 26629, 23684, 20932, 20035, 24202, 39956, 53236,
    43016, 32613, 44496, 50104, 14400, 3200, 1506, 942, 610, 442, 368, 320, 294, 277, 276, 290.0,
])  # fmt: skip
_HB = np.array([
    223296, 303956, 407560, 528600, 413280, 103292, 23388, 16156, 14550, 16684, 20862, 25773, 31589, 39036, 46592,
    53412, 53788, 45072, 37020, 28324, 14677, 9443, 6509, 5148, 4345, 3750, 3226, 2795, 2407, 2051, 1794.0,
])  # fmt: skip
_D65_NM = [400, 420, 440, 460, 480, 500, 520, 540, 560, 580, 600, 620, 640, 660, 680, 700]
_D65 = [82.8, 93.4, 104.9, 117.8, 115.9, 109.4, 104.8, 104.4, 100, 95.8, 90.0, 87.7, 83.7, 80.2, 78.3, 71.6]
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_RGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])

MEL_LOW, MEL_HIGH, BLOOD_LOW, BLOOD_HIGH, STEPS = 0.004, 0.9, 0.0008, 0.35, 64
"""Range and resolution of the table: volume fractions of melanosomes in the epidermis and of blood in the dermis."""


def _matching() -> NDArray:
    """CIE 1931 colour matching functions (3, wavelengths), multi-lobe fit of Wyman et al. (JCGT 2013)."""

    def lobe(mean: float, left: float, right: float) -> NDArray:
        d = WAVELENGTH_NM - mean
        return np.exp(-0.5 * (d * np.where(d < 0, left, right)) ** 2)

    x = 1.056 * lobe(599.8, 0.0264, 0.0323) + 0.362 * lobe(442.0, 0.0624, 0.0374) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    return np.stack([x, y, z])


def reflectance(melanin: NDArray, blood: NDArray, saturation: float = 0.75) -> NDArray:
    """Spectra (..., wavelengths) of skin with these volume fractions and this oxygen saturation of the blood."""
    melanin, blood = np.asarray(melanin)[..., None], np.asarray(blood)[..., None]
    w = WAVELENGTH_NM
    bloodless = 0.244 + 85.3 * np.exp(-(w - 154) / 66.2)
    mu_blood = 2.303 * (saturation * _HBO2 + (1 - saturation) * _HB) * 150 / 64500.0
    mu_blood = mu_blood / (1 + 0.010 * mu_blood * 0.35)  # pigment packaged in vessels absorbs less
    absorption = blood * mu_blood + (1 - blood) * bloodless * 0.55
    scattering = 46 * (w / 500) ** -1.35 * 0.9
    a = absorption * 2.1 / (scattering * 0.75)
    dermis = 1 + a - np.sqrt(a * a + 2 * a)
    epidermis = np.exp(-6.6e11 * 550.0**-3.33 * (w / 550.0) ** -1.6 * melanin * 0.0062 * 2.0)
    return 0.94 * epidermis * dermis + 0.010 * (1 - epidermis)


def _build_table(melanin: NDArray, blood: NDArray, saturation: float = 0.75) -> F32:
    weights = _matching() * np.interp(WAVELENGTH_NM, _D65_NM, _D65)
    weights = weights / weights[1].sum()
    m, b = np.meshgrid(melanin, blood, indexing="ij")
    spectra = reflectance(m, b, saturation)
    # Sums written out: a BLAS product may round differently with its number of threads.
    xyz = np.stack([(spectra * weights[k]).sum(-1) * (_WHITE[k] / weights[k].sum()) for k in range(3)], -1)
    rgb = np.stack([(xyz * _XYZ_TO_RGB[k]).sum(-1) for k in range(3)], -1)
    return np.clip(rgb, 1e-4, 1).astype(np.float32)


TABLE = _build_table(np.geomspace(MEL_LOW, MEL_HIGH, STEPS), np.geomspace(BLOOD_LOW, BLOOD_HIGH, STEPS))
"""Linear sRGB albedo (melanin steps, blood steps, 3), both axes logarithmic."""
ROOT_MEL, ROOT_BLOOD = 1.2, 0.45
ROOT_TABLE = _build_table(
    np.linspace(0, ROOT_MEL**0.5, STEPS) ** 2, np.linspace(0, ROOT_BLOOD**0.5, STEPS) ** 2, saturation=0.95
)
"""The same from 0 to ROOT_MEL and ROOT_BLOOD, both axes even in the square root (a look-up without logarithms), for the
arterial blood of inflamed skin. Only ratios of its entries are used."""


@njit(fastmath=True)
def look_up(table, melanin, blood):
    """Linear RGB albedo of one spot of skin (three floats)."""
    n = table.shape[0]
    y = math.log(min(max(melanin, MEL_LOW), MEL_HIGH) / MEL_LOW) * ((n - 1) / math.log(MEL_HIGH / MEL_LOW))
    x = math.log(min(max(blood, BLOOD_LOW), BLOOD_HIGH) / BLOOD_LOW) * ((n - 1) / math.log(BLOOD_HIGH / BLOOD_LOW))
    j, i = min(int(y), n - 2), min(int(x), n - 2)
    b, a = y - j, x - i
    w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
    red = w00 * table[j, i, 0] + w01 * table[j, i + 1, 0] + w10 * table[j + 1, i, 0] + w11 * table[j + 1, i + 1, 0]
    green = w00 * table[j, i, 1] + w01 * table[j, i + 1, 1] + w10 * table[j + 1, i, 1] + w11 * table[j + 1, i + 1, 1]
    blue = w00 * table[j, i, 2] + w01 * table[j, i + 1, 2] + w10 * table[j + 1, i, 2] + w11 * table[j + 1, i + 1, 2]
    return red, green, blue


@njit(fastmath=True)
def _albedo(table, melanin, blood, out):
    for q in range(melanin.size):
        out[q, 0], out[q, 1], out[q, 2] = look_up(table, melanin[q], blood[q])


def albedo(melanin: NDArray, blood: NDArray) -> F32:
    """Linear RGB albedo (..., 3) of volume fractions (...)."""
    melanin, blood = np.broadcast_arrays(np.asarray(melanin, np.float32), np.asarray(blood, np.float32))
    out = np.empty((melanin.size, 3), np.float32)
    _albedo(TABLE, np.ascontiguousarray(melanin).ravel(), np.ascontiguousarray(blood).ravel(), out)
    return out.reshape(*melanin.shape, 3)


def lab(rgb: NDArray) -> NDArray:
    """CIE L*a*b* (D65) of linear sRGB (..., 3)."""
    xyz = np.stack([(np.asarray(rgb) * _RGB_TO_XYZ[k]).sum(-1) for k in range(3)], -1) / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(np.maximum(xyz, 1e-9)), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def ita_deg(colour_lab: NDArray) -> NDArray:
    """Individual typology angle, degrees (Chardon et al., Int J Cosmet Sci 1991) of L*a*b* (..., 3)."""
    return np.degrees(np.arctan2(colour_lab[..., 0] - 50.0, colour_lab[..., 2]))
