"""Speed of the small grader: seconds for 1,400 photographs (467 visits of three views), 20 epochs, 96 px.

    python benchmarks/grading.py [--epochs 20] [--threads 1]

Goal: at most 10 minutes on 2 cores. The pictures are noise: what they show costs nothing.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from nof1sim.grading.recipe import recipe_of
from nof1sim.grading.scales import IGA3
from nof1sim.grading.steps import Part
from nof1sim.grading.train import start, train
from nof1sim.randomness import stream

VISITS, VIEWS = 467, ("front", "left", "right")


def part(visits: int, size_px: int) -> Part:
    """Visits with grades in the published proportions."""
    rng = stream(0, "benchmark", visits)
    grades = rng.choice(3, visits, p=(0.12, 0.36, 0.52))
    pixels = rng.integers(0, 256, (visits, len(VIEWS), size_px, size_px, 3), dtype=np.uint8)
    return Part(pixels, grades.astype(float), grades, np.zeros(visits, bool))


def main() -> None:
    """Train and say how long it took: wall clock, and processor time of all threads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    recipe = recipe_of(epochs=given.epochs, threads=given.threads)
    learn = part(VISITS, recipe.size_px)
    nobody = Part(learn.pixels[:0], learn.targets[:0], learn.grades[:0], learn.halves[:0])
    began, processor = time.perf_counter(), time.process_time()
    train(recipe, IGA3, VIEWS, learn, nobody, 0, start(recipe, IGA3, learn, 0))
    wall, spent = time.perf_counter() - began, time.process_time() - processor
    pictures = VISITS * len(VIEWS)
    what = f"{pictures} photographs, {given.epochs} epochs, {recipe.size_px} px, {given.threads} threads"
    each = 1000 * wall / pictures / given.epochs
    print(f"{what}: {wall:.0f} s ({spent:.0f} s of processor time, {each:.1f} ms a photograph)")


if __name__ == "__main__":
    main()
