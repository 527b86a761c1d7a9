"""Pure curves of the daily model: wash-in and wash-out, AR(1), random walk, trend, cycle. No draws.

Arrays are day-major, (days, patients), the order in which they are computed; the callers turn them round.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.special import ndtri

from ..model import Floats

Form = Literal["recursion", "exponential"]

_AT_ONCE = 1e12
"""Rate per day of a time constant of 1 (at once), large enough for exp(-rate) to be 0 whatever the dose."""


def rate_per_day(time_constant_days: float) -> float:
    """The continuous rate k with exp(-k) = 1 - 1/tau: the half-life ln 2 / k of sinot's discrete one is kept."""
    return -math.log1p(-1.0 / time_constant_days) if time_constant_days > 1.0 else _AT_ONCE


def stepper(form: Form, wash_in_days: float, wash_out_days: float) -> Callable[[Floats, Floats, Floats], Floats]:
    """The step `(state, target, dose) -> next day's state` of a treatment state; the dose is 0 to 1.

    'recursion' is sinot's (Gaertner et al. 2023): x + D (e - x)/tau - (1 - D) x/gamma. 'exponential' solves
    dx/dt = D k_in (e - x) - (1 - D) k_out x exactly over a day, with rates that keep the half-lives of tau and gamma.
    At doses 0 and 1 the two agree; between them they differ by the order in which partial doses act.
    """
    if form == "recursion":
        return lambda x, target, dose: x + dose * (target - x) / wash_in_days - (1.0 - dose) * x / wash_out_days
    k_in, k_out = rate_per_day(wash_in_days), rate_per_day(wash_out_days)

    def exact(x: Floats, target: Floats, dose: Floats) -> Floats:
        rate = dose * k_in + (1.0 - dose) * k_out
        goal = dose * k_in * target / rate
        return goal + (x - goal) * np.exp(-rate)

    return exact


def response(dose: Floats, target: Floats, form: Form, wash_in_days: float, wash_out_days: float) -> Floats:
    """The course of a treatment state that is 0 before day 1. `dose` and `target` are (days, patients)."""
    step = stepper(form, wash_in_days, wash_out_days)
    course, state = np.empty(dose.shape), np.zeros(dose.shape[1])
    for day in range(dose.shape[0]):
        state = course[day] = step(state, target[day], dose[day])
    return course


def steady_share(dose: float, form: Form, wash_in_days: float, wash_out_days: float) -> float:
    """What share of its full effect a treatment reaches in the long run at a constant dose of 0 to 1.

    >>> steady_share(1.0, "recursion", 5.0, 8.0)
    1.0
    """
    if form == "recursion":
        gain, loss = dose / wash_in_days, (1.0 - dose) / wash_out_days
    else:
        gain, loss = dose * rate_per_day(wash_in_days), (1.0 - dose) * rate_per_day(wash_out_days)
    return gain / (gain + loss)


def ar1(normals: Floats, sd: float, phi: float) -> Floats:
    """A stationary AR(1) with marginal SD `sd` from standard normals (days, patients); day 1 is stationary too."""
    course = np.empty(normals.shape)
    course[0] = sd * normals[0]
    innovation = sd * math.sqrt(1.0 - phi * phi)
    for day in range(1, normals.shape[0]):
        np.multiply(course[day - 1], phi, out=course[day])
        course[day] += innovation * normals[day]
    return course


def walk(normals: Floats, mean_per_day: float, sd_per_day: float) -> Floats:
    """A random walk, 0 on day 1 (sinot's drift, not clipped). `normals` (days, patients); day 1's are not used."""
    steps = mean_per_day + sd_per_day * normals
    steps[0] = 0.0
    return np.cumsum(steps, axis=0)


def trend(days: int, slope_per_day: Floats) -> Floats:
    """A straight line per patient, 0 on day 1. (days, patients)."""
    return np.arange(days, dtype=float)[:, None] * slope_per_day


def cycle(days: int, amplitude: Floats, phase_days: Floats, length_days: float, flare_days: float) -> Floats:
    """`amplitude` on the last `flare_days` of each cycle, else 0. (days, patients).

    `phase_days` is the place in the cycle on day 1, 0 to `length_days`. Late-luteal flares: EJD 2016, Lucky 2004.
    """
    place = (np.arange(days, dtype=float)[:, None] + phase_days) % length_days
    return np.where(place >= length_days - flare_days, amplitude, 0.0)


def on_off_chain(normals: Floats, mean: Floats, persistence: float) -> Floats:
    """A stationary two-state Markov chain (0.0, 1.0) with the given means and lag-1 correlation. (days, patients).

    P(1 after 1) = mean + persistence (1 - mean); P(1 after 0) = mean (1 - persistence). A state is 1 where the
    standard normal lies below the quantile of its probability.
    """
    start = ndtri(mean)
    stay, enter = ndtri(mean + persistence * (1.0 - mean)), ndtri(mean * (1.0 - persistence))
    course = np.empty(normals.shape)
    course[0] = normals[0] < start
    for day in range(1, normals.shape[0]):
        course[day] = normals[day] < np.where(course[day - 1] > 0.0, stay, enter)
    return course
