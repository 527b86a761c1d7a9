"""A face turned upright and to size, as recognition networks and adapters with CLIP want it. PIL only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ARCFACE_112 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where the five points lie in a 112 px crop that ArcFace networks see (Deng et al. 2019), x, y."""


def aligned_crop(picture: NDArray[np.uint8], kps_px: NDArray, side_px: int = 224) -> NDArray[np.uint8]:
    """The face turned, scaled and moved so that its five points lie where ArcFace expects them, (side, side, 3).

    The least-squares similarity (Umeyama 1991) of the points to the template, sampled bilinearly.
    """
    target = ARCFACE_112 * side_px / 112
    source = np.asarray(kps_px, float)
    middle_s, middle_t = source.mean(0), target.mean(0)
    # In the plane a similarity is z -> a z + b with complex a; least squares has this closed form.
    s = (source - middle_s) @ np.array([1, 1j])
    t = (target - middle_t) @ np.array([1, 1j])
    back = 1 / (np.vdot(s, t) / np.vdot(s, s))  # PIL wants the map from the crop to the picture
    turn = np.array([[back.real, -back.imag], [back.imag, back.real]])
    shift = middle_s - turn @ middle_t
    affine = (turn[0, 0], turn[0, 1], shift[0], turn[1, 0], turn[1, 1], shift[1])
    crop = Image.fromarray(picture).transform(
        (side_px, side_px), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    return np.asarray(crop)
