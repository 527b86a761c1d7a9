"""The networks. torch loads inside; weights are drawn here by address, not by torch.

Both are run over each photograph of a visit with the same weights, and the photographs' features are averaged: so any
views, in any order and number, can be graded. How Bernhard et al. 2024 joined their three views they do not say.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..analysis.embed.networks import Weights
from ..errors import AnalysisError, Fault
from ..randomness import stream
from .recipe import Recipe

SKIN_COARSE, SKIN_WINDOW = 4, 5
"""The small network's input is compared with its mean over so many blocks of so many pixels, either way: 20 px."""
SKIN_SCALE, DARK = 6.0, 0.03
SCALE_MOMENTUM = 0.02
"""Of the features' running mean and spread: a batch has few visits, so they are averaged over many batches."""
SMALL = ((3, 24, 5, 2), (24, 48, 3, 2), (48, 48, 3, 1), (48, 96, 3, 2), (96, 96, 3, 1))
"""Convolutions of the small network: features before and after, side of the kernel, stride."""


def import_torch() -> Any:
    """The torch module, or an AnalysisError that names the extra."""
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        fault = Fault("grade", "no torch", "an installed torch", "pip install 'nof1sim[analysis]'.")
        raise AnalysisError(str(fault)) from None
    return torch


def build(recipe: Recipe, outputs: int) -> Any:
    """A module: (b, views, 3, h, w) of 0 to 1 -> (b, outputs). Its weights are torch's; see `initial_weights`.

    `module.dropout.generator` is a torch.Generator that the caller seeds.
    """
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):  # torch draws weights that are replaced; the user's own state stays
        trunk, width = {"small": _small, "resnet110": _resnet110}[recipe.network](torch.nn)
        inputs = _skin if recipe.network == "small" else _standard
        return _grader(torch, trunk, width, outputs, recipe.dropout, inputs)


def _grader(torch: Any, trunk: Any, width: int, outputs: int, dropout: float, inputs: Any) -> Any:
    nn = torch.nn

    class Dropout(nn.Module):
        """Dropout (Srivastava 2014) from a generator of its own, so that torch's global state plays no part."""

        def __init__(self) -> None:
            super().__init__()
            self.generator = torch.Generator()

        def forward(self, x: Any) -> Any:
            if not self.training or dropout == 0:
                return x
            kept = torch.rand(tuple(x.shape), generator=self.generator) >= dropout
            return x * kept.to(x.device, x.dtype) / (1 - dropout)

    class Grader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.dropout, self.head = trunk, Dropout(), nn.Linear(width, outputs)
            # Averaged over a whole face, a few lesions move a feature by little: what differs between visits is scaled.
            self.scale = nn.BatchNorm1d(width, momentum=SCALE_MOMENTUM)

        def forward(self, x: Any) -> Any:
            examples, views = x.shape[:2]
            features = self.trunk(inputs(torch, x.flatten(0, 1)).contiguous(memory_format=torch.channels_last))
            features = features.mean((2, 3)).view(examples, views, -1).mean(1)
            return self.head(self.dropout(self.scale(features)))

    return Grader().to(memory_format=torch.channels_last)


def _standard(torch: Any, x: Any) -> Any:
    """sRGB 0 to 1, about centred and scaled; batch norm does the rest."""
    del torch
    return (x - 0.5) / 0.25


def _skin(torch: Any, x: Any) -> Any:
    """Logarithms of red over green (redness), green over blue (yellowness) and of the mean (darkness), each minus its
    mean over a neighbourhood: what differs from the skin around it, whatever the skin's tone and the light's colour.

    The logarithm of a ratio of channels goes with the amount of haemoglobin or melanin (Beer-Lambert).
    """
    log = torch.log(x + DARK)
    red, green, blue = log.unbind(1)
    channels = torch.stack([red - green, green - blue, log.mean(1)], 1)
    pool, options = torch.nn.functional.avg_pool2d, {"count_include_pad": False}
    coarse = pool(channels, SKIN_COARSE)
    around = pool(coarse, SKIN_WINDOW, 1, SKIN_WINDOW // 2, **options)
    around = torch.nn.functional.interpolate(around, x.shape[-2:], mode="bilinear", align_corners=False)
    return (channels - around) * SKIN_SCALE


def _conv(nn: Any, before: int, after: int, kernel: int = 3, stride: int = 1) -> list[Any]:
    return [nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after)]


def _small(nn: Any) -> tuple[Any, int]:
    """Five convolutions with batch norm, 158,000 weights; 96 px end as 12 x 12 places of 96 features."""
    layers: list[Any] = []
    for before, after, kernel, stride in SMALL:
        layers += [*_conv(nn, before, after, kernel, stride), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers), 96


def _resnet110(nn: Any) -> tuple[Any, int]:
    """ResNet-110 as He et al. 2016 (CVPR, section 4.2) describe it for small images, 1.7 M weights: a 3 x 3
    convolution, three stages of 18 blocks with 16, 32, 64 features, shortcuts without weights (option A)."""

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int) -> None:
            super().__init__()
            self.first = nn.Sequential(*_conv(nn, before, after, 3, stride))
            self.second = nn.Sequential(*_conv(nn, after, after))
            self.stride, self.more = stride, after - before

        def forward(self, x: Any) -> Any:
            short = x if self.stride == 1 else x[:, :, :: self.stride, :: self.stride]
            if self.more:
                short = nn.functional.pad(short, (0, 0, 0, 0, 0, self.more))
            relu = nn.functional.relu
            return relu(self.second(relu(self.first(x))) + short)

    layers: list[Any] = [*_conv(nn, 3, 16), nn.ReLU(inplace=True)]
    before = 16
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        for place in range(18):
            layers.append(Block(before, width, stride if place == 0 else 1))
            before = width
    return nn.Sequential(*layers), 64


def initial_weights(net: Any, seed: int, bias: np.ndarray | None = None) -> Weights:
    """He initialisation (He et al. 2015: normal, variance 2 / fan in); batch norms 1 and 0; a small head with `bias`.

    Drawn by address, so equal with every version of torch.
    """
    weights: Weights = {}
    for key, value in net.state_dict().items():
        shape, last = tuple(value.shape), key.rpartition(".")[2]
        if len(shape) >= 2:
            spread = np.sqrt((0.1 if key == "head.weight" else 2) / np.prod(shape[1:]))
            weights[key] = stream(seed, "grade", "weights", key).normal(0.0, spread, shape).astype(np.float32)
        elif last == "num_batches_tracked":
            weights[key] = np.zeros(shape, np.int64)  # type: ignore[assignment]
        else:
            ones = last == "running_var" or (last == "weight")
            weights[key] = np.full(shape, 1.0 if ones else 0.0, np.float32)
    if bias is not None:
        weights["head.bias"] = np.asarray(bias, np.float32)
    return weights


def weight_count(net: Any) -> int:
    """Tunable numbers of a module."""
    return sum(int(p.numel()) for p in net.parameters() if p.requires_grad)
