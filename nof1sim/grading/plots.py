"""Pictures of a grader: its confusion, its training, its reliability. matplotlib, PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..analysis.plots import COLOURS, load_pyplot
from .evaluate import Evaluation
from .steps import Epoch

DPI = 110


def evaluation_plots(one: Evaluation) -> Iterator[tuple[str, bytes]]:
    """confusion.png and reliability.png. An AnalysisError where matplotlib is not installed."""
    plt = load_pyplot()
    figure, axes = plt.subplots(figsize=(3.6, 3.4))
    draw_confusion(axes, one, one.what)
    yield "confusion.png", _png(plt, figure)
    figure, axes = plt.subplots(figsize=(3.4, 3.2))
    draw_reliability(axes, one)
    yield "reliability.png", _png(plt, figure)


def confusions(several: Sequence[tuple[str, Evaluation]]) -> bytes:
    """Confusions side by side, each with its title."""
    plt = load_pyplot()
    figure, axes = plt.subplots(1, len(several), figsize=(3.6 * len(several), 3.4), squeeze=False)
    for place, (title, one) in zip(axes[0], several, strict=True):
        draw_confusion(place, one, title)
    return _png(plt, figure)


def curves_plot(epochs: Sequence[Epoch], best: int) -> bytes:
    """Losses and validation measures over the epochs; a line at the one that was kept."""
    plt = load_pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.8))
    at = [epoch.epoch for epoch in epochs]
    left.plot(at, [e.loss for e in epochs], color=COLOURS[0], label="training")
    left.plot(at, [e.val_loss for e in epochs], color=COLOURS[1], label="validation")
    right.plot(at, [e.balanced_accuracy for e in epochs], color=COLOURS[2], label="balanced accuracy")
    right.plot(at, [e.macro_f1 for e in epochs], color=COLOURS[5], label="macro F1")
    for axes, name in ((left, "loss"), (right, "validation")):
        axes.axvline(best, color="#888888", lw=0.8, ls=":")
        axes.set(xlabel="epoch", ylabel=name)
        axes.legend(frameon=False, fontsize=8)
    right.set_ylim(0, 1)
    return _png(plt, figure)


def draw_confusion(axes: Any, one: Evaluation, title: str) -> None:
    """Counts and shares of each true grade (a row), shaded by share."""
    table = one.table
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(*table.shape):
        colour = "white" if share[i, j] > 0.55 else "#222222"
        axes.text(j, i, f"{table[i, j]}\n{share[i, j]:.0%}", ha="center", va="center", color=colour, fontsize=9)
    places = range(len(one.titles))
    axes.set_xticks(places, one.titles)
    axes.set_yticks(places, one.titles)
    axes.set(xlabel="predicted grade", ylabel="true grade (rows are 100 %)")
    axes.set_title(f"{title}\naccuracy {one.summary['accuracy']:.1%}, balanced "
                   f"{one.summary['balanced_accuracy']:.1%}, n = {one.n}", fontsize=9)  # fmt: skip
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def draw_reliability(axes: Any, one: Evaluation) -> None:
    """How often the grader is right against how sure it is."""
    axes.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
    sure, right, n = (np.array(values) for values in zip(*one.confidence, strict=True))
    axes.scatter(sure, right, s=12 + 200 * n / n.sum(), color=COLOURS[0])
    axes.plot(sure, right, color=COLOURS[0], lw=0.8)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the predicted grade", ylabel="share that is right")


def _png(plt: Any, figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, dpi=DPI, metadata={"Software": "nof1sim"})
    plt.close(figure)
    return file.getvalue()
