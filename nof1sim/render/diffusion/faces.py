"""What a face analysis says about a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FaceIdentity:
    """A face as numbers.

    embedding : (512,) float32, raw, as InstantID takes it.  normed_embedding : (512,) float32 of length 1, for FaceID.
    pack : name of the networks that made it.  kps_px : (5, 2) float32, x and y of the eyes, the nose's tip and the
    corners of the mouth, image's left first.  bbox_px : (4,) float32, left, top, right, bottom.  det_score : 0 to 1.
    """

    embedding: NDArray[np.float32]
    normed_embedding: NDArray[np.float32]
    pack: str
    kps_px: NDArray[np.float32]
    bbox_px: NDArray[np.float32]
    det_score: float
