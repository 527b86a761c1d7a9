"""What faces measure, by sex and age: the tables that `identity` draws from.

Lengths: means and SDs in mm of adult North Americans after Farkas (Anthropometry of the Head and Face, 1994) and of
the international series (Farkas et al., J Craniofac Surg 2005, 16:615). Growth from 13 to 18 years follows Farkas,
Posnick and Hreczko (Cleft Palate Craniofac J 1992, 29:303 and 308): cranium and eyes are nearly adult at 14, the lower
face, nose and jaw of boys are not. The changes at 14 years are drawn stronger, most of all
those of girls, and eyes higher (by eye: a picture shows no stature, and such differences lie within the spread of
adults; measured fissures rather grow in height from 12 to 18: Wen et al., PLoS ONE 2017, 12:e0186598). Ear: Farkas
1992. Neck: half of the breadth that belongs to the mean circumference of ANSUR II (Gordon et al. 2014). Ageing after
Mendelson and Wong (Aesthetic Plast Surg 2012, 36:753): orbit and cheeks hollow, folds, tear troughs and jowls deepen,
brow and lip margins descend, ears and nose lengthen; lips thin, which tells age as wrinkles and grey hair do (Gunn et
al., PLoS ONE 2009, 4:e8021).
Modes have no published SD: they are judged by eye.
"""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """Length in mm: mean and SD of men and women, change at 14 years for both sexes beside the smaller difference
    between them, change from 24 to 44 years, and loadings on size, width, nose and lips."""

    male: float
    male_sd: float
    female: float
    female_sd: float
    youth: float
    ageing: float
    load: tuple[float, float, float, float]


class Mode(NamedTuple):
    """Shape mode: mean of men and women, SD, change at 14 years, change from 24 to 44 years, limits."""

    male: float
    female: float
    sd: float
    youth: float = 0.0
    ageing: float = 0.0
    low: float = -1e9
    high: float = 1e9


MEASURES: dict[str, Measure] = {
    "face_height": Measure(121, 6.2, 111.5, 5.2, -8.0, 0.5, (0.6, -0.3, 0, 0)),  # n-gn
    "face_width": Measure(139, 5.6, 130, 4.8, -0.5, 0, (0.5, 0.6, 0, 0)),  # zy-zy
    "jaw_width": Measure(111, 6.2, 100, 5.2, -5.0, 1.2, (0.4, 0.5, 0, 0)),  # go-go, over soft tissue
    "head_width": Measure(151, 5.8, 145, 5.2, -0.5, 0, (0.5, 0.5, 0, 0)),  # eu-eu
    "head_length": Measure(196, 6.5, 187, 6.2, -1.5, 0, (0.6, -0.1, 0, 0)),  # g-op
    "nose_height": Measure(53.5, 3.4, 50.0, 3.0, -5.4, 1.5, (0.5, -0.2, -0.2, 0)),  # n-sn
    "nose_width": Measure(35.5, 2.9, 31.6, 2.4, -2.2, 1.2, (0.2, 0.2, 0.7, 0.3)),  # al-al
    "nose_depth": Measure(19.8, 2.0, 18.6, 1.8, -2.8, 0.9, (0.3, -0.1, -0.5, 0)),  # sn-prn
    "eye_gap": Measure(33.2, 2.7, 32.0, 2.5, -0.3, 0, (0.3, 0.2, 0.4, 0)),  # en-en
    "eye_length": Measure(31.0, 1.5, 30.8, 1.4, -0.2, -0.5, (0.5, 0.1, 0, 0)),  # en-ex
    "eye_height": Measure(11.0, 0.9, 11.6, 0.9, 1.0, -0.9, (0.0, 0.0, 0, 0)),  # ps-pi
    "mouth_width": Measure(53.5, 3.7, 49.8, 3.3, -3.0, 0.5, (0.4, 0.2, 0.2, 0.4)),  # ch-ch
    "philtrum": Measure(15.8, 2.2, 13.8, 2.0, -1.6, 2.0, (0.3, 0, 0, -0.3)),  # sn-ls
    "upper_lip": Measure(8.0, 1.5, 8.7, 1.5, 0.8, -1.9, (0.1, 0, 0.1, 0.7)),  # ls-sto
    "lower_lip": Measure(9.6, 1.6, 10.3, 1.5, 0.8, -1.5, (0.1, 0, 0.1, 0.7)),  # sto-li
    "forehead": Measure(64, 5.4, 60, 5.2, 0.5, 2.5, (0.3, 0, 0, 0)),  # n-tr
    "ear_height": Measure(62.5, 3.4, 58.0, 3.2, -1.5, 2.2, (0.5, 0, 0, 0)),  # sa-sba
    "neck_width": Measure(55.5, 2.6, 46.5, 2.0, -5.5, 1.5, (0.3, 0.3, 0, 0)),  # half width
}

LEAST: dict[str, float] = {"upper_lip": 5.2, "lower_lip": 6.8, "eye_height": 9.0, "philtrum": 10.0,
                           "forehead": 51.0}  # fmt: skip
"""Shorter than this, mm, reads as a slip of the modeller."""
MOST: dict[str, float] = {"upper_lip": 14.5, "lower_lip": 15.5}
"""... and so does longer than this."""

MODES: dict[str, Mode] = {
    "masculine": Mode(0.85, -0.85, 0.30, 0, 0, -1.4, 1.4),
    "fullness": Mode(0.0, 0.0, 0.95, 0.8, 0.1, -1.7, 2.2),
    # Forehead and cranium
    "forehead_slope": Mode(4.6, 0.6, 3.0, -2.4, 0, -5, 12),
    "forehead_bulge": Mode(-0.6, 0.4, 1.0, 1.3, 0, -3, 3),
    "forehead_power": Mode(0.16, 0.08, 0.10, 0, 0, -0.1, 0.4),
    "frontal_boss": Mode(0.6, 1.0, 0.6, 0.3, 0, -0.5, 2.5),
    "crown": Mode(1.0, 0.0, 3.5, 0, 0, -7, 8),
    "temple": Mode(2.6, 2.2, 1.1, -1.2, 1.3, 0, 5.5),
    "brow_ridge": Mode(3.4, 0.9, 0.9, -1.0, 0.5, 0, 6),
    # Cheeks
    "cheekbone": Mode(1.6, 1.8, 1.3, -0.9, 0.4, -1, 4.6),
    "malar": Mode(2.0, 2.6, 1.3, 2.0, -1.6, -1, 6),
    "hollow": Mode(1.1, 0.8, 1.2, -1.6, 1.6, -1.2, 4),
    "face_power": Mode(2.24, 2.20, 0.11, 0.02, 0, 1.95, 2.6),
    "mouth_bulge": Mode(1.0, 1.1, 0.8, 0.5, -0.3, -0.8, 3.5),
    # Jaw and chin
    "jaw_power": Mode(2.12, 2.10, 0.12, 0, 0, 1.75, 2.4),
    "jaw_square": Mode(0.80, 0.70, 0.11, -0.03, 0, 0.5, 1.15),
    "jaw_curve": Mode(0.30, 0.10, 0.35, 0.25, 0, -0.6, 1.3),
    "masseter": Mode(1.6, 0.6, 0.9, -0.8, 0, -0.8, 4),
    "gonial": Mode(1.1, 0.3, 0.9, -1.0, -0.2, -1, 3.5),
    "chin_depth": Mode(4.0, 3.0, 1.1, -1.3, 0, 0.8, 7),
    "chin_width": Mode(14.5, 11.0, 2.0, -1.5, 0, 7, 20),
    "chin_forward": Mode(0.8, 0.0, 2.3, -1.7, 0, -5.5, 6),
    "chin_cleft": Mode(0.15, -0.15, 0.5, 0, 0, 0, 1.6),
    "chin_fold": Mode(1.3, 1.0, 0.5, -0.3, 0.2, 0.1, 2.8),
    "prognathism": Mode(0.0, 0.0, 1.7, 0, 0, -4, 5),
    "submental": Mode(0.0, 0.0, 0.7, 0.1, 0.9, -1, 3),
    # Age
    "smile_fold": Mode(0.27, 0.20, 0.24, -0.3, 0.85, 0.05, 1.7),
    "tear_trough": Mode(0.36, 0.36, 0.30, -0.45, 1.0, 0.05, 2.2),
    "jowl": Mode(-0.1, -0.1, 0.28, -0.1, 0.95, 0, 1.7),
    # Nose
    "hump": Mode(0.5, -0.1, 1.3, -0.6, 0.2, -3, 3.6),
    "root": Mode(-2.6, -3.6, 1.4, -0.8, 0, -7.5, 1),
    "bridge": Mode(4.6, 3.8, 0.7, 0.1, 0, 2.6, 6.6),
    "tip_radius": Mode(8.1, 7.3, 1.0, 0.1, 0.5, 5.2, 11.5),
    "tip_up": Mode(-0.2, 0.7, 1.5, 1.4, -1.2, -2.4, 4.5),
    "wing": Mode(0.1, -0.1, 0.7, 0, 0.1, -1.6, 1.9),
    "nostril": Mode(0.0, 0.0, 0.8, 0, 0, -1.6, 1.8),
    "columella": Mode(0.0, 0.0, 1.0, 0, 0.2, -2, 2.2),
    # Eyes
    "canthal": Mode(1.9, 2.6, 1.5, 0.1, -0.7, -1.6, 5.8),
    "crease": Mode(2.6, 3.2, 1.4, 0, -0.4, 0.3, 6),
    "lid_fold": Mode(0.9, 0.9, 0.35, 0, 0.1, 0.3, 1.8),
    "hood": Mode(0.0, -0.2, 0.5, -0.3, 0.9, 0, 1.8),
    "epicanthus": Mode(-0.15, -0.15, 0.55, 0.1, 0, 0, 1.5),
    "eye_depth": Mode(-0.4, 0.1, 1.2, 0.6, -0.9, -3.4, 3),
    "orbit": Mode(6.9, 5.9, 1.2, -1.3, 1.2, 3.5, 11),
    "lid_fat": Mode(0.0, 0.5, 1.0, 0.6, -0.8, -2.4, 2.6),
    "eye_arc": Mode(0.0, 0.0, 1.0, 0, 0, -2.2, 2.2),
    "lid_low": Mode(0.0, 0.0, 1.0, 0, 0.3, -2, 2.4),
    # Brows
    "brow_height": Mode(18.4, 20.6, 1.8, 0.6, -1.7, 14, 25),
    "brow_arch": Mode(1.0, 3.2, 1.2, -0.3, -0.2, -1.2, 6.5),
    "brow_tilt": Mode(0.7, 1.3, 1.3, 0, -0.4, -2, 3.8),
    "brow_thickness": Mode(5.6, 4.3, 0.8, -0.7, -0.1, 2.2, 7.6),
    "brow_density": Mode(1.18, 0.92, 0.22, -0.18, -0.05, 0.5, 1.6),
    "brow_gap": Mode(-0.4, 0.6, 1.7, 0, 0, -3.6, 4.5),
    "brow_length": Mode(0.0, 0.0, 1.8, -0.4, -0.6, -4.5, 4),
    "brow_peak": Mode(0.66, 0.66, 0.04, 0, 0, 0.58, 0.74),
    # Mouth
    "lip_roll": Mode(0.95, 1.05, 0.17, 0.06, -0.2, 0.5, 1.5),
    "bow": Mode(0.7, 0.85, 0.42, 0.1, -0.3, 0, 2.4),
    "corner": Mode(0.4, 0.6, 0.7, 0.2, -0.25, -1.2, 2.2),
    "lip_taper": Mode(0.0, 0.0, 1.0, 0, 0, -2, 2),
    "philtrum_depth": Mode(0.55, 0.6, 0.28, 0.05, -0.15, 0, 1.3),
    # Ears and neck
    "ear_angle": Mode(20, 17, 4.5, 0, 0, 10, 34),
    "ear_width": Mode(0.0, 0.0, 1.0, 0, 0, -2.2, 2.2),
    "ear_tilt": Mode(9, 9, 4.0, 0, 0, -2, 20),
    "ear_lobe": Mode(0.0, 0.0, 1.0, -0.2, 0.3, -2, 2.4),
    "neck_length": Mode(1.0, 1.04, 0.07, 0.01, -0.02, 0.82, 1.2),
    "shoulder": Mode(203, 176, 9.0, -24.0, 0, 140, 230),
    "larynx": Mode(3.6, 0.3, 1.1, -1.4, 0.2, 0, 6.5),
    "sterno": Mode(3.0, 2.4, 0.9, -0.8, 0.5, 0.4, 5.5),
    # Later ones
    "lid_round": Mode(-0.2, 0.2, 1.0, 0.2, -0.2, -2, 2),
    "mouth_line": Mode(0.0, 0.0, 1.0, 0, 0, -2, 2),
    "tubercle": Mode(0.8, 0.95, 0.5, 0, -0.2, 0, 2),
    "lip_side": Mode(0.0, 0.0, 1.0, 0, 0, -2, 2),
    "lip_edge": Mode(0.0, 0.0, 1.0, 0.2, -0.5, -2, 2),
}
LATER = 5
"""The last of the modes, drawn after everything else of the shape: they came when the others' numbers stood."""

WITH_FULLNESS: dict[str, float] = {
    "hollow": -0.55, "malar": 0.30, "submental": 0.55, "gonial": -0.25, "neck_width": 1.0, "cheekbone": -0.25,
    "sterno": -0.5, "jaw_width": 0.8, "temple": -0.3, "smile_fold": 0.04, "orbit": -0.3, "larynx": -0.3,
}  # fmt: skip
"""Change per unit of fullness."""

WITH_TONE: dict[str, float] = {
    "nose_width": 9.0, "nose_depth": -2.2, "upper_lip": 7.0, "lower_lip": 5.5, "root": -2.2, "bridge": 1.4,
    "tip_radius": 1.6, "mouth_bulge": 1.2, "prognathism": 2.0, "eye_depth": 0.8, "wing": 0.7,
}  # fmt: skip
"""Largest shift on the darkest skin; each person takes a random share of each, so that the spread within any tone
stays wide (published population means differ along with skin tone: Farkas 2005; both lips measure 13.6 mm in Kenyans:
Virdi, Wertheim and Naini, Maxillofac Plast Reconstr Surg 2019, 41:9)."""
