"""`njit` of the renderer's kernels, cached under a digest of all sources of this package."""

from __future__ import annotations

from pathlib import Path

from nof1sim.compiled import digest_of, njit_named

DIGEST = digest_of(Path(__file__).parent)
njit = njit_named(DIGEST, error_model="numpy")  # a check before each division would keep loops from being vectorised
