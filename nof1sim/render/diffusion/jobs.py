"""What is asked of the diffusion models: a painted region, or a portrait. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .faces import FaceIdentity

Address = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PaintJob:
    """One picture in which a region is to be painted anew.

    portrait : (h, w, 3) uint8, h and w multiples of 8.
    mask : (h, w) float 0..1; 0 stays as it is, byte for byte. Values between open the pixel to the model late, so
        that it changes less (differential diffusion, Levin and Fried 2023).
    identity : the face in the portrait, its key points in the portrait's pixels; None paints without identity.
    seed, seed_address : where the noise comes from. The first label of the address is the patient's: noise that all
        of the patient's pictures share is drawn from it (`regions.anchored_noise`).
    strength : 0..1, share of the noise schedule that is run; 1 forgets the old content of the region.
    grades : (grade, weight) of the severity LoRAs it is painted with (`loras.grade_weights`); none: without them.
    """

    portrait: NDArray[np.uint8]
    mask: NDArray[np.floating]
    prompt: str
    negative: str
    identity: FaceIdentity | None
    seed_address: Address
    seed: int
    strength: float = 1.0
    grades: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PortraitJob:
    """One portrait.

    size_px : (h, w), multiples of 8.
    identity : None draws a face from the text alone. Else the adapter (and for InstantID the IdentityNet, by its key
        points) keeps to it; `kps_px` (5, 2) moves the face in the new picture, None keeps its own key points.
    face_picture : (h, w, 3) uint8, the picture that `identity` was found in; for adapters that look at it (CLIP).
    source : (h, w, 3) uint8, None or the picture to start from (image to image); then `strength` < 1.
    """

    prompt: str
    negative: str
    size_px: tuple[int, int]
    seed: int
    seed_address: Address
    identity: FaceIdentity | None = None
    kps_px: NDArray[np.floating] | None = None
    face_picture: NDArray[np.uint8] | None = None
    source: NDArray[np.uint8] | None = None
    strength: float = 1.0


@runtime_checkable
class Painter(Protocol):
    """Paints regions of portraits."""

    def paint(self, jobs: Sequence[PaintJob]) -> list[NDArray[np.uint8]]:
        """The full pictures (h, w, 3), in order; wherever a job's mask is 0 the bytes are the portrait's."""
        ...
