"""A face does not depend on the order in which a process happens to keep sets of words."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import hashlib
from nof1sim.render.portrait.mean_head import mean_face
from nof1sim.render.procedural.head import build_head

print(hashlib.sha256(build_head(mean_face(), 256).layers.tobytes()).hexdigest())
"""


def test_a_head_is_the_same_whatever_the_seed_of_string_hashes() -> None:
    """That seed, random in each process, orders Python's sets."""
    found = set()
    for seed in ("1", "2", "3", "4"):
        made = subprocess.run(
            [sys.executable, "-c", CODE], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        found.add(made.stdout)
    assert len(found) == 1
