"""What is done to pictures and vectors before anything is learnt: explicit steps, each a pure function, all recorded.

There is no regression of scores on image-level covariates over days: where lighting does not vary it removes the
disease itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from .images import Bools, Ints, Pixels, Shots, batches

Array = NDArray[np.float32]
Floats = NDArray[np.float64]
T = TypeVar("T", bound=np.floating[Any])
Source = Literal["pixels", "residual", "contrast"]

CONTRAST_LIMIT = 0.03
"""Cap of the local contrast: a lesion reaches it, an edge (lips, hair, outline) cannot outweigh many lesions."""
CONTRAST_SIGMA_PX = 1.0
FACE_CENTRE, FACE_HALF = (0.52, 0.5), (0.315, 0.22)
"""Window for the face, shares of height and width: the inner face of a portrait that fills the picture."""
MIN_BASELINE = 3


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What happens between a picture and an embedder; goes into the record of an analysis.

    source : "pixels" sRGB / 255; "residual" what the patient's mean picture and the templates leave (`templates`);
    "contrast" the local redness contrast (`contrast`).  patch_px : side of the squares that are averaged, 1 for none.
    window : whether only the inner face counts.  centred : whether each patient's mean is subtracted.
    """

    size_px: int = 64
    source: Source = "pixels"
    patch_px: int = 1
    window: bool = False
    centred: bool = False

    def steps(self) -> Iterator[str]:
        """The steps in order, as plain sentences."""
        yield f"resized to {self.size_px} x {self.size_px} px"
        if self.source == "residual":
            yield "minus the patient's mean picture; projected off {mean, 1, x, y, gradients}, per colour channel"
        if self.source == "contrast":
            yield (
                f"log(R/G) of linear light minus its Gaussian blur ({CONTRAST_SIGMA_PX:g} px), absolute value, "
                f"capped at {CONTRAST_LIMIT:g}"
            )
        if self.window:
            yield "outside an ellipse over the inner face set to 0"
        if self.patch_px > 1:
            yield f"averaged over {self.patch_px} x {self.patch_px} px"
        if self.centred:
            yield "centred within each patient"


def prepared(shots: Shots, how: Preprocessing) -> Array:
    """The pictures (n, h, w, channels) after the steps of `how`, computed in batches.

    "contrast" has one channel, the others three; h = w = size_px / patch_px of the shots' own size.
    """
    n, side = len(shots), shots.size_px // how.patch_px
    out = np.empty((n, side, side, 1 if how.source == "contrast" else 3), np.float32)
    templates = templates_of(shots) if how.source == "residual" else None
    window = face_window(shots.size_px)[..., None] if how.window else np.float32(1)
    for part in batches(n):
        pixels = shots.pixels[part]
        if how.source == "contrast":
            step = contrast(pixels)[..., None]
        elif templates:
            step = templates.residual(pixels, shots.who[part])
        else:
            step = pixels.astype(np.float32) / 255
        out[part] = patch_means(step * window, how.patch_px)
    return centred(out, shots.who) if how.centred else out


@cache
def _linear() -> Array:
    """Linear light of an sRGB value 0 to 255 (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def log_red_green(pixels: Pixels) -> Array:
    """log(R/G) of linear light, (n, h, w): an erythema index; .01 keeps black finite.

    A change of white balance or exposure adds nearly a constant to it, which a contrast does not see.
    """
    return np.log((_linear()[pixels[..., 0]] + 0.01) / (_linear()[pixels[..., 1]] + 0.01))


def contrast(pixels: Pixels, limit: float = CONTRAST_LIMIT) -> Array:
    """How much redder or less red than its surroundings each pixel is, (n, h, w), 0 to `limit`."""
    from scipy.ndimage import gaussian_filter

    redness = log_red_green(pixels)
    blurred = gaussian_filter(redness, (0, CONTRAST_SIGMA_PX, CONTRAST_SIGMA_PX))
    return np.minimum(np.abs(redness - blurred), np.float32(limit))


def face_window(size_px: int) -> Array:
    """1 inside the ellipse of the inner face, 0 outside, (size_px, size_px)."""
    at = (np.arange(size_px) + 0.5) / size_px
    down, across = (at - FACE_CENTRE[0]) / FACE_HALF[0], (at - FACE_CENTRE[1]) / FACE_HALF[1]
    return np.less(down[:, None] ** 2 + across**2, 1).astype(np.float32)


def patch_means(pictures: Array, patch_px: int) -> Array:
    """Means (n, h / patch_px, w / patch_px, c) of squares; what does not fill a square at the far edge is cut."""
    n, height, width, channels = pictures.shape
    rows, columns = height // patch_px, width // patch_px
    cut = pictures[:, : rows * patch_px, : columns * patch_px]
    return cut.reshape(n, rows, patch_px, columns, patch_px, channels).mean((2, 4))


@dataclass(frozen=True, slots=True)
class Templates:
    """What the light, the exposure and a small shift can do to each patient's picture.

    mean : (patients, h, w, 3), 0 to 1.  basis : (patients, 3, h * w, 6) orthonormal, of {mean, 1, x, y, d/dx, d/dy}.
    """

    mean: Array
    basis: Array

    def residual(self, pixels: Pixels, who: Ints) -> Array:
        """Pictures (n, h, w, 3) minus the patient's mean, projected off the templates."""
        out = np.subtract(pixels.astype(np.float32) / 255, self.mean[who], dtype=np.float32)
        flat = out.reshape(len(out), -1, 3)
        for patient in np.unique(who):
            rows = who == patient
            for channel in range(3):
                basis, part = self.basis[patient, channel], flat[rows, :, channel]
                flat[rows, :, channel] = part - (part @ basis) @ basis.T
        return out


def templates_of(shots: Shots) -> Templates:
    """The nuisance templates of each patient of these shots."""
    mean = patient_means(shots)
    size = shots.size_px
    y, x = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size), indexing="ij")
    basis = np.zeros((shots.patients, 3, size * size, 6), np.float32)
    for patient, channel in np.ndindex(shots.patients, 3):
        picture = mean[patient, ..., channel]
        columns = [picture, np.ones_like(picture), x, y, *np.gradient(picture)]
        basis[patient, channel] = np.linalg.qr(np.stack([column.ravel() for column in columns], 1))[0]
    return Templates(mean, basis)


def patient_means(shots: Shots) -> Array:
    """Mean picture of each patient, (patients, h, w, 3), 0 to 1; summed in batches."""
    total = np.zeros((shots.patients, *shots.pixels.shape[1:]))
    for part in batches(len(shots)):
        pixels, who = shots.pixels[part], shots.who[part]
        for patient in np.unique(who):
            total[patient] += pixels[who == patient].sum(0, dtype=np.float64)
    count = np.maximum(np.bincount(shots.who, minlength=shots.patients), 1)
    return (total / count[:, None, None, None] / 255).astype(np.float32)


def centred(values: NDArray[T], who: Ints) -> NDArray[T]:
    """Values (n, ...) minus the mean of their patient."""
    out = values.copy()
    for patient in np.unique(who):
        out[who == patient] -= values[who == patient].mean(0)
    return out


def standardised(values: Floats, who: Ints, baseline: Bools) -> Floats:
    """Scores (n,) in SDs of the patient's own baseline days, from their mean; NaN stays NaN.

    With fewer than `MIN_BASELINE` baseline days, or none that differ, all days of the patient serve instead;
    where these do not differ either, the scores are only centred.
    """
    out = np.array(values, float)
    for patient in np.unique(who):
        rows = who == patient
        base = values[rows & baseline & np.isfinite(values)]
        if base.size < MIN_BASELINE or not base.std(ddof=1) > 0:
            base = values[rows & np.isfinite(values)]
        if base.size:
            scale = base.std(ddof=1) if base.size > 1 else 0.0
            out[rows] = (values[rows] - base.mean()) / (scale or 1.0)
    return out
