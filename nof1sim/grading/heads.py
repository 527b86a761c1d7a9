"""What a network's outputs mean: losses, probabilities, grades, expected scores. One class per head.

classes: cross-entropy. ordinal: cumulative logits with one score and ordered cuts (CORAL: Cao, Mirjalili and Raschka
2020, Pattern Recognit Lett 140:325; the proportional odds of McCullagh 1980). count: Poisson regression of the number
of inflammatory lesions, cut into grades afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from scipy.stats import poisson

from ..model import Floats, Ints
from .networks import import_torch
from .scales import Scale

Array = np.ndarray
LOG_COUNT = (-4.0, 7.0)
"""Limits of a predicted log count: e^7 is a thousand lesions."""


@dataclass(frozen=True, slots=True)
class Head:
    """A reading of a network's outputs.

    outputs : how many for a number of grades.  bias : (grades' frequencies (k,), mean target) -> initial biases.
    loss : (outputs (b, outputs), targets (b,), weights (k,) or (b,), torch) -> scalar; the weighted mean as
    torch.nn.functional.cross_entropy has it.  probabilities : (outputs (n, outputs), scale, halves (n,)) -> (n, k).
    """

    name: str
    outputs: Callable[[int], int]
    bias: Callable[[Array, float], Array]
    loss: Callable[[Any, Any, Any], Any]
    probabilities: Callable[[Array, Scale, Array], Floats]


def _classes_loss(out: Any, target: Any, weight: Any) -> Any:
    torch = import_torch()
    return torch.nn.functional.cross_entropy(out, target.long(), weight=weight)


def _classes_probabilities(out: Array, scale: Scale, halves: Array) -> Floats:
    del scale, halves
    return softmax(np.asarray(out, float), axis=1)


def ordered(torch: Any, out: Any) -> Any:
    """Logits of "at least grade 1, 2 ..." (b, k - 1) of a score and cuts (b, k - 1): the first output is the score plus
    the first cut; each further one lowers it by a positive step, so the logits fall with the grade."""
    steps = torch.nn.functional.softplus(out[:, 1:])
    return torch.cat([out[:, :1], out[:, :1] - torch.cumsum(steps, 1)], 1)


def _ordinal_loss(out: Any, target: Any, weight: Any) -> Any:
    torch = import_torch()
    logits = ordered(torch, out)
    above = (target[:, None] > torch.arange(logits.shape[1], device=logits.device)[None]).to(logits.dtype)
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, above, reduction="none").sum(1)
    return _weighted(each, target, weight)


def _ordinal_probabilities(out: Array, scale: Scale, halves: Array) -> Floats:
    del scale, halves
    out = np.asarray(out, float)
    steps = np.logaddexp(0.0, out[:, 1:])
    least = expit(np.concatenate([out[:, :1], out[:, :1] - np.cumsum(steps, 1)], 1))
    edges = np.concatenate([np.ones((len(out), 1)), least, np.zeros((len(out), 1))], 1)
    return edges[:, :-1] - edges[:, 1:]


def _ordinal_bias(shares: Array, mean: float) -> Array:
    del mean
    least = np.clip(1 - np.cumsum(shares)[:-1], 0.02, 0.98)
    logits = np.log(least / (1 - least))
    steps = np.maximum(-np.diff(logits), 0.05)
    return np.concatenate([logits[:1], np.log(np.expm1(steps))])


def _count_loss(out: Any, target: Any, weight: Any) -> Any:
    torch = import_torch()
    log = out[:, 0].clamp(*LOG_COUNT)
    each = torch.nn.functional.poisson_nll_loss(log, target, log_input=True, full=False, reduction="none")
    return (each * weight).sum() / weight.sum()


def counts_of(out: Array) -> Floats:
    """Expected numbers of lesions (n,) of a count head's outputs."""
    return np.exp(np.clip(np.asarray(out, float)[:, 0], *LOG_COUNT))


def _count_probabilities(out: Array, scale: Scale, halves: Array) -> Floats:
    """Poisson around the expected count, cut into grades."""
    mean = counts_of(out)
    counts = np.arange(int(mean.max(initial=0) + 12 * np.sqrt(mean.max(initial=0)) + 20), dtype=float)
    chance = poisson.pmf(counts[None], mean[:, None])
    found = np.zeros((len(mean), len(scale)))
    for half in (False, True):
        grade = scale.of_counts(counts, np.full(counts.size, half))
        rows = np.flatnonzero(np.asarray(halves, bool) == half)
        for k in range(len(scale)):
            found[rows, k] = chance[rows][:, grade == k].sum(1)
    return found / found.sum(1, keepdims=True)


def _weighted(each: Any, target: Any, weight: Any) -> Any:
    own = weight[target.long()]
    return (each * own).sum() / own.sum()


HEADS = {
    "classes": Head(
        "classes", lambda k: k, lambda shares, _: np.log(np.maximum(shares, 0.01)), _classes_loss,
        _classes_probabilities,
    ),
    "ordinal": Head("ordinal", lambda k: k - 1, _ordinal_bias, _ordinal_loss, _ordinal_probabilities),
    "count": Head(
        "count", lambda _: 1, lambda _, mean: np.array([np.log(max(mean, 0.1))]), _count_loss, _count_probabilities
    ),
}  # fmt: skip


def grades_of(head: str, out: Array, scale: Scale, halves: Array) -> Ints:
    """The grade of each row: the likeliest; of the ordinal head the number of cuts that are more likely passed than
    not; of a count head that of the expected count."""
    if head == "count":
        return scale.of_counts(counts_of(out), halves)
    found = HEADS[head].probabilities(out, scale, halves)
    if head == "ordinal":
        least = 1 - np.cumsum(found, 1)[:, :-1]
        return (least > 0.5).sum(1).astype(np.int64)
    return found.argmax(1).astype(np.int64)


def class_weights(grades: Ints, count: int, weighted: bool) -> np.ndarray:
    """(count,) n / (k n_i), inverse to frequency, over the k grades that there are; 0 for a grade without example.

    All 1 when not `weighted`. So the mean weight of an example is 1, and each grade has the same sum.
    """
    found = np.bincount(grades, minlength=count).astype(float)
    if not weighted:
        return np.ones(count)
    present = int((found > 0).sum())
    return np.where(found > 0, grades.size / (present * np.maximum(found, 1)), 0.0)
