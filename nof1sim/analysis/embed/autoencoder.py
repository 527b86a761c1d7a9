"""Autoencoders: a recipe each, one class for all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AnalysisError, Fault
from ..images import Ints, Shots, batches
from ..preprocess import Array, Preprocessing, prepared
from .base import Needs, Progress
from .crops import cropped, resized
from .networks import Weights, build, import_torch, put, threads
from .train import Draw, held_out, train


@dataclass(frozen=True, slots=True)
class Recipe:
    """An autoencoder's settings.

    how : what it is shown.  network : "modern" or "schneider2023".  side : of the pictures in px, after `how`.
    code : length of the vector.  rate, decay, batch, epochs, patience : AdamW, pictures, early stopping (epochs).
    variational, beta : a VAE and the weight of its KL term.  augment : flips and crops.  wobbly : see `train`.
    threads : of torch; 1 is as fast for small networks, and gives equal results on any number of cores.
    """

    name: str
    how: Preprocessing
    network: str = "modern"
    side: int = 16
    code: int = 16
    rate: float = 2e-3
    decay: float = 1e-4
    batch: int = 32
    epochs: int = 15
    patience: int = 4
    variational: bool = False
    beta: float = 1.0
    augment: bool = False
    wobbly: bool = False
    threads: int | None = 1
    max_patients: int | None = None


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """An autoencoder, fitted when it has weights. Vectors are codes (n, recipe.code); a VAE's are the means.

    scale : SD of the centred input, which the network sees divided by it.  losses : (epochs, 2) training, held out.
    notes : what a reader of the results should know.
    """

    recipe: Recipe
    weights: Weights | None = None
    scale: float = 1.0
    losses: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def needs(self) -> Needs:
        return Needs(self.recipe.how.size_px, self.recipe.how, self.recipe.max_patients)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Autoencoder:
        """Train on these pictures. An AnalysisError without torch, or where the loss is not finite."""
        import_torch()
        source = _source(self.recipe, shots)
        scale = source.scale()
        net = build(self.recipe, source.channels)
        with threads(self.recipe.threads):
            done = train(self.recipe, net, source.draw(scale), shots.who, shots.day, seed, progress)
        if not np.isfinite(done.losses).all():
            raise AnalysisError(
                str(Fault(f"embedder {self.name}", "a loss of NaN", "a finite one", "Lower recipe.rate."))
            )
        losses = tuple((float(a), float(b)) for a, b in done.losses)
        return replace(self, weights=done.weights, scale=scale, losses=losses, notes=self._notes(shots, seed))

    def embed(self, shots: Shots) -> Array:
        torch = import_torch()
        if self.weights is None:
            raise AnalysisError(str(Fault(f"embedder {self.name}", "not fitted", "a fitted one", "Call fit or load.")))
        source = _source(self.recipe, shots)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        encoder = put(build(self.recipe, source.channels), self.weights).to(device).eval()["encoder"]
        draw, codes = source.draw(self.scale), []
        with torch.no_grad(), threads(self.recipe.threads):
            for part in batches(len(shots), self.recipe.batch):
                x = torch.from_numpy(np.ascontiguousarray(draw(np.arange(part.start, part.stop), None)))
                codes.append(encoder(x.to(device)).cpu().numpy()[:, : self.recipe.code])
        return np.concatenate(codes)

    def save(self, path: str | Path) -> None:
        """Weights as .npz (arrays only, no pickle) and settings as .json beside it."""
        if self.weights is None:
            raise AnalysisError(str(Fault(f"embedder {self.name}", "not fitted", "a fitted one", "Call fit first.")))
        path = Path(path)
        np.savez(path.with_suffix(".npz"), **self.weights)  # type: ignore[arg-type]
        about = {"recipe": asdict(self.recipe), "scale": self.scale, "losses": self.losses, "notes": self.notes}
        path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Autoencoder:
        """What `save` wrote. An AnalysisError where the files are missing or are something else."""
        path = Path(path)
        try:
            about: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            recipe = Recipe(**(about["recipe"] | {"how": Preprocessing(**about["recipe"]["how"])}))
            with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
                weights = {key: file[key] for key in file.files}
            losses = tuple((float(a), float(b)) for a, b in about["losses"])
            return cls(recipe, weights, float(about["scale"]), losses, tuple(about["notes"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            fault = Fault("checkpoint", str(path), "NAME.npz and NAME.json of a saved autoencoder", f"{error}.")
            raise AnalysisError(str(fault)) from error

    def _notes(self, shots: Shots, seed: int) -> tuple[str, ...]:
        recipe, patients = self.recipe, np.unique(shots.who).size
        last = "the last quarter of each shuffled epoch is the validation; over epochs it also trains"
        notes = [last if recipe.wobbly else held_out(shots.who, shots.day, seed)[1]]
        if recipe.max_patients and patients > recipe.max_patients:
            notes.append(
                f"one autoencoder per at most {recipe.max_patients} participants was published; here {patients}"
            )
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Prepared pictures held in memory: small, since they are maps or 64 px."""

    pictures: Array  # (n, c, h, w)

    @property
    def channels(self) -> int:
        return self.pictures.shape[1]

    def scale(self) -> float:
        return float(self.pictures.std()) or 1.0

    def draw(self, scale: float) -> Draw:
        return lambda rows, rng: self.pictures[rows] / np.float32(scale)


@dataclass(frozen=True, slots=True)
class _Streamed:
    """Plain pixels, 0 to 1, cut or resized batch by batch."""

    recipe: Recipe
    shots: Shots
    channels: int = 3

    def scale(self) -> float:
        return 1.0

    def draw(self, scale: float) -> Draw:
        def one(rows: Ints, rng: np.random.Generator | None) -> Array:
            pixels = self.shots.pixels[rows]
            if rng is not None and self.recipe.augment:
                return cropped(pixels, self.recipe.side, rng)
            return resized(pixels, self.recipe.side)

        return one


def _source(recipe: Recipe, shots: Shots) -> _Kept | _Streamed:
    if recipe.how.source == "pixels":
        return _Streamed(recipe, shots)
    return _Kept(np.ascontiguousarray(prepared(shots, recipe.how).transpose(0, 3, 1, 2)))


_CONTRAST = Preprocessing(source="contrast", patch_px=4, window=True, centred=True)

AUTOENCODER = Autoencoder(Recipe("autoencoder", _CONTRAST))
"""The default: a small convolutional autoencoder on each patient's centred redness contrast."""
RESIDUAL = Autoencoder(Recipe("autoencoder_residual", Preprocessing(source="residual"), side=64, code=32, epochs=12))
"""The same on the template residual at 64 px: for faces that hold still."""
VAE = Autoencoder(Recipe("vae", _CONTRAST, variational=True, beta=1.0))
SCHNEIDER2023 = Autoencoder(
    Recipe(
        "schneider2023", Preprocessing(size_px=300), "schneider2023", side=256, code=64, rate=5e-5, decay=0.0, batch=16,
        epochs=1, augment=True, wobbly=True, threads=None, max_patients=10,
    )
)  # fmt: skip
"""Schneider, Gaertner & Konigorski (arXiv 2309.06455): 300 px, random crops to 256 px in training, one
epoch as their settings ship, one autoencoder per at most 10 participants."""
