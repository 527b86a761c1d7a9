"""The stage graph of a lesion and its clocks: what a lesion will be is fixed on the day it is born.

microcomedone -> closed or open comedone -> papule -> pustule | nodule -> erythema -> hyperpigmentation -> scar -> gone

Sources: Do 2008 (origins, shares of types), Tan 2017 (scars), the clinical stage times of the project's severity page.
Constants marked [D] are this project's design choices.
"""

from __future__ import annotations

import math

import numpy as np

from . import hashing as h
from .compiled import njit

# Kinds of lesion: the stage that it reaches at its height.
KINDS = ("closed_comedone", "open_comedone", "papule", "pustule", "nodule")
CLOSED, OPEN, PAPULE, PUSTULE, NODULE = 0, 1, 2, 3, 4

# What an inflammatory lesion started from. "unknown": it was there before day 1. "skin": a comedone's origin.
ORIGINS = ("comedone", "normal", "macule", "scar", "unknown", "skin")
FROM_COMEDONE, FROM_NORMAL, FROM_MACULE, FROM_SCAR, FROM_UNKNOWN, FROM_SKIN = 0, 1, 2, 3, 4, 5
ORIGIN_SHARES = (0.54, 0.28, 0.12, 0.06)
"""Do 2008: comedone, normal-looking skin, red macule, scar."""

# Why a lesion stopped counting. "inflamed": a comedone became an inflammatory lesion.
ENDINGS = ("going_on", "natural", "forced", "inflamed")
GOING_ON, NATURAL, FORCED, INFLAMED = 0, 1, 2, 3

SCARS = ("none", "transient", "persistent", "older")
"""The scar a lesion leaves; "older": there was one before the lesion and it comes back into view."""
NO_SCAR, TRANSIENT, PERSISTENT, OLDER = 0, 1, 2, 3

# Columns of the kernel's table of lesions (int32).
(
    SITE, KIND, ORIGIN, PARENT, BIRTH, LIFE, LAST, ENDING, CAP_FROM, CAP_DAYS, CRUSTS, PIE_DAYS, PIH_DAYS, SCAR,
    SCAR_DAYS, SUPERSEDED,
) = range(16)  # fmt: skip
COLUMNS = 16

REFRACTORY_DAYS = 14  # [D]
HOLD_DAYS, HOLD_SHARE = 3, 0.35  # [D] a due lesion may be held so long, with this probability a day
FOREVER = 1 << 28

LIFE_MEDIAN_DAYS, LIFE_LOG_SD = 7.0, 0.45
NODULE_MEDIAN_DAYS, NODULE_LOG_SD, NODULE_LOW_DAYS, NODULE_HIGH_DAYS = 35.0, 0.25, 21, 56
MEAN_LIFE_DAYS = LIFE_MEDIAN_DAYS * math.exp(LIFE_LOG_SD**2 / 2.0)
NODULE_MEAN_DAYS = NODULE_MEDIAN_DAYS * math.exp(NODULE_LOG_SD**2 / 2.0)
PUSTULE_SHARE = 0.40
"""Share of lesions with a pus cap at some time; tuned so that 14 to 15 % of lesions on a day show one."""
CRUST_SHARE = 0.25  # [D] of pustules

CLOSED_MEDIAN_DAYS, OPEN_MEDIAN_DAYS, COMEDONE_LOG_SD = 35.0, 50.0, 0.59
OPEN_SHARE = 0.185
"""Of new comedones, so that 37 : 12 are closed : open at one time (Do 2008); the mean life is then 45 days."""

SCAR_SHARE, SCAR_VIA_MACULE, SCAR_TRANSIENT = 0.057, 0.83, 0.34  # Tan 2017
SCAR_TRANSIENT_MEDIAN_DAYS = 90.0  # [D]; Tan: 66 % are still there at 6 months
PIE_LOG_SD = 0.75
PIH_SHORT = 0.96  # [D] share of brown marks that are short beside the person's longest

# A person's numbers, as the kernel takes them.
P_PIE, PIE_MEDIAN_DAYS, P_PIH, PIH_LONGEST_DAYS, P_SCAR = range(5)


@njit()
def is_inflammatory(kind):
    """Whether a kind counts as inflammatory."""
    return kind >= PAPULE


@njit()
def draw_kind(key, day, site, nodules):
    """The kind of an inflammatory lesion born at `site` on `day`; `nodules` is today's share of births."""
    u = h.u01(key, day, site, h.KIND)
    if u < nodules:
        return NODULE
    return PUSTULE if u < nodules + (1.0 - nodules) * PUSTULE_SHARE else PAPULE


@njit()
def draw_comedone_kind(key, day, site):
    """Closed or open."""
    return OPEN if h.u01(key, day, site, h.KIND) < OPEN_SHARE else CLOSED


@njit()
def draw_life(key, day, site, kind, in_stock):
    """Planned days of counting. `in_stock`: size-biased, as a lesion met on a given day is (lognormal, mu + sd^2)."""
    median, sd, low, high = LIFE_MEDIAN_DAYS, LIFE_LOG_SD, 2, FOREVER
    if kind == NODULE:
        median, sd, low, high = NODULE_MEDIAN_DAYS, NODULE_LOG_SD, NODULE_LOW_DAYS, NODULE_HIGH_DAYS
    elif kind == CLOSED:
        median, sd = CLOSED_MEDIAN_DAYS, COMEDONE_LOG_SD
    elif kind == OPEN:
        median, sd = OPEN_MEDIAN_DAYS, COMEDONE_LOG_SD
    bias = sd * sd if in_stock else 0.0
    z = h.normal(key, day, site, h.LIFE, h.LIFE_ANGLE)
    return max(low, min(high, int(np.rint(median * math.exp(bias + sd * z)))))


@njit()
def peak_diameter_mm(key, day, site, kind):
    """Diameter at a lesion's height: papule and pustule 2 to 4.9 mm, nodule 7 to 15, comedone 1.1 to 3."""
    u = h.u01(key, day, site, h.DIAMETER) ** 1.4  # small ones are commoner
    if kind == NODULE:
        return 7.0 + 8.0 * u
    return 2.0 + 2.9 * u if kind >= PAPULE else 1.1 + 1.9 * u


@njit()
def draw_cap(row, key):
    """Plan the pus cap of a pustule: 2 to 4 days, from the first quarter of its life. Writes into its row."""
    if row[KIND] != PUSTULE:
        return
    row[CAP_FROM] = max(1, int(0.2 * row[LIFE] + 0.5))
    row[CAP_DAYS] = 2 + int(3.0 * h.u01(key, row[BIRTH], row[SITE], h.CAP))
    row[CRUSTS] = 1 if h.u01(key, row[BIRTH], row[SITE], h.CRUST) < CRUST_SHARE else 0


@njit()
def draw_marks(row, key, person):
    """What the lesion leaves behind, decided by its own address: writes PIE_DAYS, PIH_DAYS, SCAR, SCAR_DAYS."""
    born, site = row[BIRTH], row[SITE]
    if h.u01(key, born, site, h.PIE) < person[P_PIE]:
        z = h.normal(key, born, site, h.PIE_DAYS, h.PIE_ANGLE)
        row[PIE_DAYS] = max(2, int(np.rint(person[PIE_MEDIAN_DAYS] * math.exp(PIE_LOG_SD * z))))
    if h.u01(key, born, site, h.PIH) < person[P_PIH]:
        # [D] Most brown marks of a person are short, the longest lasts about PIH_LONGEST_DAYS.
        u = h.u01(key, born, site, h.PIH_DAYS)
        part = 0.02 + 0.08 * u / PIH_SHORT if u < PIH_SHORT else 0.25 + 0.75 * (u - PIH_SHORT) / (1.0 - PIH_SHORT)
        row[PIH_DAYS] = max(5, int(np.rint(person[PIH_LONGEST_DAYS] * part)))
    marked = 1.0 - (1.0 - person[P_PIE]) * (1.0 - person[P_PIH])
    macule = row[PIE_DAYS] + row[PIH_DAYS] > 0
    share = SCAR_VIA_MACULE / max(marked, 0.05) if macule else (1.0 - SCAR_VIA_MACULE) / max(1.0 - marked, 0.05)
    # Tan 2017: the longer a papule lasts, the likelier its scar.
    risk = person[P_SCAR] * share * row[LIFE] / MEAN_LIFE_DAYS
    if h.u01(key, born, site, h.SCAR) < min(risk, 0.9):
        draw_scar(row, key)


@njit()
def draw_scar(row, key):
    """Give the lesion a scar: a third of them fade within months."""
    born, site = row[BIRTH], row[SITE]
    row[SCAR], row[SCAR_DAYS] = PERSISTENT, FOREVER
    if h.u01(key, born, site, h.SCAR_KIND) < SCAR_TRANSIENT:
        spread = 0.3 + 1.4 * h.u01(key, born, site, h.SCAR_DAYS)
        row[SCAR], row[SCAR_DAYS] = TRANSIENT, int(np.rint(SCAR_TRANSIENT_MEDIAN_DAYS * spread))


@njit()
def counts_by_day(rows, days):
    """Inflammatory lesions per day, (days + 1,): entry d is day d, entry 0 is unused. `rows` of a Course."""
    count = np.zeros(days + 2, np.int64)
    for i in range(rows.shape[0]):
        if is_inflammatory(rows[i, KIND]) and rows[i, LAST] >= 1:
            count[max(rows[i, BIRTH], 1)] += 1
            count[rows[i, LAST] + 1] -= 1
    return np.cumsum(count)[: days + 1]
