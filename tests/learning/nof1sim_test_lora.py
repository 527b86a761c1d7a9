"""What the tests of LoRA share: tiny base networks as a models directory, a folder of labelled pictures, short runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nof1sim.learning.lora_options import LoraOptions
from nof1sim.render.diffusion.places import Places

NEEDED = ("torch", "diffusers", "transformers", "accelerate", "peft", "safetensors")
SIDE = 64


def need_packages() -> None:
    """Skip the module where the extra is not installed."""
    for package in NEEDED:
        pytest.importorskip(package, reason=f"{package} is not installed (extra: diffusion)")


def write_models(root: Path) -> Path:
    """A models directory with tiny SDXL and SD1.5."""
    from render.diffusion.tiny import seeded, write_base

    with seeded(6):
        for name, base in (("sdxl-base", "sdxl"), ("sd15-base", "sd15")):
            write_base(root / name, base)
    return root


def places(models: Path) -> Places:
    """That directory, and no hub cache."""
    return Places(models, models / "no-cache")


def picture(grade: int, number: int, size: tuple[int, int] = (72, 64)) -> np.ndarray:
    """Skin with a redder square the higher the grade, (h, w, 3)."""
    pixels = np.full((*size, 3), (205, 165 - 3 * number, 145), np.uint8)
    pixels[12:52, 12:52] = (205, 150 - 35 * grade, 130 - 35 * grade + number)
    return pixels


def write_folder(root: Path, grades: int = 2, each: int = 3) -> Path:
    """GRADE/number.png."""
    for grade in range(grades):
        (root / str(grade)).mkdir(parents=True)
        for number in range(each):
            Image.fromarray(picture(grade, number)).save(root / str(grade) / f"{number}.png")
    return root


def short(**changes: Any) -> LoraOptions:
    """SD1.5 at 64 px, a few steps."""
    usual: dict[str, Any] = {
        "base": "sd15", "size_px": SIDE, "steps": 4, "rank": 2, "rate": 1e-2, "checkpointing": False,
        "checkpoint_every": 2, "sample_steps": 2, "prior_steps": 2, "precision": "fp32",
    }  # fmt: skip
    return LoraOptions(**{**usual, **changes})


def copied(models: Path, to: Path, name: str) -> Path:
    """A models directory with a copy of one base, to spoil."""
    shutil.copytree(models / name, to / name)
    return to


def digests(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of all weights below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.safetensors"))}
