"""The interface of an embedder, how one is found by name, and what is checked of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ... import plugins
from ...errors import AnalysisError, Fault
from ..images import Pixels, Shots
from ..preprocess import Array, Preprocessing

Progress = Callable[[int, int, float, float], None]
"""Called with (epoch, epochs, training loss, held-out loss)."""

MODEL_FILES = (".onnx", ".pt", ".pth", ".ts")


@dataclass(frozen=True, slots=True)
class Needs:
    """What an embedder wants: pictures of `size_px`, and what it does to them (None: it sees plain pixels).

    max_patients : how many patients one fit is meant for; more belong into several fits.
    """

    size_px: int = 64
    preprocessing: Preprocessing | None = None
    max_patients: int | None = None


@runtime_checkable
class Embedder(Protocol):
    """Images to vectors, without labels.

    `fit` returns the fitted embedder (itself where nothing is learnt) and never looks at treatments; equal seeds give
    equal vectors on one CPU. `embed` gives (n, k) float32 in the order of the shots. One that learns also has
    `save(path)` and `load(path)`; one whose direction can be shown has `picture(direction) -> (h, w) or (h, w, 3)`.
    """

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> Needs: ...
    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Embedder: ...
    def embed(self, shots: Shots) -> Array: ...


@dataclass(frozen=True, slots=True)
class Function:
    """A plain function of the user's: pixels (n, h, w, 3) uint8 -> vectors (n, k)."""

    name: str
    function: Callable[[Pixels], Any]
    size_px: int = 64

    @property
    def needs(self) -> Needs:
        return Needs(self.size_px)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Function:
        return self

    def embed(self, shots: Shots) -> Array:
        try:
            answer = self.function(shots.pixels)
        except Exception as error:
            given = f"{type(error).__name__}: {error}"
            raise AnalysisError(
                str(Fault(f"embedder {self.name}", given, "no exception", "Mend the function."))
            ) from error
        return as_vectors(answer, len(shots), self.name)


def choose(name: str, where: str = "--embedder", size_px: int | None = None) -> Embedder:
    """The embedder behind a built-in name, an entry point (`nof1sim.embedders`), `module:Thing` or a model file.

    A Thing is an `Embedder`, a class of one, a torch module or a class of one, or a function (n, h, w, 3) uint8 ->
    (n, k). A model file is TorchScript (.pt, .pth, .ts), ONNX (.onnx) or
    what an analysis saved (.npz). `size_px` is for functions and models only.

    Raises
    ------
    UnknownNameError
        Nothing answers to the name.
    AnalysisError
        The thing is none of these, or the model file cannot be read.
    """
    from .frozen import Frozen, is_module
    from .saved import SUFFIX, open_saved

    if name.lower().endswith(MODEL_FILES):
        return Frozen.open(name, size_px)
    if name.lower().endswith(SUFFIX):
        return open_saved(name)
    thing = plugins.resolve("embedders", name, where)
    if isinstance(thing, type) and (hasattr(thing, "embed") or is_module(thing)):
        thing = thing()
    if isinstance(thing, Embedder):
        return thing
    if is_module(thing):
        return Frozen.of_module(name, thing, size_px)
    if callable(thing):
        return Function(name, thing, size_px or 64)
    raise AnalysisError(
        str(Fault(where, name, "an Embedder, a torch module or a function", "See nof1sim.analysis.embed.Embedder."))
    )


def vectors(embedder: Embedder, shots: Shots) -> Array:
    """`embedder.embed(shots)`, checked.

    Raises
    ------
    AnalysisError
        Not (n, k), or not finite; the letter names the embedder, the shape wanted and the shape got.
    """
    return as_vectors(embedder.embed(shots), len(shots), embedder.name)


def as_vectors(answer: Any, n: int, name: str) -> Array:
    """An embedder's answer as (n, k) float32; the errors of `vectors`."""
    try:
        array: NDArray[Any] = np.asarray(answer, np.float32)
    except (TypeError, ValueError) as error:
        raise AnalysisError(str(Fault(f"embedder {name}", type(answer), "an array of numbers", f"{error}."))) from error
    if array.ndim != 2 or array.shape[0] != n or array.shape[1] == 0:
        advice = f"For {n} pictures the shape must be ({n}, k) with k >= 1."
        raise AnalysisError(str(Fault(f"embedder {name}", array.shape, "one vector a picture", advice)))
    bad = int((~np.isfinite(array)).any(1).sum())
    if bad:
        given = f"{bad} of {n} vectors with NaN or infinity"
        raise AnalysisError(str(Fault(f"embedder {name}", given, "finite numbers", "Check the model's input scale.")))
    return array
