"""Photographs of real people that a protocol names by hash, found in the models directory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import Fault, ModelNotAvailable
from .config import Photograph
from .places import MODELS_VARIABLE, Places
from .verify import sha256_of

FOLDER = "photographs"


def read_photograph(patient: str, photograph: Photograph, places: Places) -> NDArray[np.uint8]:
    """The photograph of a patient, (h, w, 3) uint8, upright.

    Raises
    ------
    ModelNotAvailable
        No models directory, no file with that hash in its `photographs/`, or one that is no picture.
    """
    where = f"images.renderer_options.photographs.{patient}"
    if places.models is None:
        raise ModelNotAvailable(str(Fault(where, "no models directory", f"{MODELS_VARIABLE} or --models DIR")))
    folder = places.models / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and sha256_of(path) == photograph.sha256:
            return _decode(path, where)
    advice = "Copy the file there, under any name; `sha256sum FILE` says its hash."
    raise ModelNotAvailable(str(Fault(where, photograph.sha256, f"the hash of a file in {folder}", advice)))


def _decode(path: Path, where: str) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        fault = Fault(where, f"{path}: {error}", "a photograph that can be read", "Give a JPEG or PNG file.")
        raise ModelNotAvailable(str(fault)) from error
