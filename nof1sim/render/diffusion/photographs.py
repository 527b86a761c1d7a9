"""Photographs of real people that a protocol names by hash, found in the models directory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import Fault, InputError, ModelNotAvailable
from ..portrait.photograph import read_photograph
from .config import Photograph
from .places import MODELS_VARIABLE, Places
from .verify import sha256_of

FOLDER = "photographs"


def photograph_of(patient: str, photograph: Photograph, places: Places) -> NDArray[np.uint8]:
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
            try:
                return read_photograph(path).pixels
            except InputError as error:
                raise ModelNotAvailable(f"{where}: {error}") from error
    advice = "Copy the file there, under any name; `sha256sum FILE` says its hash."
    raise ModelNotAvailable(str(Fault(where, photograph.sha256, f"the hash of a file in {folder}", advice)))
