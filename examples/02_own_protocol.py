"""A protocol of one's own: a YAML file, its design report, a drawing of the schedule, and the trial.

python examples/02_own_protocol.py OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import nof1sim
from nof1sim.report.design import diagram_svg, to_text

PROTOCOL = """
schema_version: 1
name: two_creams
title: Two creams in four periods of a week, days lost at random
seed: 11
condition: acne
cohort: {patients: 4, age_years: {low: 18, high: 30}}
design: {arms: [plain, strong], sequence: randomized_pairs, cycles: 2, period_days: 7, baseline_days: 7}
treatments:
  plain: {label: Plain, effect: -0.6, wash_in_days: 2, wash_out_days: 2}
  strong: {label: Strong, effect: -1.6, wash_in_days: 3, wash_out_days: 3, patient_sd: 0.3}
severity:
  baseline: {mean: 2.4, sd: 0.2}
  fluctuation: {sd: 0.15, phi: 0.8}
observation:
  recording_sd: 0.1
  missing: {mcar: 0.1}
images: {size_px: 96, nuisance: {preset: home, pose: 0.2}}
"""


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    file = out / "two_creams.yaml"
    file.write_text(PROTOCOL, encoding="utf-8")
    protocol = nof1sim.load_protocol(file)  # faults of the file are reported together
    print(to_text(nof1sim.design_report(protocol)))
    (out / "schedule.svg").write_text(diagram_svg(protocol), encoding="utf-8")

    nof1sim.simulate(protocol, out / "trial", workers=1)
    table = nof1sim.open_dataset(out / "trial").to_pandas()
    print("\nRecorded severity, mean and days:")
    print(table.groupby("treatment")["AcneSeverity"].agg(["mean", "count"]).round(2).to_string())
    print(f"Days lost: {int(table['AcneSeverity'].isna().sum())} of {len(table)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
