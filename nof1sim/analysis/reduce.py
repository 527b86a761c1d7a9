"""Vectors to one score a picture, without labels, and how far to trust it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import AnalysisError, Fault
from .images import Bools, Ints, Shots, batches
from .preprocess import Floats, centred, standardised

Method = Literal["within_pc1", "global_pc1", "per_patient_pc1"]
METHODS: tuple[Method, ...] = ("within_pc1", "global_pc1", "per_patient_pc1")

BETWEEN_LIMIT, LIGHT_LIMIT, ANCHOR_LOW, ANCHOR_MIN = 0.5, 0.5, 0.3, 0.1
"""Thresholds of the warnings, and |r| below which the anchor decides no sign. Judgement, not simulation."""


@dataclass(frozen=True, slots=True)
class Score:
    """One number a picture.

    values : (n,), in SDs within patients (per_patient_pc1: of the patient's baseline); higher = more disease, as far as
    the anchor can tell; NaN for a patient with no score.  explained : (k,) share of variance of each component (of the
    within-patient variance for the within methods; the patients' mean for per_patient_pc1).  between_share : share of
    PC1's variance that lies between patients, in vectors not centred.  anchor : what fixed the sign.  anchor_r :
    within-patient correlation with the redness index.
    warnings : plain sentences.  loadings : PC1 as a picture (h, w, channels), or the correlation map (h, w).
    """

    values: Floats
    method: Method
    explained: Floats
    between_share: float
    anchor: str
    anchor_r: float
    warnings: tuple[str, ...]
    loadings: NDArray[Any]


def reduce(
    vectors: NDArray[Any],
    shots: Shots,
    method: Method = "within_pc1",
    redness: NDArray[Any] | None = None,
    picture: Callable[[Any], NDArray[Any]] | None = None,
) -> Score:
    """The first principal component of vectors (n, k) as a score.

    within_pc1: PCA of the vectors centred within each patient, all patients pooled. global_pc1: PCA of the vectors as
    they are (Schneider et al., arXiv 2309.06455). per_patient_pc1: a PCA for each patient, in SDs of the baseline.

    The sign never looks at treatments: it makes the score rise with the `redness` index (n,) within patients; where
    that is missing or |r| < .1, it makes the baseline's mean positive.

    Parameters
    ----------
    picture : shows a direction (k,) as a picture, where the embedder can (`embedder.picture`).

    Raises
    ------
    AnalysisError
        Vectors that do not differ within any patient; an unknown method.
    """
    if method not in METHODS:
        raise AnalysisError(str(Fault("reduction", method, ", ".join(METHODS))))
    x = np.asarray(vectors, float)
    inner = centred(x, shots.who)
    if not np.ptp(inner, axis=0).max() > 1e-12 * max(1.0, float(np.abs(x).max())):
        given = "vectors that never differ within a patient"
        raise AnalysisError(
            str(Fault("reduction", given, "vectors that vary from day to day", "Look at the pictures."))
        )
    sign = _Sign(shots.who, shots.baseline, None if redness is None else np.asarray(redness, float).ravel())
    if method == "per_patient_pc1":
        values, explained, axis, lost = _per_patient(inner, shots, sign)
    else:
        basis = inner if method == "within_pc1" else x - x.mean(0)
        axis, explained = _first_axis(basis)
        axis, lost = axis * sign.of(basis @ axis), ()
        values = basis @ axis
        # In SDs within patients: effects of different embedders can be compared.
        values /= float(np.std(centred(values, shots.who)))
    anchor, anchor_r = sign.reason(values)
    share = between_share(x @ axis, shots.who)
    warnings = (*lost, *_warnings(values, method, share, anchor_r, shots))
    loadings = picture(axis.astype(np.float32)) if picture else correlation_map(values, shots)
    return Score(values, method, explained, share, anchor, anchor_r, warnings, loadings)


def _first_axis(x: Floats) -> tuple[Floats, Floats]:
    """PC1's axis (k,) and the shares of variance; x is centred already."""
    _, size, axes = np.linalg.svd(x, full_matrices=False)
    total = (size**2).sum()
    return axes[0], size**2 / total if total > 0 else size


def _per_patient(inner: Floats, shots: Shots, sign: _Sign) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    values = np.full(len(shots), np.nan)
    shares, axes, lost = [], [], []
    for patient in np.unique(shots.who):
        rows = shots.who == patient
        if rows.sum() < 3 or not np.ptp(inner[rows], axis=0).max() > 0:
            lost.append(int(patient) + 1)
            continue
        axis, explained = _first_axis(inner[rows])
        axis = axis * sign.of(inner[rows] @ axis, rows)
        values[rows] = inner[rows] @ axis
        shares.append(explained[0])
        axes.append(axis)
    if not axes:
        raise AnalysisError(str(Fault("reduction", "no patient with 3 pictures that differ", "at least one")))
    values = standardised(values, shots.who, shots.baseline)
    axis = np.mean(np.array(axes, np.float64), 0)
    note = (f"no score for patient {', '.join(map(str, lost))} (by order): fewer than 3 pictures that differ",)
    return values, np.array([np.mean(shares)], np.float64), axis / (np.linalg.norm(axis) or 1.0), note if lost else ()


@dataclass(frozen=True, slots=True)
class _Sign:
    who: Ints
    baseline: Bools
    redness: Floats | None

    def of(self, values: Floats, rows: Bools | None = None) -> float:
        """+1 or -1 for scores of these rows."""
        keep = np.ones(self.who.size, bool) if rows is None else rows
        r = self._r(values, keep)
        if np.isfinite(r) and abs(r) >= ANCHOR_MIN:
            return 1.0 if r > 0 else -1.0
        base = self.baseline[keep]
        return -1.0 if base.any() and centred(values, self.who[keep])[base].mean() < 0 else 1.0

    def _r(self, values: Floats, keep: Bools) -> float:
        if self.redness is None:
            return float("nan")
        return within_r(values, self.redness[keep], self.who[keep])

    def reason(self, values: Floats) -> tuple[str, float]:
        keep = np.isfinite(values)
        r = self._r(values[keep], keep)
        if np.isfinite(r) and abs(r) >= ANCHOR_MIN:
            return "rises with the redness index", r
        return ("higher in the baseline" if self.baseline.any() else "none: as the SVD gave it"), r


def within_r(a: Floats, b: Floats, who: Ints) -> float:
    """Correlation of a and b, both (n,), each minus its patient's mean; NaN where one does not vary."""
    a, b = centred(np.asarray(a, float), who), centred(np.asarray(b, float), who)
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def between_share(values: Floats, who: Ints) -> float:
    """Intraclass correlation of values (n,): one-way random effects by ANOVA (Shrout & Fleiss 1979), at least 0."""
    people, where, count = np.unique(who, return_inverse=True, return_counts=True)
    if people.size < 2 or values.size <= people.size:
        return float("nan")
    means = np.bincount(where, values) / count
    within = float(((values - means[where]) ** 2).sum() / (values.size - people.size))
    between = float((count * (means - values.mean()) ** 2).sum() / (people.size - 1))
    size = (values.size - (count**2).sum() / values.size) / (people.size - 1)
    variance = max(0.0, (between - within) / size)
    return variance / (variance + within) if variance + within > 0 else float("nan")


def lighting(shots: Shots) -> Floats:
    """Brightness (mean sRGB, 0 to 1) and colour cast (mean R - B) of each whole picture, (n, 2)."""
    means = np.concatenate([shots.pixels[part].mean((1, 2)) for part in batches(len(shots))]) / 255
    return np.stack([means.mean(1), means[:, 0] - means[:, 2]], 1)


def _warnings(values: Floats, method: Method, share: float, anchor_r: float, shots: Shots) -> tuple[str, ...]:
    found = []
    if method == "global_pc1" and share > BETWEEN_LIMIT:
        found.append(f"PC1 is probably identity: {share:.0%} of its variance lies between patients. Use within_pc1.")
    keep = np.isfinite(values)
    light = lighting(shots)[keep]
    low = not abs(anchor_r) >= ANCHOR_LOW
    for column, what in enumerate(("brightness", "colour cast")):
        r = within_r(values[keep], light[:, column], shots.who[keep])
        if abs(r) > LIGHT_LIMIT and low:
            found.append(
                f"PC1 is probably lighting: r = {r:.2f} with the pictures' {what}, {anchor_r:.2f} with redness."
            )
    if low and not found and np.isfinite(anchor_r):
        found.append(f"PC1 may not be the disease: its within-patient correlation with redness is {anchor_r:.2f}.")
    return tuple(found)


def correlation_map(values: Floats, shots: Shots) -> NDArray[np.float32]:
    """Within-patient correlation of the score with each pixel (mean of R, G, B), (h, w); 0 where it never varies."""
    keep = np.isfinite(values)
    y = np.where(keep, 0.0, values)
    y[keep] = centred(values[keep], shots.who[keep])
    cross, square, power = (
        np.zeros(shots.pixels.shape[1:3]),
        np.zeros(shots.pixels.shape[1:3]),
        float(y[keep] @ y[keep]),
    )
    for patient in np.unique(shots.who[keep]):
        grey = shots.pixels[keep & (shots.who == patient)].mean(-1, dtype=np.float32)
        grey -= grey.mean(0)
        cross += np.tensordot(y[keep & (shots.who == patient)], grey, 1)
        square += (grey**2).sum(0)
    scale = np.sqrt(square * power)
    return np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 0).astype(np.float32)
