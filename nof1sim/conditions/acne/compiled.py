"""`njit` of the lesion engine's kernels, cached under a digest of its sources.

No fastmath and not parallel, so that results repeat bit by bit on one kind of processor.
"""

from __future__ import annotations

from pathlib import Path

from nof1sim import model
from nof1sim.compiled import digest_of, njit_named

_HERE = Path(__file__).parent
DIGEST = digest_of(_HERE, _HERE.parent / "cells.py", model.__file__)
njit = njit_named(DIGEST)
