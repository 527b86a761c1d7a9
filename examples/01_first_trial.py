"""Simulate a small trial, read it back, analyse it as anybody would, and look at the truth last.

python examples/01_first_trial.py OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

import nof1sim


def main(out: Path) -> None:
    job = nof1sim.prepare(patients=3, days=42, images={"size_px": 96})
    print(*job.notes, sep="\n")  # what was decided for us: 42 days are too few for two pairs of 28-day periods
    outcome = nof1sim.simulate(job.protocol, out / "trial", workers=1)
    print(f"{outcome.out}: {outcome.total} photographs, complete: {outcome.complete}")

    trial = nof1sim.open_dataset(out / "trial")
    table = trial.observations()
    print("\nWhat the study recorded:")
    for patient in trial.patient_ids():
        rows = table.filter(table["patient_id"] == patient)
        means = rows.group_by("treatment", maintain_order=True).agg(pl.col("AcneSeverity").mean())
        print(f"  patient {patient}: " + ", ".join(f"{label} {mean:.2f}" for label, mean in means.iter_rows()))
    unit, pixels = next(trial.images(view="front"))
    print(f"  the first photograph: day {unit.day}, {pixels.shape[1]} x {pixels.shape[0]} pixels")

    found = nof1sim.analyze(out / "trial", nof1sim.Settings(embedders=("texture",), drop_days=5))
    print(f"\n{found.contrast}; carry-over: {found.carryover}")
    for answer in found.answers:
        effect = answer.pooled[0]
        print(f"  {answer.name}: {effect.estimate:.2f} ({effect.low:.2f} to {effect.high:.2f}), p {effect.p:.3f}")

    truth = trial.truth("patients")
    print("\nThe truth (second arm minus first, in grades):")
    for patient, contrast in truth.select("patient_id", "realised_contrast").iter_rows():
        print(f"  patient {patient}: {contrast:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
