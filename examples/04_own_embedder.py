"""A pipeline of one's own beside a built-in one, on a trial and on its null twin: does it find what is there, and
nothing that is not?

    python examples/04_own_embedder.py OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import nof1sim
from nof1sim.evaluation.compare import compare


def red_spots(pixels: np.ndarray) -> np.ndarray:
    """(n, 64, 64, 3) uint8 -> (n, 2): how many pixels are redder than their surroundings, and by how much."""
    light = pixels.astype(np.float64)
    redness = np.log((light[..., 0] + 1) / (light[..., 1] + 1))
    padded = np.pad(redness, ((0, 0), (4, 4), (4, 4)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (9, 9), axis=(1, 2)).mean((-1, -2))
    excess = (redness - around)[:, 12:56, 16:48]
    return np.stack([(excess > 0.05).mean((1, 2)), np.clip(excess, 0, None).mean((1, 2))], axis=1)


def main(out: Path) -> None:
    job = nof1sim.prepare(patients=3, days=36, images={"size_px": 96}, twins=True)
    for trial in job.trials(str(out / "trial")):
        if "-twins" not in trial.out or trial.out.endswith("zero-effect"):
            nof1sim.simulate(trial.protocol, trial.out, workers=1)

    sys.modules["my_pipelines"] = sys.modules[__name__]  # in a file of its own, its name: mymodule:red_spots
    rows = compare(
        str(out / "trial"),
        ["my_pipelines:red_spots", "texture"],
        null=str(out / "trial-twins" / "zero-effect"),
        settings=nof1sim.Settings(drop_days=5),
    )
    print("pipeline                  r      effect (95 % interval)     truth   p      p on the null twin")
    for row in rows:
        effect = f"{row.estimate:6.2f} ({row.low:6.2f} to {row.high:6.2f})"
        print(f"{row.pipeline:24} {row.r:5.2f}  {effect}  {row.truth:6.2f}  {row.p:.3f}  {row.false_p:.3f}")
    print("r: with true severity, within patients. score and oracle (true lesion counts) are the ceiling.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
