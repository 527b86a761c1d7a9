"""The R reference fits, where they are at hand."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[3]
FOLDERS = [up / "shared" / "reference" / "lmm" for up in ROOT.parents]
LMM = next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])


@pytest.fixture(scope="session")
def reference():
    """`reference(name)` -> (the JSON's content, rows as arrays y, x, group, time); `reference(name, 'kr')` too."""

    def load(name: str, part: str = ""):
        path = LMM / (f"{name}.{part}.json" if part else f"{name}.json")
        if not path.is_file():
            pytest.skip(f"the R reference fits (shared/reference/lmm/{path.name}) are not here")
        levels = json.loads((LMM / f"{name}.json").read_text())["levels"]
        with (LMM / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        treatment = np.array([row["treatment"] for row in rows])
        x = np.column_stack([np.ones(len(rows)), *((treatment == label).astype(float) for label in levels[1:])])
        y, time = (np.array([float(row[key]) for row in rows]) for key in ("y", "day"))
        group = np.array([int(row["patient"]) for row in rows])
        return json.loads(path.read_text()), (y, x, group, time), (treatment, [int(row["block"]) for row in rows])

    return load
