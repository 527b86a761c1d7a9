"""What every checkpoint's folder says of itself: manifest.json, written last. No pickle is ever read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.reader import open_dataset
from ..dataset.statements import Persons
from ..errors import Fault, InputError
from .base import MODELS
from .lora_options import BASES

KIND, VERSION = "nof1sim learned renderer", 1
MANIFEST = "manifest.json"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
WHOLE = "Copy the whole folder of the checkpoint again."


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint whose manifest is in order. about: the whole manifest."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.about["model"])

    @property
    def size_px(self) -> int:
        """Side of the pictures that it has learnt."""
        return int(self.about["size_px"])

    @property
    def sha256(self) -> str:
        """Of all that decides a picture (model, settings, size, weights): what a protocol names."""
        decides = [self.model, self.about["options"], self.size_px, self.about["weights"]["sha256"]]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()

    @property
    def persons(self) -> Persons:
        """Whose pictures it learnt from: what it draws can show them."""
        return "photographs" if self.about.get("data", {}).get("shows") == "photographs" else "invented"


def shown_in(source: str, kind: str) -> Persons:
    """Who is in the pictures of a source: what its manifest says of a dataset; in any other folder real persons."""
    return open_dataset(source).about.persons if kind == "dataset" else "photographs"


def read_manifest(path: str | os.PathLike[str], where: str = "CHECKPOINT") -> Opened:
    """The checkpoint in a folder, without its weights.

    Raises
    ------
    InputError
        A pickle, no finished checkpoint, one of another version of this format or of an unknown model.
    """
    folder = Path(path).expanduser()
    _refuse_pickles(folder, where)
    if not (folder / MANIFEST).is_file():
        given = f"no {MANIFEST} in it" if folder.is_dir() else "no folder of that name"
        advice = "A training that was stopped goes on: the same command with --resume."
        allowed = "a folder that nof1sim learn train wrote"
        raise InputError(str(Fault(f"{where} {folder}", given, allowed, advice if folder.is_dir() else "")))
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        kind, version = about.get("kind"), about.get("schema_version")
    except (OSError, ValueError, AttributeError) as error:
        fault = Fault(str(folder / MANIFEST), f"{error}", "the manifest of a checkpoint", WHOLE)
        raise InputError(str(fault)) from None
    if (kind, version) != (KIND, VERSION):
        given = f"{kind!r}, version {version}"
        advice = "Use the version of nof1sim that wrote it, or train anew."
        raise InputError(str(Fault(str(folder / MANIFEST), given, f"{KIND!r}, version {VERSION}", advice)))
    known = (*MODELS, *BASES)
    if about.get("model") not in known:
        raise InputError(str(Fault(str(folder / MANIFEST), about.get("model"), f"a model of {', '.join(known)}")))
    lost = [key for key in ("options", "size_px", "channels", "severity", "seed", "weights") if key not in about]
    if lost or about["channels"] != 3:
        given = f"no {lost[0]}" if lost else f"{about['channels']} channels"
        raise InputError(str(Fault(str(folder / MANIFEST), given, "a whole manifest, 3 channels", WHOLE)))
    return Opened(folder, about)


def _refuse_pickles(path: Path, where: str) -> None:
    why = "A pickle can run any code when it is read. Give a folder with safetensors that nof1sim learn train wrote."
    if path.suffix.lower() in PICKLES:
        raise InputError(str(Fault(where, path.name, "a folder, and no pickle", why)))
    if path.is_file():
        raise InputError(str(Fault(where, str(path), "the checkpoint's folder, not a file in it")))
    inside = sorted(one.name for one in path.glob("*") if one.suffix.lower() in PICKLES) if path.is_dir() else []
    if inside and not (path / MANIFEST).is_file():
        raise InputError(str(Fault(where, f"a folder with {', '.join(inside[:3])}", "safetensors, no pickle", why)))
