"""Whether pictures show the severity that was asked for: rank correlations of a score with the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from ...analysis.embed.networks import threads
from ...analysis.embed.plain import Redness
from ...analysis.images import Pixels
from ...errors import Fault, InputError
from ...grading.crop import framed
from ...grading.heads import HEADS, counts_of
from ...grading.networks import import_torch
from ...grading.saved import Grader
from ...grading.steps import Part
from ...grading.train import outputs
from ...model import Floats
from .space import resized, shots_of

VIEW = ("front",)


@dataclass(frozen=True, slots=True)
class Followed:
    """Spearman's correlations of a score with the requested severity.

    within : median over patients, each over their days.  patients : those whose severity varies.
    overall : over all pictures.  pictures : how many.
    """

    within: float | None
    patients: int
    overall: float | None
    pictures: int


def followed(score: Floats, asked: Floats) -> Followed:
    """Of a score (patients, days) and the requested severity. A score that never moves follows nothing: 0."""
    own = [_rho(score[i], asked[i]) for i in range(len(asked)) if np.ptp(asked[i]) > 0]
    everything = _rho(score.ravel(), asked.ravel()) if np.ptp(asked) > 0 else None
    return Followed(float(np.median(own)) if own else None, len(own), everything, asked.size)


def _rho(score: Floats, asked: Floats) -> float:
    if np.ptp(score) == 0:
        return 0.0
    return float(spearmanr(score, asked)[0])  # pyright: ignore[reportArgumentType]


def redness_score(panel: Pixels) -> Floats:
    """The analysis' redness score of a panel (patients, days, h, w, 3): the mean local redness contrast of the inner
    face, log units; (patients, days)."""
    embedder = Redness()
    flat = panel.reshape(-1, *panel.shape[2:])
    shots = shots_of(resized(flat, embedder.needs.size_px))
    return embedder.embed(shots)[:, 0].astype(float).reshape(panel.shape[:2])


def check_grader(grader: Grader) -> None:
    """An InputError for a grader that wants other photographs than one from the front. An AnalysisError without torch,
    before anything is drawn."""
    if tuple(grader.asked.views) != VIEW:
        advice = "Train one with: nof1sim grade train DATASET --views front."
        raise InputError(str(Fault("--grader", ", ".join(grader.asked.views), "a grader of the view front", advice)))
    import_torch()


def grader_score(grader: Grader, panel: Pixels) -> Floats:
    """A grader's expected grade (or count, of a count head) of each picture of a panel; (patients, days)."""
    torch = import_torch()
    flat = panel.reshape(-1, *panel.shape[2:])
    seen = np.stack([framed(pixels, grader.recipe.size_px).pixels for pixels in flat])[:, None]
    n = len(seen)
    halves: Any = np.zeros(n, bool)
    part = Part(seen, np.zeros(n), np.zeros(n, np.int64), halves)
    with threads(grader.recipe.threads):
        out = outputs(torch, grader.recipe, grader.network(), part, VIEW, "cpu")
    if grader.recipe.head == "count":
        score = counts_of(out)
    else:
        score = HEADS[grader.recipe.head].probabilities(out, grader.scale, halves) @ np.arange(len(grader.scale))
    return np.asarray(score, float).reshape(panel.shape[:2])
