"""torch, where it is installed: the device, weights and noise by address, pictures as tensors and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.embed.networks import initial_weights
from ..errors import AnalysisError, Fault, InputError, ModelNotAvailable
from ..randomness import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Draw

Pixels = NDArray[np.uint8]
EXTRA = "pip install 'nof1sim[learn]'"
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""How torch says that memory is gone, beside its own class of error on a GPU."""


def import_torch() -> Any:
    """The torch module. A ModelNotAvailable that names the extra where it, or safetensors, is missing."""
    return _imported("torch")


def import_safetensors() -> Any:
    """The module `safetensors.torch`."""
    _imported("torch")
    return _imported("safetensors.torch")


def _imported(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        fault = Fault("learn", f"no {package}", "torch and safetensors", f"{EXTRA}.")
        raise ModelNotAvailable(str(fault)) from None


def doublings(size_px: int, start_px: int = 4) -> int:
    """How often `start_px` doubles to `size_px`. An InputError for a size that it does not reach, or less than 16."""
    times = (size_px // start_px).bit_length() - 1
    if size_px < 16 or start_px << times != size_px:
        sizes = ", ".join(str(start_px << k) for k in range(9) if 16 <= start_px << k <= 512)
        raise InputError(str(Fault("--size", size_px, f"one of {sizes} px with this model")))
    return times


def device_here() -> Any:
    """The GPU where there is one, else the CPU."""
    torch = import_torch()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name() -> str:
    """What a checkpoint says of it."""
    torch = import_torch()
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def built(make: Callable[[], Any], seed: int, name: str) -> Any:
    """A torch module with weights drawn by address: uniform within 1 / sqrt(fan in), biases 0, norms 1.

    Equal with every torch version; buffers (running means) stay as the module has made them, and torch's own random
    state is left alone.
    """
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):
        net = make()
    learnt = {key for key, _ in net.named_parameters()}
    drawn = {key: value for key, value in initial_weights(net, seed, name).items() if key in learnt}
    net.load_state_dict({key: torch.from_numpy(value) for key, value in drawn.items()}, strict=False)
    return net


def draw_of(seed: int, *address: str | int, device: Any = None) -> Draw:
    """Standard normals of an address: the n-th call always gives the same numbers, on every device."""
    torch, rng = import_torch(), stream(seed, "learn", *address)

    def draw(*shape: int) -> Any:
        return torch.from_numpy(rng.standard_normal(shape, np.float32)).to(device)

    return draw


def to_tensor(pixels: Pixels, device: Any = None) -> Any:
    """(n, s, s, 3) uint8 -> (n, 3, s, s) float32, -1 to 1."""
    torch = import_torch()
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32) / np.float32(127.5) - np.float32(1)
    return torch.from_numpy(planes).to(device)


def to_pixels(tensor: Any) -> Pixels:
    """The reverse of `to_tensor`, rounded and cut to 0 to 255."""
    values = tensor.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
    return np.clip(np.rint((values + 1) * 127.5), 0, 255).astype(np.uint8)


def descend(optimisers: Any, loss: Any) -> float:
    """One step down a loss (scalar tensor) with an optimiser or several; nothing is changed where it is not finite.

    Returns the loss. The gradient's norm is checked too: a finite loss can have one that is not.
    """
    torch = import_torch()
    value = float(loss.detach())
    if not np.isfinite(value):
        return value
    every = list(optimisers) if isinstance(optimisers, list | tuple) else [optimisers]
    for optimiser in every:
        optimiser.zero_grad(set_to_none=True)
    loss.backward()
    grads = [p.grad for o in every for group in o.param_groups for p in group["params"] if p.grad is not None]
    if not all(bool(torch.isfinite(grad).all()) for grad in grads):
        return float("nan")
    for optimiser in every:
        optimiser.step()
    return value


def set_rate(optimiser: Any, rate: float) -> None:
    """The learning rate of all of an optimiser's parameters."""
    for group in optimiser.param_groups:
        group["lr"] = rate


@contextmanager
def memory_letter(where: str, given: str, advice: str) -> Iterator[None]:
    """Turns torch's ways to say that memory is gone into an AnalysisError: what was asked for, what to lower."""
    torch = import_torch()
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        gone = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not gone and not any(words in str(error) for words in NO_MEMORY):
            raise
        given = f"{given}: out of memory on {device_name()}"
        raise AnalysisError(str(Fault(where, given, "what fits into memory", advice))) from error
