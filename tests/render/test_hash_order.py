"""A face does not depend on the order in which a process happens to keep sets of words."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import hashlib
from nof1sim.render.portrait.mean_head import mean_face
from nof1sim.render.procedural.atlas import _anchors
from nof1sim.render.procedural.landmarks import landmarks_of
from nof1sim.render.procedural.loft import build_loft

face = mean_face()
marks = landmarks_of(face)
source, target = _anchors(face, marks, build_loft(face, marks, 256))
print(hashlib.sha256(source.tobytes() + target.tobytes()).hexdigest())
"""


def test_the_chart_of_a_face_is_the_same_whatever_the_seed_of_string_hashes() -> None:
    """That seed, random in each process, orders Python's sets; the order of sums is the last digit of a result."""
    found = set()
    for seed in ("1", "2", "3"):
        made = subprocess.run(
            [sys.executable, "-c", CODE], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        found.add(made.stdout)
    assert len(found) == 1
