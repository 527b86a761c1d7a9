"""`njit` of the exanthem's kernels, cached under a digest of their sources.

No fastmath and not parallel, so that results repeat bit by bit on one kind of processor.
"""

from __future__ import annotations

from pathlib import Path

from nof1sim import model
from nof1sim.compiled import digest_of, njit_named

_HERE = Path(__file__).parent
njit = njit_named(digest_of(_HERE, *(_HERE.parent / f"{name}.py" for name in ("ground", "philox")), model.__file__))
