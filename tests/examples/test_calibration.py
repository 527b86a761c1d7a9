"""The calibration examples run, and their protocols are what their names say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nof1sim.protocol import load_protocol
from nof1sim.protocol.images import KINDS, PRESETS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "calibration"


@pytest.mark.parametrize("name", ["schneider2023_dial", "schneider2023_score"])
def test_protocols_change_the_published_one_only_where_they_say(name):
    ours, published = load_protocol(str(FOLDER / f"{name}.yaml")), load_protocol("schneider2023")
    assert ours.name == name
    assert ours.severity == published.severity
    assert ours.treatments == published.treatments
    assert ours.cohort == published.cohort


def test_the_dial_is_a_share_of_the_preset():
    dials = load_protocol(str(FOLDER / "schneider2023_dial.yaml")).images.nuisance.dials
    assert dials == pytest.approx({kind: 0.3 * PRESETS["home"][kind] for kind in KINDS})


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (("correlated_days.py", "--replicates", "3"), "| 16 x 7, noise SD 0.16, drift SD 0.03 a day |"),
        (("methods.py", "1x16", "--replicates", "3"), "| `block_t` | 5.1 / "),
        (("pilot.py", "--replicates", "3"), "| score | permutation |"),
    ],
)
def test_scripts_print_their_tables(script, shown):
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(FOLDER / script[0]), *script[1:], "--workers", "1"],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
