"""False positives where days are alike: autocorrelation and drift without any treatment effect.

    python examples/calibration/correlated_days.py

The schedules and noises of three small simulations: the pilot's 8 phases of 6 photographs with AR(1) noise from one
photograph to the next; 4 phases of 28 days and 16 of 7 days with white noise (SD 0.16) on a random walk. Scores only.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from series import B_MINUS_A, Floats, ar1, course, schedule
from tables import distance, rate, shared, show

from nof1sim.analysis.stats.table import TESTS
from nof1sim.randomness import stream

ALPHA, NOISE_SD = 0.05, 0.16
METHODS = ("student_t", "gls_residual", "gls", "randomisation")
"""gls_residual is the published AR(1) regression (REML, t with n - p degrees of freedom); gls is nof1sim's default."""


@dataclass(frozen=True)
class Row:
    """phi: of AR(1) noise with SD 1; drift: SD of a random walk's daily step. published: t, AR(1), smallest p."""

    phases: int
    phase: int
    phi: float
    drift: float
    published: tuple[float, float, float | None]
    published_size: int

    @property
    def title(self) -> str:
        what = f"noise SD {NOISE_SD}, drift SD {self.drift:g} a day" if self.days_long else f"AR(1), phi {self.phi:g}"
        return f"{self.phases} x {self.phase}, {what}"

    @property
    def days_long(self) -> bool:
        return self.phase != 6

    def noise(self, rng: np.random.Generator) -> Floats:
        """A series without an effect."""
        size = self.phases * self.phase
        if not self.days_long:
            return ar1(rng, 1, size, self.phi)[0]
        return NOISE_SD * rng.standard_normal(size) + self.drift * np.cumsum(rng.standard_normal(size))


ROWS = (
    Row(8, 6, 0.0, 0.0, (0.05, 0.07, None), 1000),
    Row(8, 6, 0.2, 0.0, (0.08, 0.06, None), 1000),
    Row(8, 6, 0.5, 0.0, (0.16, 0.08, None), 1000),
    Row(8, 6, 0.8, 0.0, (0.15, 0.05, None), 1000),
    Row(4, 28, 0.0, 0.0, (0.03, 0.04, None), 400),
    Row(4, 28, 0.0, 0.03, (0.50, 0.28, None), 400),
    Row(4, 28, 0.0, 0.05, (0.57, 0.20, None), 400),
    Row(16, 7, 0.0, 0.03, (0.045, 0.030, 0.048), 400),
)


def rejections(job: tuple[int, int, int]) -> dict[str, list[float]]:
    """Method -> p of replicates `first` .. `last - 1` of a row; and the smallest p that its randomisation allows."""
    index, first, last = job
    row = ROWS[index]
    period = schedule(row.phases * row.phase, row.phase)
    found: dict[str, list[float]] = {method: [] for method in (*METHODS, "smallest")}
    for number in range(first, last):
        one = course(row.noise(stream(0, row.title, number)), period, str(number))
        for method in METHODS:
            found[method].append(TESTS[method].run(one, B_MINUS_A).p)
        found["smallest"].append(TESTS["randomisation"].run(one, B_MINUS_A).extra["smallest_p"])
    return found


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    jobs = [(i, n, min(n + 100, asked.replicates)) for i in range(len(ROWS)) for n in range(0, asked.replicates, 100)]
    found = shared(rejections, jobs, asked.workers)
    table, gaps = [], []
    for i, row in enumerate(ROWS):
        mine = [part for job, part in zip(jobs, found, strict=True) if job[0] == i]
        hits = {method: [p < ALPHA for part in mine for p in part[method]] for method in METHODS}
        for method, known in zip(("student_t", "gls_residual", "randomisation"), row.published, strict=True):
            if known is not None:
                gaps.append(distance(hits[method], known, row.published_size))
        t, ar, permuted = row.published
        told = "never" if permuted is None else f"{100 * permuted:.1f}"
        table.append([
            row.title, f"{100 * t:.3g} / {rate(hits['student_t'])}", f"{100 * ar:.3g} / {rate(hits['gls_residual'])}",
            rate(hits["gls"]), f"{told} / {rate(hits['randomisation'])}", f"{mine[0]['smallest'][0]:.2g}",
        ])  # fmt: skip
    show(["data", "t: published / ours", "AR(1): published / ours (`gls_residual`)", "ours, Kenward-Roger (`gls`)",
          "phase pairs: published / ours", "smallest p"], table)  # fmt: skip
    print("In standard errors of the difference:", " ".join(f"{gap:+.1f}" for gap in gaps))


if __name__ == "__main__":
    main()
