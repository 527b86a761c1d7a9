"""`njit` of the analysis kernels, cached under a digest of the files that hold kernels (`*kernels.py`).

Only those files: a change in a test's wording or an import must not cost a recompilation.
"""

from __future__ import annotations

from pathlib import Path

from nof1sim.compiled import digest_of, njit_named

DIGEST = digest_of(*sorted(Path(__file__).parent.rglob("*kernels.py")))
njit = njit_named(DIGEST)
