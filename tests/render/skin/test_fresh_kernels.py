"""Kernels give the same bytes in the process that compiles them as in those that load them from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__)


def main() -> None:
    """Draw some lesions of each kind and tell the hash of the light, to its last digit."""
    import hashlib

    from nof1sim.render.skin import draw, prime, sample_lesions
    from nof1sim.render.skin.specimens import together

    from .patch import LIGHTING, clear, patch, sites

    stages = ("closed_comedone", "open_comedone", "papule", "pustule", "nodule", "crust", "excoriation", "erythema",
              "hyperpigmentation", "scar")  # fmt: skip
    lesions = together([
        sample_lesions(stage, [(4.0 * (k % 3) - 4, 4.0 * (k // 3) - 6), (1.0 + k % 2, 2.0 - k)], size)
        for size in ("small", "large") for k, stage in enumerate(stages)
    ])  # fmt: skip
    buffer = patch(96, 0.25, 35.0)
    light = clear(buffer)
    maps = draw(prime(buffer, LIGHTING), lesions, sites(buffer, lesions), light, dark=0.3, day=(1.0, 0.9, 1.1), oil=1.0)
    print(hashlib.sha256(b"".join(array.tobytes() for array in (light, *maps))).hexdigest())


def test_a_fresh_kernel_gives_the_bytes_of_a_stored_one(tmp_path: Path) -> None:
    found, environment = [], os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    code = "from skin.test_fresh_kernels import main; main()"
    for stored in (False, True):
        assert any(tmp_path.iterdir()) == stored
        made = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=HERE.parents[1], capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        found.append(made.stdout)
    assert found[0] == found[1]
