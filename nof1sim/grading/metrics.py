"""How well grades are predicted. Pure functions of true and predicted grades, integers 0 to k - 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..model import Floats, Ints
from ..randomness import stream

NAN = float("nan")
Z95 = 1.959963984540054
REPLICATES = 2000


def confusion(true: Ints, predicted: Ints, k: int) -> Ints:
    """(k, k) counts: a row a true grade, a column a predicted one."""
    table = np.zeros((k, k), np.int64)
    np.add.at(table, (np.asarray(true, np.int64), np.asarray(predicted, np.int64)), 1)
    return table


def accuracy(table: Ints) -> float:
    """Share on the diagonal; NaN of nothing."""
    total = table.sum()
    return float(np.trace(table) / total) if total else NAN


def recall(table: Ints) -> Floats:
    """(k,) share of each true grade that is found; NaN for a grade that does not occur."""
    return _ratio(np.diag(table), table.sum(1))


def precision(table: Ints) -> Floats:
    """(k,) share of each predicted grade that is right; NaN for one that is never predicted."""
    return _ratio(np.diag(table), table.sum(0))


def f1(table: Ints) -> Floats:
    """(k,) 2 TP / (2 TP + FP + FN); NaN for a grade that neither occurs nor is predicted."""
    return _ratio(2 * np.diag(table), table.sum(0) + table.sum(1))


def balanced_accuracy(table: Ints) -> float:
    """Mean recall of the grades that occur."""
    return _mean(recall(table))


def macro_f1(table: Ints) -> float:
    """Mean F1 of the grades that occur or are predicted."""
    return _mean(f1(table))


def kappa(table: Ints) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968); NaN where all are in one grade, truly and by prediction."""
    k, total = len(table), table.sum()
    if not total:
        return NAN
    weight = np.subtract.outer(np.arange(k), np.arange(k)) ** 2
    expected = np.outer(table.sum(1), table.sum(0)) / total
    chance = float((weight * expected).sum())
    return 1.0 - float((weight * table).sum()) / chance if chance > 0 else NAN


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), every example taken as independent."""
    if not total:
        return NAN, NAN
    share, z2 = right / total, Z95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


MEASURES = {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1, "kappa": kappa}


def by_person(
    true: Ints, predicted: Ints, persons: Ints, k: int, seed: int = 0, replicates: int = REPLICATES
) -> dict[str, Interval]:
    """95 % percentile intervals of `MEASURES` from a bootstrap of persons (with all their examples): visits of one
    person are not independent. NaN where fewer than two persons were graded."""
    names, who = np.unique(persons, return_inverse=True)
    if names.size < 2:
        return {name: Interval(NAN, NAN) for name in MEASURES}
    each = np.zeros((names.size, k, k), np.int64)
    np.add.at(each, (who, true, predicted), 1)
    drawn = stream(seed, "grade", "bootstrap").integers(0, names.size, (replicates, names.size))
    tables = each[drawn].sum(1)
    found = {}
    for name, measure in MEASURES.items():
        values = np.array([measure(table) for table in tables])
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, [0.025, 0.975]) if values.size else (NAN, NAN)
        found[name] = Interval(float(low), float(high))
    return found


def _ratio(top: Ints, bottom: Ints) -> Floats:
    return np.where(bottom > 0, top / np.maximum(bottom, 1), np.nan)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else NAN
