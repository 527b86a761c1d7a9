"""`njit` of the patches' kernels, cached under a digest of their sources."""

from __future__ import annotations

from pathlib import Path

from nof1sim.compiled import digest_of, njit_named

njit = njit_named(digest_of(Path(__file__).parent), error_model="numpy", fastmath=True)
