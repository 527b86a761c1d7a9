"""Pictures of a LoRA: a sheet, one column a grade, one row a noise; so a row shows what the grade alone changes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dataset.local_files import write_atomically
from ..errors import Fault, InputError
from ..randomness import stream
from ..render.diffusion.components import Components
from ..render.diffusion.conditioning import Conditions
from ..render.diffusion.denoise import Batch, denoise
from ..render.diffusion.extras import optional
from ..render.diffusion.files import load_tensors
from ..render.diffusion.latents import decode
from ..render.diffusion.places import Places
from ..render.diffusion.presets import preset
from .lora_base import BaseModel, components_of, device_and_dtype, find_base, read_vae
from .lora_files import LoraCheckpoint, open_lora, write_tensors
from .lora_network import TEXT_TARGETS, add_lora, put
from .lora_options import LoraOptions
from .lora_text import TextEncoders
from .lora_train import Bench, Task
from .sheet import grid

Pixels = NDArray[np.uint8]
Told = Callable[[int, int, str], None]
ROWS_IN_TRAINING = 2


@dataclass(frozen=True, slots=True)
class Samples:
    """grades: of the columns; pictures: rows of one noise, each (columns) of (s, s, 3) uint8."""

    grades: tuple[int, ...]
    pictures: tuple[tuple[Pixels, ...], ...]

    def sheet(self) -> bytes:
        """A PNG of all."""
        heads = [f"grade {grade}" for grade in self.grades]
        return grid(self.pictures, heads, [str(row + 1) for row in range(len(self.pictures))])


def sample_lora(
    checkpoint: LoraCheckpoint | str | os.PathLike[str], out: Path, *, places: Places | None = None, rows: int = 4,
    seed: int = 0, grades: Sequence[int] | None = None, guidance: float | None = None, progress: Told | None = None,
) -> Path:  # fmt: skip
    """Write a sheet (PNG) of pictures drawn from the training's prompts.

    Parameters
    ----------
    rows : pictures of each grade.  grades : default: all that it has learnt.  guidance : default: the preset's.

    Raises
    ------
    InputError
        No checkpoint, or a grade that it has not learnt.
    ModelNotAvailable
        The base network is not on this machine.
    """
    found = checkpoint if isinstance(checkpoint, LoraCheckpoint) else open_lora(checkpoint)
    drawn = draw_samples(
        found, places=places, rows=rows, seed=seed, grades=grades, guidance=guidance, progress=progress
    )
    try:
        write_atomically(out, drawn.sheet())
    except OSError as error:
        raise InputError(str(Fault(f"--out {out}", error.strerror, "a file in a folder of yours"))) from None
    return out


def draw_samples(
    checkpoint: LoraCheckpoint, *, places: Places | None = None, rows: int = 4, seed: int = 0,
    grades: Sequence[int] | None = None, guidance: float | None = None, progress: Told | None = None,
) -> Samples:  # fmt: skip
    """The pictures of `sample_lora`."""
    o, chosen = checkpoint.options, tuple(checkpoint.grades if grades is None else grades)
    if rows < 1:
        raise InputError(str(Fault("rows", rows, "1 or more")))
    files = [checkpoint.file_of(grade) for grade in chosen]
    model = find_base(o.base, places)
    columns: list[list[Pixels]] = []
    with unet_parts(sorted(set(files)), o) as loras:
        order = list(loras)
        models = components_of(model, o.precision, tuple(loras.values()))
        own = replace(models.preset, steps=o.sample_steps, guidance=guidance or models.preset.guidance)
        models = replace(models, preset=own)
        for grade, file in zip(chosen, files, strict=True):
            models.set_grades({order.index(file): 1.0})
            if o.text_encoder:
                models.prompts.known.update(_taught(model, o, file, with_blank(model, [o.prompt_of(grade)])))
            columns.append([])
            for row in range(rows):
                columns[-1].append(drawn(models, o.prompt_of(grade), o.size_px, seed, row))
                if progress:
                    progress(len(columns) * rows - rows + row + 1, len(chosen) * rows, f"Drawing grade {grade}")
    return Samples(chosen, tuple(zip(*columns, strict=True)))


def drawn(models: Components, prompt: str, size_px: int, seed: int, row: int) -> Pixels:
    """A picture (s, s, 3) of a prompt; the noise is the row's, whatever the prompt."""
    torch, side = optional("torch"), size_px // models.factor
    words, nothing = models.prompts.encode([prompt, ""])
    rng = stream(seed, "learn", "lora", "sample", row)
    noise = torch.from_numpy(rng.standard_normal((1, 4, side, side), np.float32))
    size = (size_px, size_px, 0, 0, size_px, size_px)
    batch = Batch(
        torch.zeros_like(noise), noise, torch.ones(1, 1, side, side), [words], [nothing], Conditions(), [size]
    )
    return decode(models, denoise(models, batch, 1.0))[0]


def sheet_in_training(bench: Bench, model: BaseModel, task: Task) -> bytes:
    """A sheet of the LoRA as it is now, of the grades of a task."""
    o, torch = bench.options, optional("torch")
    grades = tuple(int(grade) for grade in np.unique(task.grades))
    models = _around(bench, model)
    prompts = [o.prompt_of(grade) for grade in grades]
    if isinstance(bench.texts, TextEncoders):
        known = with_blank(model, prompts)
        models.prompts.known.update(zip(known, bench.texts.embeddings(known), strict=True))
    else:
        models.prompts.known.update(bench.texts)
    bench.unet.eval()
    with torch.random.fork_rng(devices=[]):
        columns = [[drawn(models, p, o.size_px, bench.seed, row) for row in range(ROWS_IN_TRAINING)] for p in prompts]
    bench.unet.train()
    return Samples(grades, tuple(zip(*columns, strict=True))).sheet()


def _around(bench: Bench, model: BaseModel) -> Components:
    """Components around the UNet that learns: enough of them to draw from text."""
    scheduler = optional("diffusers").EulerDiscreteScheduler
    config = scheduler.load_config(model.folder / "scheduler", local_files_only=True)
    config = {**config, "prediction_type": bench.noising.prediction}
    pipeline = SimpleNamespace(scheduler=SimpleNamespace(config=config))
    own = replace(preset("base"), steps=bench.options.sample_steps)
    book, vae = model.book(bench.device, bench.dtype), read_vae(model)
    return Components(
        bench.base, pipeline, bench.unet, vae, None, None, None, own, book, bench.dtype, bench.device, False, 0
    )


@contextmanager
def unet_parts(files: Sequence[Path], options: LoraOptions) -> Iterator[Mapping[Path, Path]]:
    """File -> a file of the UNet's part of it: itself, unless text encoders have learnt, too."""
    if not options.text_encoder:
        yield {file: file for file in files}
        return
    with tempfile.TemporaryDirectory() as folder:
        parts = {file: Path(folder) / f"{place}.safetensors" for place, file in enumerate(files)}
        for file, part in parts.items():
            write_tensors(part, {key: value for key, value in load_tensors(file).items() if key.startswith("unet.")})
        yield parts


def with_blank(model: BaseModel, prompts: list[str]) -> list[str]:
    """Prompts, and the empty one, where the base encodes it; SDXL's is zero by definition."""
    return prompts if model.base == "sdxl" else [*prompts, ""]


def _taught(model: BaseModel, o: LoraOptions, file: Path, prompts: list[str]) -> dict[str, Any]:
    """Prompts as the text encoders of a LoRA see them."""
    texts = TextEncoders(model.book(*device_and_dtype(o.precision)))
    for encoder in texts.models.values():
        add_lora(encoder, o.rank, o.rank, TEXT_TARGETS)  # the file has its scale in it
    put(texts.models, {key: value for key, value in load_tensors(file).items() if not key.startswith("unet.")})
    return dict(zip(prompts, texts.embeddings(prompts), strict=True))
