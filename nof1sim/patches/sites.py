"""Kinds of body site: how curved, hairy, lined and veined the skin of each is.

Radii are those of grown-up limbs and trunks, rounded. Follicles per cm2 and shaft widths: Otberg et al. (J Invest
Dermatol 122, 14, 2004: forehead 292 and 16 um; back 29, thorax 22, upper arm 32, forearm 18, thigh 17 and 29 um, calf
14 and 42 um). What share of hairs is terminal, and all other amounts from 0 to 1, are judged by eye.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """Skin of one part of the body. Ranges are (low, high).

    across_mm, along_mm : radii of curvature. hairs_cm2 : follicles; width_um : of vellus hair; terminal : largest
    share of terminal hairs, of women and of men; length_mm : of those. lines, pores, veins, creases : strength, or
    chance, of skin lines, pores, visible veins and creases. red : factor on blood. oil : of gloss.
    """

    across_mm: tuple[float, float]
    along_mm: tuple[float, float]
    hairs_cm2: float
    width_um: float
    terminal: tuple[float, float]
    length_mm: tuple[float, float]
    lines: float
    pores: float
    veins: float
    creases: float
    red: float
    oil: float


SITES: dict[str, Site] = {
    "forearm": Site((38, 52), (350, 900), 18, 32, (0.25, 0.9), (6, 17), 0.9, 0.1, 0.6, 0.10, 1.00, 0.8),
    "upper arm": Site((45, 62), (300, 800), 32, 28, (0.05, 0.3), (3, 10), 0.7, 0.2, 0.3, 0.10, 1.00, 0.7),
    "thigh": Site((75, 115), (400, 900), 17, 29, (0.10, 0.7), (5, 15), 0.7, 0.1, 0.4, 0.10, 0.95, 0.7),
    "calf": Site((50, 68), (300, 800), 14, 42, (0.20, 0.9), (6, 17), 0.9, 0.1, 0.4, 0.10, 0.90, 0.7),
    "abdomen": Site((140, 260), (200, 500), 20, 26, (0.02, 0.5), (5, 18), 0.6, 0.1, 0.3, 0.35, 0.95, 0.6),
    "chest": Site((140, 260), (180, 400), 22, 26, (0.00, 0.6), (6, 22), 0.6, 0.3, 0.4, 0.15, 1.10, 0.9),
    "back": Site((180, 340), (250, 600), 29, 26, (0.00, 0.2), (4, 14), 0.8, 0.4, 0.1, 0.15, 1.05, 0.9),
    "neck": Site((55, 72), (250, 600), 40, 22, (0.00, 0.2), (3, 8), 0.9, 0.4, 0.3, 0.80, 1.15, 0.9),
    "cheek": Site((62, 85), (70, 110), 120, 16, (0.00, 0.05), (1, 4), 0.4, 1.0, 0.1, 0.05, 1.35, 1.2),
}
