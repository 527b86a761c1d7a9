"""Fine-tuning Stable Diffusion 1.5 or SDXL to photographs with grades: `train_lora` makes a checkpoint of a folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..dataset.local_files import write_atomically
from ..errors import Fault, InputError
from ..render.diffusion.extras import need_peft, optional
from ..render.diffusion.places import Places
from ..versions import versions_of
from .lora_base import BaseModel, device_and_dtype, find_base, read_unet
from .lora_data import LEAST, LoraData, check_data, read_lora_data
from .lora_files import (
    ALL,
    LATENTS,
    STATE,
    finish,
    load_latents,
    load_state,
    path_of,
    save_latents,
    save_state,
    write_tensors,
)  # fmt: skip
from .lora_latents import Latents, compute_latents
from .lora_loss import Noising
from .lora_network import TEXT_TARGETS, add_lora, published
from .lora_options import BASES, LoraOptions, document_of
from .lora_sample import sheet_in_training
from .lora_text import TextEncoders
from .lora_train import Bench, State, Task, train
from .manifest import MANIFEST, shown_in
from .torches import device_name, memory_letter

PACKAGES = ("nof1sim", "numpy", "pillow", "torch", "diffusers", "transformers", "peft", "safetensors", "bitsandbytes")
SHEETS = "sheets"
LESS = (
    "The last checkpoint is kept. Lower batch (and raise accumulate), set checkpointing=true, precision=fp16 or bf16, "
    "optimiser=adamw8bit, or a smaller size_px."
)
Told = Callable[[int, int, str], None]


def train_lora(
    data: LoraData | str | os.PathLike[str], options: LoraOptions, out: Path, *,
    places: Places | None = None, seed: int = 0, resume: bool = False, overwrite: bool = False,
    progress: Told | None = None,
) -> Path:  # fmt: skip
    """Train a LoRA, or with `options.per_grade` one a grade, and write the checkpoint to a folder.

    Parameters
    ----------
    data : of `lora_data.read_lora_data`; a folder is read with its default labels.
    places : where the base network may lie; None: as the environment says.
    resume : go on from the folder's checkpoint; in single precision on one kind of CPU with one number of threads the
        weights have the same bytes as those of a training that was not stopped.
    overwrite : replace the checkpoint that is there.  progress : called with steps done, steps in all, what.

    Returns
    -------
    The folder: manifest.json, the weights in diffusers' layout, and sheets where they were asked for.

    Raises
    ------
    ModelNotAvailable
        The base network or a package is not here.
    InputError
        The data or the folder cannot be used so.
    RenderError
        The base network's files are not what they should be.
    AnalysisError
        A loss is not finite, or memory ran out; the last checkpoint is kept.
    """
    for package in ("torch", "diffusers", "transformers", "safetensors"):
        optional(package)
    need_peft("lora")
    data = data if isinstance(data, LoraData) else read_lora_data(data)
    check_data(data)
    check_place(out, resume, overwrite)
    model = find_base(options.base, places)
    job = job_of(data, options, model, seed)
    with memory_letter("lora", f"{options.size_px} px, batch {options.batch}", LESS):
        latents, faults = _latents(data, model, options, out, job, seed, progress)
        tasks = tasks_of(data, latents, options)
        bench = make_bench(model, options, latents, data, seed)
        done = _train_all(bench, model, tasks, out, job, progress)
    finish(out, _about(data, options, model, bench, faults, job), done)
    return out


def _latents(
    data: LoraData, model: BaseModel, options: LoraOptions, out: Path, job: str, seed: int, progress: Told | None
) -> tuple[Latents, tuple[str, ...]]:
    found = load_latents(out, job)
    if found is None:
        found = compute_latents(data, model, options, device_and_dtype(options.precision)[0], seed, progress)
        save_latents(out, job, *found)
    return found


def tasks_of(data: LoraData, latents: Latents, options: LoraOptions) -> list[Task]:
    """The LoRAs that are to be trained. InputError where photographs that cannot be read leave too few of a grade."""
    grades = data.grades[latents.rows.numpy()]
    for grade in data.present:
        if (n := int((grades == grade).sum())) < LEAST:
            given = f"{n} pictures of grade {grade} that can be read"
            raise InputError(str(Fault(data.examples.source, given, f"{LEAST} or more of a grade")))
    if not options.per_grade:
        return [Task(ALL, np.arange(len(grades)), grades)]
    places = {grade: np.flatnonzero(grades == grade) for grade in data.present}
    return [Task(str(grade), rows, grades[rows]) for grade, rows in places.items()]


def make_bench(model: BaseModel, options: LoraOptions, latents: Latents, data: LoraData, seed: int) -> Bench:
    """The networks of a training, with fresh LoRAs in them."""
    device, dtype = device_and_dtype(options.precision)
    noising = Noising(model.folder, options.prediction, options.snr_gamma)
    prompts = sorted({*map(options.prompt_of, data.present), options.prior_prompt, ""})
    book = model.book(device, dtype)
    if options.text_encoder:
        texts: Any = TextEncoders(book)
        texts.embeddings(prompts)  # one that is too long is told now
    else:
        texts = dict(zip(prompts, book.encode(prompts), strict=True))
    unet = add_lora(read_unet(model, dtype).to(device), options.rank, options.scale * options.rank, options.targets)
    if options.checkpointing:
        unet.enable_gradient_checkpointing()
    bench = Bench(model.base, options, unet, texts, noising, latents, device, dtype, seed)
    for name, encoder in bench.models.items():
        if name != "unet":
            add_lora(encoder, options.rank, options.scale * options.rank, TEXT_TARGETS)
    return bench


def _train_all(
    bench: Bench, model: BaseModel, tasks: list[Task], out: Path, job: str, progress: Told | None
) -> dict[str, Any]:
    """Train one LoRA after the other; what the manifest says of each."""
    o, (going, state, done) = bench.options, load_state(out, job)
    for place, task in enumerate(tasks):
        if task.name in done:
            continue
        what = "LoRA" if task.name == ALL else f"LoRA of grade {task.name}"

        def told(step: int, loss: float, what: str = what, place: int = place, task: Task = task) -> None:
            if o.sample_every and step % o.sample_every == 0:
                sheet = out / SHEETS / f"{task.name}-step-{step:05d}.png"
                write_atomically(sheet, sheet_in_training(bench, model, task))
            if progress:
                progress(place * o.steps + step, len(tasks) * o.steps, f"{what}: step {step}, loss {loss:.4f}")

        keep = partial(save_state, out, job, task.name, done=dict(done))
        after = train(bench, task, state if task.name == going else State(), keep, told)
        sha256 = write_tensors(out / path_of(task.name), published(after.weights, o.scale))
        done[task.name] = {"sha256": sha256, "losses": after.losses, "seconds": after.seconds}
    return done


def check_place(out: Path, resume: bool, overwrite: bool) -> None:
    """InputError unless a training may begin, or go on, in the folder."""
    if resume and overwrite:
        raise InputError(str(Fault("--resume", "with --overwrite", "one of the two")))
    if out.exists() and not out.is_dir():
        raise InputError(str(Fault(f"--out {out}", "a file", "a folder, or a new name")))
    finished, begun = (out / MANIFEST).is_file(), any((out / name).is_file() for name in (STATE, LATENTS))
    if resume:
        if not begun:
            given = "a finished training" if finished else "no checkpoint"
            raise InputError(str(Fault(f"--resume {out}", given, "the folder of a training that was stopped")))
        return
    if (begun or finished) and not overwrite:
        advice = "Go on with --resume, replace it with --overwrite." if begun else "Replace it with --overwrite."
        what = "a training that was stopped" if begun else "a checkpoint"
        raise InputError(str(Fault(f"--out {out}", what, "a new folder", advice)))
    if not (begun or finished) and out.is_dir() and any(out.iterdir()):
        raise InputError(str(Fault(f"--out {out}", "other files in it", "a new or empty folder")))
    for name in (MANIFEST, STATE, LATENTS):  # the manifest first: a folder that is being filled is not finished
        (out / name).unlink(missing_ok=True)
    for sheet in (out / SHEETS).glob("*-step-*.png"):
        sheet.unlink()
    for weights in (out / path_of(ALL), *out.glob(path_of("*"))):
        weights.unlink(missing_ok=True)


def job_of(data: LoraData, options: LoraOptions, model: BaseModel, seed: int) -> str:
    """SHA-256 of all that decides what a training comes to, but for the number of threads."""
    known = [document_of(options), model.said, seed, data.digest()]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _about(
    data: LoraData, options: LoraOptions, model: BaseModel, bench: Bench, faults: tuple[str, ...], job: str
) -> dict[str, Any]:
    """manifest.json, but for weights and losses."""
    examples = data.examples
    items = [examples.items[row] for row in bench.latents.rows.tolist()]
    notes = [*examples.notes, *(f"Left out: {fault}" for fault in (*examples.faults, *faults))]
    return {
        "model": next(name for name, base in BASES.items() if base == options.base),
        "identity": "base",
        "options": document_of(options),
        "size_px": options.size_px,
        "channels": 3,
        "severity": {"column": data.label, "low": 0, "high": data.count - 1, "grades": list(data.present)},
        "seed": bench.seed,
        "base": model.said,
        "prediction": bench.noising.prediction,
        "data": {
            "source": Path(examples.source.rstrip("/")).name, "kind": examples.kind,
            "shows": shown_in(examples.source, examples.kind), "sha256": data.digest(),
            "grades": data.shares(), "persons": {"train": sorted({item.person for item in items})},
            "images": {"train": list(bench.latents.sha256)}, "notes": notes,
        },
        "job": job,
        "device": device_name(),
        "dtype": str(bench.dtype).removeprefix("torch."),
        "versions": versions_of(PACKAGES),
    }  # fmt: skip
