"""Draws docs/images/grading_confusion.png and grading_curves.png: two graders on the test part of their own split.

nof1sim simulate --protocol bernhard2024 --size 144 --out visits
nof1sim grade train visits --epochs 14 --out weighted
nof1sim grade train visits --epochs 14 --no-weights --out unweighted
python docs/images/grading.py visits weighted unweighted
"""

from __future__ import annotations

import sys
from pathlib import Path

from nof1sim.grading.evaluate import Evaluation, evaluate, held_out
from nof1sim.grading.plots import confusions, curves_plot
from nof1sim.grading.predict import predict
from nof1sim.grading.saved import Grader, load_grader
from nof1sim.grading.sources import read_examples
from nof1sim.grading.steps import Epoch

HERE = Path(__file__).parent


def tested(grader: Grader, visits: str) -> Evaluation:
    """A grader on people it has never seen."""
    examples = read_examples(visits, grader.asked)
    return evaluate(grader, predict(grader, held_out(grader, examples)), "test part")


def main(visits: str, weighted: str, unweighted: str) -> None:
    """Both confusions side by side, and the curves of the first."""
    both = {"weighted loss": load_grader(weighted), "no weights": load_grader(unweighted)}
    shown = [(title, tested(grader, visits)) for title, grader in both.items()]
    (HERE / "grading_confusion.png").write_bytes(confusions(shown))
    about = both["weighted loss"].about
    epochs = [Epoch(**epoch) for epoch in about["epochs"]]
    (HERE / "grading_curves.png").write_bytes(curves_plot(epochs, about["best_epoch"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
