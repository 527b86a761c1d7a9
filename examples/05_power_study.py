"""How many patients does it take? Power and type I error of a design by simulation, with Monte Carlo intervals.

    python examples/05_power_study.py OUT [REPLICATES]

The 10 replicates that it makes by itself are quick and say little: their interval is wide. Take 1000 for a real study.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nof1sim
from nof1sim.evaluation.calibrate import settings_for
from nof1sim.protocol import with_changes


def main(out: Path, replicates: int) -> None:
    design = {"cycles": 2, "period_days": 10, "baseline_days": 5}
    arms = {"antibiotic": {"effect": -2.0}, "cream": {"effect": -0.8, "patient_sd": 0.2}}
    plan = with_changes(nof1sim.load_protocol("default"), design=design, treatments=arms, images={"enabled": False})
    settings = settings_for(plan, drop_days=4, tests=("welch_t",))

    print(f"Pooled test of {plan.label_of('cream')} against {plan.label_of('antibiotic')}, {plan.days} days")
    print("patients  effect      p < .05 in % of trials (95 % interval)")
    for patients in (3, 6):
        for effect in ("as planned", "none"):
            change = {"counterfactual": "zero_effect" if effect == "none" else "factual"}
            protocol = with_changes(plan, cohort={"patients": patients}, design=change)
            folder = out / f"{patients}-{effect.replace(' ', '-')}"  # the same call goes on where it was stopped
            done = nof1sim.calibrate(protocol, replicates, folder, settings=settings, workers=1)
            row = done.row("score", "pooled", "two_stage_dropped")
            low, high = 100 * row["rejected_low"], 100 * row["rejected_high"]
            print(f"{patients:8}  {effect:10}  {100 * row['rejected']:5.0f} ({low:.0f} to {high:.0f})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
