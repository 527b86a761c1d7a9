"""`njit` of the patches' kernels, cached under a digest of their sources and of the lesion layer's, which they call."""

from __future__ import annotations

from pathlib import Path

from nof1sim.compiled import digest_of, njit_named
from nof1sim.render import compiled as renderer

njit = njit_named(digest_of(Path(__file__).parent, Path(renderer.__file__).parent), error_model="numpy", fastmath=True)
