"""Who is shown: identity over days, diversity between people, and pictures that were learnt by heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...analysis.images import Pixels
from ...model import Floats, Ints
from ...randomness import stream

COPY_GREY = 2.0
"""A picture that differs from a training picture by at most this mean absolute difference, grey levels, is a copy."""
DRAWS = 1000
PAIRS = 4


@dataclass(frozen=True, slots=True)
class Identity:
    """Distances in an embedder's space (Euclidean, standardised), and re-identification.

    within : between two days of one person, mean over pairs and persons.  between : between two persons on one day.
    ratio : within / between; 1 where days differ as people do.
    rank1 : share of the panel's pictures whose nearest clear face is their own person's, among the renderer's own clear
    faces and its pictures of the crowd.  rank1_analytic : the same among the analytic renderer's: whether it is the
    protocol's person, or only always the same one.  gallery : faces to choose from; 1 / gallery is chance.
    """

    within: float
    between: float
    ratio: float | None
    rank1: float
    rank1_analytic: float
    gallery: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """Distance of each picture to its nearest training picture.

    median : of the renderer's crowd.  ratio : to that of analytic pictures of people who were not in the training.
    low, high : 95 % bootstrap interval of the ratio over persons.  copies : share of the crowd within `COPY_GREY` of
    its nearest training picture.  warns : the whole interval lies below 1.
    pairs : the nearest (crowd, training, distance), nearest first, each of another training picture.
    """

    median: float
    ratio: float
    low: float
    high: float
    copies: float
    warns: bool
    n: int
    pairs: tuple[tuple[int, int, float], ...]


def identity(panel: Floats, clear: Floats, crowd: Floats, analytic: tuple[Floats, Floats]) -> Identity:
    """Of vectors: panel (patients, days, k), clear (patients, k), crowd (people, k).

    analytic : clear and crowd of the analytic renderer.
    """
    within = float(np.mean([mean_pairwise(days) for days in panel]))
    between = float(np.mean([mean_pairwise(panel[:, day]) for day in range(panel.shape[1])]))
    own, theirs = (np.concatenate(pair) for pair in ((clear, crowd), analytic))
    return Identity(
        within, between, within / between if between > 0 else None, _rank1(panel, own), _rank1(panel, theirs),
        len(own), panel.shape[0] * panel.shape[1],
    )  # fmt: skip


def _rank1(panel: Floats, gallery: Floats) -> float:
    """Share of panel (patients, days, k) nearest to the gallery's row of their patient; a tie does not count."""
    hits = 0
    for patient, days in enumerate(panel):
        far = distances(days, gallery)
        own = far[:, patient].copy()
        far[:, patient] = np.inf
        hits += int((own < far.min(1)).sum())
    return hits / (panel.shape[0] * panel.shape[1])


def mean_pairwise(rows: Floats) -> float:
    """Mean distance between two different rows (n, k), n >= 2."""
    n = len(rows)
    return float(distances(rows, rows).sum() / (n * (n - 1)))


def distances(x: Floats, y: Floats) -> Floats:
    """Euclidean, (n, m)."""
    squared = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    if x is y:
        np.fill_diagonal(squared, 0.0)
    return np.sqrt(np.maximum(squared, 0.0))


def nearest(crowd: tuple[Floats, Pixels], reference: Floats, training: tuple[Floats, Pixels], seed: int = 0) -> Nearest:
    """Of a renderer's crowd and the training set, each as vectors (n, k) and pictures (n, h, w, 3).

    reference : vectors of analytic pictures of persons that are in no training. Averaged faces lie near everything, so
    a low ratio without copies may mean too little variety instead: read it beside the diversity.
    """
    far = distances(crowd[0], training[0])
    place, own = far.argmin(1), far.min(1)
    theirs = distances(reference, training[0]).min(1)
    away = np.array([_grey(crowd[1][i], training[1][place[i]]) for i in range(len(own))])
    rng = stream(seed, "nearest")
    draws = [
        _ratio(own[rng.integers(own.size, size=own.size)], theirs[rng.integers(theirs.size, size=theirs.size)])
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(draws, (0.025, 0.975)).tolist()
    return Nearest(float(np.median(own)), _ratio(own, theirs), low, high, float((away <= COPY_GREY).mean()), high < 1,
                   len(own), _pairs(own, place))  # fmt: skip


def _ratio(own: Floats, theirs: Floats) -> float:
    return float(np.median(own) / max(float(np.median(theirs)), 1e-12))


def _grey(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _pairs(own: Floats, place: Ints) -> tuple[tuple[int, int, float], ...]:
    found: dict[int, tuple[int, int, float]] = {}
    for i in np.argsort(own, kind="stable").tolist():
        found.setdefault(int(place[i]), (i, int(place[i]), float(own[i])))
    return tuple(found.values())[:PAIRS]
