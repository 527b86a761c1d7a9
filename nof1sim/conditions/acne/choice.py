"""Weighted choice without replacement from address-based numbers, compiled: nothing depends on an order of sites."""

from __future__ import annotations

import math

import numpy as np

from . import hashing as h
from .compiled import njit


@njit()
def _insert(keys, sites, size, limit, key, site):
    """Put (key, site) into the sorted arrays, which keep the `limit` smallest keys. Returns the new size."""
    if size == limit:
        if key >= keys[size - 1]:
            return size
        size -= 1
    at = size
    while at > 0 and keys[at - 1] > key:
        keys[at], sites[at] = keys[at - 1], sites[at - 1]
        at -= 1
    keys[at], sites[at] = key, site
    return size + 1


@njit()
def race(prefix, classes, wanted, weight, count, chosen):
    """`count` sites of class `wanted`, probability proportional to `weight`: each site runs an exponential race.

    Writes the sites into `chosen`, first at the goal first, and returns how many there are (Efraimidis and Spirakis
    2006). `prefix` is the day's key: the same day gives nested choices for different counts.
    """
    keys = np.empty(count)
    size = 0
    for site in range(classes.size):
        if classes[site] != wanted or weight[site] <= 0.0:
            continue
        u = h.at_site(prefix, site)
        # -log(u) >= 1 - u: most sites are ruled out without the logarithm.
        if size == count and (1.0 - u) >= keys[size - 1] * weight[site]:
            continue
        size = _insert(keys, chosen, size, count, -math.log(u) / weight[site], site)
    return size


@njit()
def soonest(rank, count, chosen):
    """The `count` sites of lowest finite rank, lowest first, into `chosen`. Returns how many there are."""
    keys = np.empty(count)
    size = 0
    for site in range(rank.size):
        if rank[site] < np.inf:
            size = _insert(keys, chosen, size, count, rank[site], site)
    return size
