"""The training of any model: batches by address, a checkpoint every epoch, sheets to look at, resume to the byte."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis.embed.networks import threads
from ..dataset.local_files import TEMPORARY, write_atomically
from ..errors import AnalysisError, Fault, InputError
from ..grading.saved import json_bytes
from ..randomness import stream
from ..versions import versions_of
from .base import Batch, Learner
from .checkpoint import MANIFEST, moments_of, open_checkpoint, put_moments, put_weights, read_tensors, save, weights_of
from .manifest import shown_in
from .models import make_learner, model_class, options_json
from .samples import Samples
from .sheet import draw_sheet, even_shares, people_of
from .torches import device_here, device_name, draw_of, import_safetensors, import_torch, memory_letter, to_tensor

EPOCHS, BATCH = 40, 32
"""Where neither the user nor the model's class (`epochs`, `batch`) says otherwise."""
SHEET_EVERY = 5
SHEETS = "sheets"
TIMING = "timing.json"
"""Seconds of all sessions of a training: the only file that differs from run to run."""
LESS = "Lower --batch first, then --size; a checkpoint of an earlier epoch is kept."
PACKAGES = ("nof1sim", "numpy", "torch", "safetensors", "pillow")
Losses = dict[str, float]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train. options : of the model's own. sheet_every : epochs between two sheets, 0: none.

    threads : of torch; None: as many as torch takes, and in a resumed training those it began with.
    """

    model: str
    options: Any
    epochs: int
    batch: int
    seed: int = 0
    sheet_every: int = SHEET_EVERY
    threads: int | None = None

    def __post_init__(self) -> None:
        limits = {"--epochs": (self.epochs, 1), "--batch": (self.batch, 1), "--sheet-every": (self.sheet_every, 0)}
        faults = [Fault(name, given, f"{least} or more") for name, (given, least) in limits.items() if given < least]
        if faults:
            raise InputError("\n".join(map(str, faults)))


def settings_for(
    model: str, options: Any, *, epochs: int | None = None, batch: int | None = None, seed: int = 0,
    sheet_every: int = SHEET_EVERY, threads: int | None = None,
) -> Settings:  # fmt: skip
    """Settings with the model's own epochs and batch where none are given."""
    own = model_class(model)
    chosen = getattr(own, "epochs", EPOCHS) if epochs is None else epochs
    return Settings(
        model, options, chosen, getattr(own, "batch", BATCH) if batch is None else batch, seed, sheet_every, threads
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a running training: steps done and in all, the epoch (from 1), mean losses so far in it."""

    done: int
    total: int
    epoch: int
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training: losses of each epoch, seconds that it took in all, and its last sheet, if any."""

    folder: Path
    losses: tuple[Losses, ...]
    seconds: float
    sheet: Path | None


def fit(
    samples: Samples,
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    told: Callable[[Told], None] | None = None,
) -> Trained:
    """Train a model and write its checkpoint to a folder, whole after every epoch.

    With one number of threads on one kind of CPU the folder has the same bytes, but for `TIMING`, whether the training
    was interrupted and resumed or not: order, noise and weights are drawn by address, and the optimisers' state is
    kept.

    Raises
    ------
    InputError
        The folder holds something else, or the training in it is not this one.
    AnalysisError
        A loss that is not finite, or no memory left; the last finished epoch is kept.
    ModelNotAvailable
        torch or safetensors is missing.
    """
    import_safetensors()
    check_place(out, resume, overwrite)
    began = time.perf_counter()
    about = _resumed(out, deciding(samples, settings)) if resume else None
    count = settings.threads or (about["threads"] if about else import_torch().get_num_threads())
    losses: list[Losses] = list(about["losses"]) if about else []
    sheet = _last_sheet(out)
    given = f"size {samples.size_px}, batch {settings.batch}"
    with threads(count), memory_letter("--size, --batch", given, LESS):
        learner = make_learner(settings.model, settings.options, samples.size_px, settings.seed)
        if about:
            put_weights(learner, read_tensors(out, about["weights"]), str(out))
            put_moments(learner, read_tensors(out, about["training"]) if about["training"] else {})
        said = describe(samples, settings, learner) | {"threads": count}
        for epoch in range(len(losses), settings.epochs):
            losses.append(learn_epoch(learner, samples, settings, epoch, told))
            last = epoch + 1 == settings.epochs
            state = None if last else moments_of(learner)
            save(out, said | {"epochs_done": epoch + 1, "losses": losses}, weights_of(learner), state)
            if settings.sheet_every and (last or (epoch + 1) % settings.sheet_every == 0):
                sheet = out / SHEETS / f"epoch-{epoch + 1:04d}.png"
                people = people_of(samples)
                write_atomically(sheet, draw_sheet(learner, people, samples.scale, settings.seed, even_shares()))
            _add_time(out, time.perf_counter() - began, fresh=epoch == 0)
            began = time.perf_counter()
    return Trained(out, tuple(losses), seconds_of(out), sheet)


def learn_epoch(
    learner: Learner, samples: Samples, settings: Settings, epoch: int, told: Callable[[Told], None] | None = None
) -> Losses:
    """One pass over the training part; the mean of each loss. epoch : from 0."""
    rows = samples.rows("train")
    per_epoch = -(-len(rows) // settings.batch)
    total = per_epoch * settings.epochs
    order = stream(settings.seed, "learn", settings.model, "order", epoch).permutation(rows)
    sums: Losses = {}
    seen = 0
    for net in learner.networks.values():
        net.train()
    for place, some in enumerate(np.array_split(order, per_epoch)):
        step = epoch * per_epoch + place
        draw = draw_of(settings.seed, settings.model, "step", step, device=device_here())
        found = learner.step(batch_of(samples, some), draw, step / total)
        for name, value in found.items():
            if not math.isfinite(value):
                _stop(epoch, place, name, value)
            sums[name] = sums.get(name, 0.0) + float(value) * len(some)
        seen += len(some)
        if told:
            told(Told(step + 1, total, epoch + 1, {name: value / seen for name, value in sums.items()}))
    return {name: value / seen for name, value in sums.items()}


def batch_of(samples: Samples, rows: np.ndarray) -> Batch:
    """Some pictures, with their base pictures, as tensors on the device."""
    torch, device = import_torch(), device_here()
    base = samples.base[rows]
    severity, of_base = (torch.from_numpy(samples.severity[some]).to(device) for some in (rows, base))
    return Batch(to_tensor(samples.pixels[rows], device), severity, to_tensor(samples.pixels[base], device), of_base)


def _stop(epoch: int, place: int, name: str, value: float) -> None:
    kept = f"The checkpoint of epoch {epoch} is kept" if epoch else "No epoch was finished, so there is no checkpoint"
    advice = f"{kept}. Lower the learning rate (--set rate=...) and start anew in another folder."
    raise AnalysisError(
        str(Fault(f"epoch {epoch + 1}, step {place + 1}", f"{name} = {value}", "finite losses", advice))
    )


def deciding(samples: Samples, settings: Settings) -> dict[str, Any]:
    """All that decides what a training comes to, but for the number of threads."""
    options = options_json(settings.model, settings.options)
    return {"model": settings.model, **options, "epochs": settings.epochs, "batch": settings.batch,
            "seed": settings.seed, "size": samples.size_px, "data": samples.digest()}  # fmt: skip


def _decided(about: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a manifest says it."""
    return {"model": about["model"], **about["options"], "epochs": about["epochs"], "batch": about["batch"],
            "seed": about["seed"], "size": about["size_px"], "data": about["data"]["sha256"]}  # fmt: skip


def describe(samples: Samples, settings: Settings, learner: Learner) -> dict[str, Any]:
    """manifest.json, but for what changes from epoch to epoch. The hashes tell later what the model has seen."""
    scale = samples.scale
    return {
        "model": settings.model,
        "identity": learner.identity,
        "options": options_json(settings.model, settings.options),
        "size_px": samples.size_px,
        "channels": 3,
        "severity": {"column": scale.column, "low": scale.low, "high": scale.high},
        "seed": settings.seed,
        "epochs": settings.epochs,
        "batch": settings.batch,
        "parameters": sum(p.numel() for net in learner.networks.values() for p in net.parameters()),
        "data": {
            "source": Path(samples.source.rstrip("/")).name,
            "kind": samples.kind,
            "shows": shown_in(samples.source, samples.kind),
            "sha256": samples.digest(),
            "split": samples.how,
            "persons": {part: samples.people(part) for part in ("train", "val")},
            "images": {part: [samples.sha256[row] for row in samples.rows(part)] for part in ("train", "val")},
            "notes": samples.notes,
        },
        "device": device_name(),
        "versions": versions_of(PACKAGES),
    }


def _resumed(out: Path, here: Mapping[str, Any]) -> dict[str, Any] | None:
    """The manifest of the training in a folder; None where it was stopped before its first epoch was whole."""
    if not (out / MANIFEST).is_file():
        return None
    about = dict(open_checkpoint(out, "--resume").about)
    there = _decided(about) if "epochs" in about else {}  # a LoRA's manifest says less of this kind
    if other := [name for name in {**there, **here} if there.get(name) != here.get(name)]:
        given = "another training: " + "; ".join(
            "other data" if name == "data" else f"{name} {there.get(name, 'none')} there, {here.get(name, 'none')} here"
            for name in other
        )
        advice = "Give the same data, model, options and seed as before; or start anew with --overwrite."
        raise InputError(str(Fault(f"--resume {out}", given, "the folder of this very training", advice)))
    return about


def check_place(out: Path, resume: bool, overwrite: bool) -> None:
    """An InputError unless a training may begin, or go on, in the folder."""
    if resume and overwrite:
        raise InputError(str(Fault("--resume", "with --overwrite", "one of the two")))
    if out.exists() and not out.is_dir():
        raise InputError(str(Fault("--out", str(out), "a folder, or a new name")))
    there = (out / MANIFEST).is_file()
    if resume and not there and _foreign(out):
        raise InputError(str(Fault(f"--resume {out}", "other files, no checkpoint", "the folder of a training")))
    if resume or not out.is_dir():
        return
    if there and not overwrite:
        advice = "Go on with --resume, replace it with --overwrite."
        raise InputError(str(Fault(f"--out {out}", "a folder with a checkpoint", "a new folder", advice)))
    if not there and _foreign(out):
        raise InputError(str(Fault(f"--out {out}", "a folder with other files", "a new or empty folder")))
    if there:
        (out / MANIFEST).unlink()  # what is being replaced must not look finished
        for path in (out / SHEETS).glob("epoch-*.png"):
            path.unlink()


def _foreign(out: Path) -> bool:
    """Whether a folder without a manifest holds anything but what a training leaves that was killed at its start."""
    own = (TEMPORARY, "weights-", "training-")
    return out.is_dir() and any(not path.name.startswith(own) for path in out.iterdir())


def seconds_of(folder: Path) -> float:
    """Seconds that the training in a folder has taken so far; 0 where nobody knows."""
    try:
        return float(json.loads((folder / TIMING).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _add_time(folder: Path, seconds: float, fresh: bool) -> None:
    total = round(seconds + (0 if fresh else seconds_of(folder)), 1)
    write_atomically(folder / TIMING, json_bytes({"seconds": total, "device": device_name()}))


def _last_sheet(out: Path) -> Path | None:
    return max((out / SHEETS).glob("epoch-*.png"), default=None)
