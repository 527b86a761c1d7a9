"""The interface of a model that learns to draw. A model is built once for a training or for a renderer.

Changed since the first draft, additions only: what the driver does with networks (docstring of `Learner`), optional
class attributes `epochs` and `batch`. Helpers: `torches.built`, `descend`, `set_rate`, `doublings`.

Pictures are (n, 3, s, s) float32 torch tensors from -1 to 1; severities (n,) float32, 0 (clear) to 1 (the most of the
condition's scale, or of the user's column). A *base* is another picture of the same person, the clearest there is: in
training a clear picture or the one of the person's lowest severity, in a renderer the person's clear face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor  # pyright: ignore[reportMissingImports]

Draw = Callable[..., "Tensor"]
"""draw(*shape) -> standard normals, from the stream of a step or of a picture: the only source of randomness."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a step learns from. image, base: (n, 3, s, s); severity, base_severity: (n,)."""

    image: Tensor
    severity: Tensor
    base: Tensor
    base_severity: Tensor


@dataclass(frozen=True, slots=True)
class Asked:
    """Pictures that are asked for. base (n, 3, s, s); base_severity, severity (n,); person: n draws, each from the
    stream of its person (the same on every day); day: n draws, each from the stream of its picture."""

    base: Tensor
    base_severity: Tensor
    severity: Tensor
    person: Sequence[Draw]
    day: Sequence[Draw]


class Learner(Protocol):
    """A model: its networks, how they learn from a batch, and how they draw.

    name : as in `MODELS`.
    identity : what keeps a person the same: "base" (drawn from a picture of theirs), "noise" (a number of the
        person's, so the face is invented), "edit" (their picture, changed where the model says so).
    Options : frozen dataclass or pydantic model of its settings, all with defaults, JSON-serialisable.
    networks : name -> torch module; a checkpoint stores their weights under `name.parameter`.
    optimisers : name -> torch optimiser; what a resumed training needs beside the weights.
    averages : name -> module with a running mean of a network's weights, where pictures are drawn with it; else empty.

    The driver moves networks and averages to the device (`module.to`), and calls `train()` before steps and `eval()`
    before samples; what a step makes besides goes to the device of what it is given (a Draw's numbers are there).
    What is to be resumed is in these three: a learning rate follows from `done`, a counter is a buffer of a network.
    A class may also have `epochs` and `batch`, whole numbers: what its training takes unless the user says otherwise.
    """

    name: str
    identity: Literal["base", "noise", "edit"]
    Options: type
    networks: Mapping[str, Any]
    optimisers: Mapping[str, Any]
    averages: Mapping[str, Any]

    def __init__(self, options: Any, size_px: int, seed: int) -> None: ...

    def step(self, batch: Batch, draw: Draw, done: float) -> Mapping[str, float]:
        """Learn from one batch; the losses by name. done : share of all steps that is behind, 0 to 1.

        A loss that is not finite must be returned before any weight is changed by it; the training then stops.
        """
        ...

    def sample(self, asked: Asked) -> tuple[Tensor, Tensor | None]:
        """Pictures (n, 3, s, s), and how much of each pixel was changed (n, s, s), 0 to 1, where the model says so."""
        ...


MODELS: dict[str, str] = {
    "cvae": "nof1sim.learning.cvae:Cvae",
    "dcgan": "nof1sim.learning.dcgan:Dcgan",
    "translator": "nof1sim.learning.translator:Translator",
    "diffusion": "nof1sim.learning.denoiser:Denoiser",
}
"""Name of a model -> where it is. LoRA fine-tuning of a pretrained pipeline is `nof1sim.learning.lora`."""
