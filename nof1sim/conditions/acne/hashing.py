"""Counter-based random numbers for compiled kernels: a number belongs to (key, day, site, purpose).

No state, no order: a longer trial, another severity or another sequence of calls draws the same numbers. The mixer is
SplitMix64's finaliser (Steele, Lea and Flood 2014). The key is `nof1sim.randomness.key64` of the patient.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import njit

_GOLD = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_UNIT = 1.0 / (1 << 52)
_DAY_ZERO = 1 << 24  # days before the study are negative

# What a number is for. Part of the seed address: a changed or reused code changes every picture.
LIFE, LIFE_ANGLE, KIND, CAP, HOLD, HEAL, BIRTH, ORIGIN, NEWCOMERS = 1, 2, 3, 4, 5, 6, 7, 8, 9
COMEDONE_BIRTH, COMEDONE_NEWCOMERS, COMEDONE_HEAL, AGE = 10, 11, 12, 13
PIE, PIE_DAYS, PIE_ANGLE, PIH, PIH_DAYS, SCAR, SCAR_KIND, SCAR_DAYS = 14, 15, 16, 17, 18, 19, 20, 21
PAST, PERSON, PERSON_ANGLE, CRUST = 22, 24, 25, 26
DIAMETER, HEIGHT, REDNESS, PIGMENT, SHAPE, MICRO, PLUG = 27, 28, 29, 30, 31, 32, 33


@njit()
def mix(z):
    """SplitMix64's finaliser: uint64 -> uint64."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit()
def day_key(key, day, purpose):
    """What all sites share on a day, for one purpose: uint64. `key` uint64, `day` may be negative."""
    return mix(mix(key + _GOLD * np.uint64(day + _DAY_ZERO)) + _GOLD * np.uint64(purpose))


@njit()
def at_site(prefix, site):
    """The uniform number in (0, 1) of a site under a `day_key`."""
    z = mix(prefix + _GOLD * np.uint64(site + 1))
    return (np.float64(z >> _S12) + 0.5) * _UNIT


@njit()
def u01(key, day, site, purpose):
    """The uniform number in (0, 1) that belongs to an address."""
    return at_site(day_key(key, day, purpose), site)


@njit()
def normal(key, day, site, purpose, angle_purpose):
    """A standard normal number from two addresses (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(u01(key, day, site, purpose)))
    return radius * math.cos(2.0 * math.pi * u01(key, day, site, angle_purpose))


@njit()
def poisson(u, mean):
    """The Poisson quantile of `u`: monotone in `mean`, so twins with fewer lesions have a subset. Mean up to 700."""
    term = math.exp(-mean)
    total, k = term, 0
    while u > total and k < 10_000:
        k += 1
        term *= mean / k
        total += term
        if term < 1e-300 and k > mean:
            break
    return k
