"""Your own daily scores become photographs: any scale, any treatment, gaps allowed.

python examples/03_own_severities.py OUT
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import nof1sim

HEADER = "Subject,day,treatment,EASI"


def score(patient: int, day: int) -> str:
    """A diary: it falls while a treatment is taken and comes back; every ninth day was forgotten."""
    phase = (day - 1) % 20
    level = 40 * math.exp(-phase / 6) if phase < 10 else 40 * (1 - math.exp(-(phase - 9) / 6))
    return "" if day % 9 == 0 else f"{level + 3 * patient:.1f}"


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{patient},{day},{'Active' if (day - 1) % 20 < 10 else 'Off'},{score(patient, day)}"
        for patient in (1, 2)
        for day in range(1, 21)
    ]
    diary = out / "diary.csv"
    diary.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")

    columns = {"patient_id": "Subject", "severity": "EASI"}
    table = nof1sim.Table(diary, columns, scale=(0, 72), missing="interpolate")
    job = nof1sim.prepare(table=table, images={"size_px": 96})
    print(*job.notes, sep="\n")
    nof1sim.simulate(job.protocol, out / "trial", given=job.given, workers=1)

    days = nof1sim.open_dataset(out / "trial").truth("days")
    print("\nPatient 1: the diary's score, as severity 0 to 3, as lesions on the face")
    first = days.filter((days["patient_id"] == "1") & days["day"].is_in([1, 5, 9, 10, 15, 20]))
    for day, grade, lesions in first.select("day", "severity_true", "n_inflammatory").iter_rows():
        print(f"  day {day:2}: {score(1, day) or 'forgotten':>9}  {grade:.2f}  {lesions:3}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
