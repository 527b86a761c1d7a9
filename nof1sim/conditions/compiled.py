"""`njit` of the conditions' shared kernels, cached under a digest of their sources.

No fastmath and not parallel, so that results repeat bit by bit on one kind of processor.
"""

from __future__ import annotations

from pathlib import Path

from nof1sim.compiled import digest_of, njit_named

_HERE = Path(__file__).parent
DIGEST = digest_of(*(_HERE / f"{name}.py" for name in ("cells", "compiled", "discs", "philox", "relax", "squares")))
njit = njit_named(DIGEST)
