"""The driver of `nof1sim grade train`: examples, split, photographs, training, and a folder that says everything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Fault, InputError
from ..render.portrait.landmarks import LandmarkReader
from ..versions import versions_of
from .crop import FRAME
from .examples import Examples
from .heads import HEADS, class_weights
from .networks import build, import_torch, weight_count
from .pictures import Pictures, Told, load_pictures
from .recipe import Recipe
from .saved import MODEL, PACKAGES, STATE, Grader, load_grader, load_state, save_grader, save_state
from .seen import traces
from .split import PARTS, Split, split_examples
from .steps import Epoch, Part, State
from .train import start, train

COUNT_HEADS = ("count",)
LEARNT = ("train", "val")
"""Parts of the split that a grader has seen."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained grader, the examples of each part, and what somebody should know."""

    grader: Grader
    epochs: tuple[Epoch, ...]
    seconds: float
    notes: tuple[str, ...]


def part_of(pictures: Pictures, rows: np.ndarray) -> Part:
    """Some examples as arrays."""
    chosen = pictures.examples.take(rows)
    return Part(pictures.pixels[rows], chosen.targets(), chosen.grades(), chosen.halves)


def check(examples: Examples, recipe: Recipe) -> None:
    """What can be wrong with a request before a photograph is opened. InputError."""
    counts, head = examples.asked.labels == "count", recipe.head
    if counts != (head in COUNT_HEADS):
        allowed = "count" if counts else "classes, ordinal"
        raise InputError(str(Fault("--head", head, f"{allowed}, with --labels {examples.asked.labels}")))
    found = examples.targets()
    if np.ptp(found) == 0:
        given = f"{len(examples)} examples, all labelled {found[0]:g}"
        raise InputError(str(Fault(examples.source, given, "at least two grades", "There is nothing to tell apart.")))
    views = {len(item.paths) for item in examples.items}
    if len(views) > 1:
        raise InputError(str(Fault(examples.source, sorted(views), "one number of photographs for every example")))


def fit(
    examples: Examples,
    recipe: Recipe,
    out: Path,
    *,
    seed: int = 0,
    split: Split | None = None,
    resume: bool = False,
    overwrite: bool = False,
    reader: LandmarkReader | None = None,
    progress: Told | None = None,
    told: Callable[[Epoch], None] | None = None,
) -> Fitted:
    """Train a grader and write it to a folder.

    Parameters
    ----------
    split : default `split_examples`.  resume : go on from the folder's checkpoint.  overwrite : replace what is there.
    reader : finds faces in photographs of the user's (`render.portrait.detect.open_landmarks`).

    Raises
    ------
    InputError
        The request cannot be carried out, or the folder holds something else.
    AnalysisError
        torch is missing, or the loss stopped being a number; the last finished epoch is kept as a checkpoint.
    """
    import_torch()
    check(examples, recipe)
    _check_place(out, resume, overwrite)
    split = split or split_examples(examples, seed)
    split.check(examples)
    pictures = load_pictures(examples, recipe.size_px, reader, progress)
    parts = {part: split.rows(pictures.examples, part) for part in PARTS if part in split.people}
    learn = part_of(pictures, parts["train"])
    judge = part_of(pictures, parts.get("val", np.zeros(0, np.int64))) if len(parts.get("val", ())) else _none(learn)
    _check_learn(learn, pictures.examples)
    job = _job(recipe, pictures, split, seed)
    state = load_state(out, job) if resume else start(recipe, examples.asked.scale, learn, seed)
    state = train(
        recipe, examples.asked.scale, examples.asked.views, learn, judge, seed, state,
        lambda now: save_state(out, now, job), told,
    )  # fmt: skip
    notes = _notes(learn, pictures, examples)
    save_grader(out, state, _about(recipe, pictures, split, parts, seed, state, notes, learn))
    return Fitted(load_grader(out), tuple(state.epochs), state.seconds, notes)


def _none(like: Part) -> Part:
    return Part(like.pixels[:0], like.targets[:0], like.grades[:0], like.halves[:0])


def _check_learn(learn: Part, examples: Examples) -> None:
    if not len(learn):
        raise InputError(str(Fault(examples.source, "no example in the training part", "at least one")))
    if np.ptp(learn.targets) == 0:
        advice = "Another --seed, more people, or a split of your own."
        raise InputError(str(Fault("training part", "examples of one grade only", "at least two grades", advice)))


def _check_place(out: Path, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise InputError(str(Fault("--resume", "with --overwrite", "one of the two")))
    if out.exists() and not out.is_dir():
        raise InputError(str(Fault("--out", str(out), "a folder, or a new name")))
    if resume:
        return
    begun, done = (out / STATE).is_file(), (out / MODEL).is_file()
    if (begun or done) and not overwrite:
        advice = "Go on with --resume, replace it with --overwrite." if begun else "Replace it with --overwrite."
        what = "a training that was stopped" if begun else "a grader"
        raise InputError(str(Fault("--out", f"{out}, which holds {what}", "a new folder", advice)))
    if not (begun or done) and out.is_dir() and any(out.iterdir()):
        raise InputError(str(Fault("--out", f"{out}, which holds other files", "a new or empty folder")))
    if overwrite:
        (out / MODEL).unlink(missing_ok=True)  # a folder that is being filled is not finished
        (out / STATE).unlink(missing_ok=True)


def _job(recipe: Recipe, pictures: Pictures, split: Split, seed: int) -> str:
    """Digest of all that decides what a training comes to."""
    known = {"recipe": asdict(recipe), "asked": asdict(pictures.examples.asked), "seed": seed, "people": split.people,
             "examples": pictures.examples.digest(), "pixels": pictures.digest()}  # fmt: skip
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _notes(learn: Part, pictures: Pictures, examples: Examples) -> tuple[str, ...]:
    notes = list(examples.notes)
    there = np.bincount(learn.grades, minlength=len(examples.asked.scale))
    if missing := [title for title, n in zip(examples.asked.scale.titles, there, strict=True) if not n]:
        notes.append(f"No training example of grade {', '.join(missing)}: it will hardly ever be predicted.")
    if whole := pictures.crops.get("whole", 0):
        notes.append(
            f"{whole} photographs were used whole, for no face was found. Put key points beside them "
            "(nof1sim landmarks), or install a face pack."
        )
    if faults := len(pictures.faults) + len(examples.faults):
        notes.append(f"{faults} photographs or rows were left out.")
    return tuple(notes)


def _about(
    recipe: Recipe, pictures: Pictures, split: Split, parts: dict[str, np.ndarray], seed: int, state: State,
    notes: tuple[str, ...], learn: Part,
) -> dict[str, Any]:  # fmt: skip
    """model.json."""
    torch, examples, scale = import_torch(), pictures.examples, pictures.examples.asked.scale
    net = build(recipe, HEADS[recipe.head].outputs(len(scale)))
    weights = class_weights(learn.grades, len(scale), recipe.weighted)
    return {
        "recipe": asdict(recipe),
        "asked": asdict(examples.asked),
        "scale": {"name": scale.name, "grades": scale.titles, "source": scale.source},
        "network": {"weights": weight_count(net), "outputs": HEADS[recipe.head].outputs(len(scale))},
        "preprocessing": {"size_px": recipe.size_px, "frame": FRAME, "crops": pictures.crops},
        "class_weights": dict(zip(scale.titles, weights.tolist(), strict=True)),
        "data": {
            "source": Path(examples.source.rstrip("/")).name, "kind": examples.kind,
            "examples_sha256": examples.digest(),
            "pixels_sha256": pictures.digest(), "photographs": int(pictures.pixels.shape[0] * pictures.pixels.shape[1]),
            "grades": {part: examples.take(rows).shares() for part, rows in parts.items() if len(rows)},
            "identity": examples.identity, "keys": _keys(pictures, parts),
            "seen": traces(examples, (examples.items[row] for part in LEARNT for row in parts.get(part, ()))),
        },
        "split": {"how": split.how, "people": split.people},
        "seed": seed,
        "best_epoch": state.best_epoch,
        "epochs": [asdict(epoch) for epoch in state.epochs],
        "seconds": round(state.seconds, 1),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "versions": versions_of(PACKAGES),
        "notes": notes,
    }  # fmt: skip


def _keys(pictures: Pictures, parts: dict[str, np.ndarray]) -> list[str]:
    """By which a photograph of the training or validation part is known again."""
    keys = pictures.keys()
    return sorted(keys[row] for part in LEARNT for row in parts.get(part, ()))
