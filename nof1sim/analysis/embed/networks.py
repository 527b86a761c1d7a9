"""The networks, as tables of layers. torch loads inside; weights are drawn here, not by torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import AnalysisError, Fault
from ...randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .autoencoder import Recipe

Weights = dict[str, "NDArray[np.float32]"]


def import_torch() -> Any:
    """The torch module, or an AnalysisError that names the extra."""
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        fault = Fault(
            "embedder", "no torch", "an installed torch", "pip install 'nof1sim[analysis]', or use --embedder patch."
        )
        raise AnalysisError(str(fault)) from None
    return torch


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """torch on this many threads inside, as before afterwards; None leaves it alone."""
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def build(recipe: Recipe, channels: int) -> Any:
    """A torch ModuleDict of `encoder` (b, c, h, w) -> (b, code) and `decoder` back; a VAE's encoder gives 2 x code."""
    torch = import_torch()
    make = {"modern": _modern, "schneider2023": _schneider}[recipe.network]
    with torch.random.fork_rng(devices=[]):  # torch draws weights that are replaced; the user's own state stays
        encoder, decoder = make(torch.nn, recipe, channels)
        return torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder})


def _modern(nn: Any, recipe: Recipe, channels: int) -> tuple[Any, Any]:
    """Strided 3 x 3 convolutions down to 4 x 4 px, group norm, SiLU, a linear code; back by nearest upsampling."""
    side, widths = recipe.side, [channels]
    while side > 4:
        widths.append(min(16 * 2 ** (len(widths) - 1), 64))
        side //= 2
    down: list[Any] = []
    for before, after in itertools.pairwise(widths):
        down += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(4, after), nn.SiLU()]
    flat = widths[-1] * side * side
    code = recipe.code * (2 if recipe.variational else 1)
    up: list[Any] = [nn.Linear(recipe.code, flat), nn.Unflatten(1, (widths[-1], side, side))]
    for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True):
        up += [nn.SiLU(), nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1)]
    return nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, code)), nn.Sequential(*up)


def _schneider(nn: Any, recipe: Recipe, channels: int) -> tuple[Any, Any]:
    """Schneider, Gaertner & Konigorski (arXiv 2309.06455), as their repository has it: 256 px, sigmoid code.

    Encoder: 3 x 3, then 4 x 4 with stride 4, then six pairs of 3 x 3 and 2 x 2 with stride 2. Of a pair the first is
    taken to keep the width and the second to change it. Decoder: six transposed 2 x 2, each with a 3 x 3.
    """
    down: list[Any] = [nn.Conv2d(channels, 16, 3, padding=1), nn.ELU(), nn.Conv2d(16, 32, 4, 4), nn.ELU()]
    widths = (32, 64, 128, 256, 256, 512, 1024)
    for before, after in itertools.pairwise(widths):
        down += [nn.Conv2d(before, before, 3, padding=1), nn.ELU(), nn.Conv2d(before, after, 2, 2), nn.ELU()]
    down += [nn.Flatten(), nn.Linear(1024, recipe.code), nn.Sigmoid()]
    up: list[Any] = [nn.Linear(recipe.code, 1024), nn.ELU(), nn.Unflatten(1, (64, 4, 4))]
    widths = (64, 128, 128, 128, 64, 32, 32)
    for before, after in itertools.pairwise(widths):
        up += [nn.ConvTranspose2d(before, after, 2, 2), nn.ELU(), nn.Conv2d(after, after, 3, padding=1), nn.ELU()]
    return nn.Sequential(*down), nn.Sequential(*up, nn.Conv2d(32, channels, 3, padding=1), nn.Sigmoid())


def initial_weights(net: Any, seed: int, name: str) -> Weights:
    """Uniform within 1 / sqrt(fan in), as torch's own layers; drawn by address, so equal with every torch version."""
    weights: Weights = {}
    for key, value in net.state_dict().items():
        shape = tuple(value.shape)
        if len(shape) < 2:  # biases 0, group norm 1: what torch would give the norm, plain for the rest
            weights[key] = np.full(shape, 1.0 if _is_norm(net, key) and key.endswith("weight") else 0.0, np.float32)
        else:
            bound = 1 / np.sqrt(np.prod(shape[1:]))
            weights[key] = stream(seed, name, "weights", key).uniform(-bound, bound, shape).astype(np.float32)
    return weights


def _is_norm(net: Any, key: str) -> bool:
    return type(net.get_submodule(key.rpartition(".")[0])).__name__.endswith("Norm")


def put(net: Any, weights: Weights) -> Any:
    """The network with these weights."""
    torch = import_torch()
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
    return net


def taken(net: Any) -> Weights:
    """A copy of the network's weights as arrays."""
    return {key: value.detach().cpu().numpy().copy() for key, value in net.state_dict().items()}
