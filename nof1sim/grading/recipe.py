"""How a grader is trained: every setting, and the presets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from ..errors import Fault, InputError, unknown_name

NETWORKS = ("small", "resnet110")
HEADS = ("classes", "ordinal", "count")
AUGMENTS = ("none", "mild", "bernhard2024")
MEASURES = ("loss", "balanced_accuracy", "macro_f1")
"""What epochs are compared by, on the validation part. The (weighted) loss is the default: on a hundred visits the
others jump from epoch to epoch."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A grader's settings.

    network : one of `NETWORKS`.  size_px : side of its pictures.  head : "classes" (cross-entropy), "ordinal"
    (cumulative logits) or "count" (Poisson).  weighted : loss weights inverse to the grades' frequency.  augment : one
    of `AUGMENTS`.  optimiser : "adamw" or "adam".  schedule : "cycle" (one-cycle) or "step" (a tenth of the rate after
    80 % of the epochs).  rate, decay, batch (examples, not photographs), epochs, dropout.  measure : what the best
    epoch is chosen by, on the validation part.  patience : epochs without a better one after which training stops; 0:
    never.  threads : of torch; results are equal for an equal number. On
    cores shared with other work two were slower than one.
    """

    name: str = "small"
    network: str = "small"
    size_px: int = 96
    head: str = "classes"
    weighted: bool = True
    augment: str = "mild"
    optimiser: str = "adamw"
    schedule: str = "cycle"
    rate: float = 3e-3
    decay: float = 1e-2
    batch: int = 8
    epochs: int = 20
    dropout: float = 0.3
    measure: str = "loss"
    patience: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name, known in (("network", NETWORKS), ("head", HEADS), ("augment", AUGMENTS), ("measure", MEASURES),
                            ("optimiser", ("adam", "adamw")), ("schedule", ("cycle", "step"))):  # fmt: skip
            if getattr(self, name) not in known:
                raise unknown_name(name, f"--{name}", getattr(self, name), known)
        faults = [
            Fault(f"--{name}", getattr(self, name), f"{low} to {high}")
            for name, low, high in LIMITS
            if not low <= getattr(self, name) <= high
        ]
        if faults:
            raise InputError("\n".join(map(str, faults)))


LIMITS: tuple[tuple[str, float, float], ...] = (
    ("size_px", 32, 512), ("rate", 1e-7, 1.0), ("decay", 0.0, 1.0), ("batch", 1, 512), ("epochs", 1, 10_000),
    ("dropout", 0.0, 0.9), ("patience", 0, 10_000), ("threads", 1, 256),
)  # fmt: skip

PRESETS = {
    "small": Recipe(),
    # Bernhard et al. 2024, "Training Procedure". They do not say the dropout's rate (0.5 here, Srivastava's), by which
    # measure of the validation set the best epoch was chosen, nor after how many epochs they stopped.
    "bernhard2024": Recipe(
        name="bernhard2024", network="resnet110", size_px=224, augment="bernhard2024", optimiser="adam",
        schedule="step", rate=0.01, decay=0.0, batch=12, epochs=1000, dropout=0.5,
    ),
}  # fmt: skip


def recipe_of(preset: str | None = None, **changes: Any) -> Recipe:
    """A preset with some settings replaced; what is None stays. By default the network's own preset.

    Raises
    ------
    InputError, UnknownNameError
        A preset or setting that does not exist, or a value that is not allowed.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    if preset is None:
        preset = "bernhard2024" if given.get("network") == "resnet110" else "small"
    if preset not in PRESETS:
        raise unknown_name("preset", "--preset", preset, PRESETS)
    known = {field.name for field in fields(Recipe)}
    for name in given:
        if name not in known:
            raise unknown_name("setting", "recipe", name, known)
    return replace(PRESETS[preset], **given)
