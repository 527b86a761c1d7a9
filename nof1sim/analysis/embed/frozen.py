"""A user's own model, never trained here: a torch module, a TorchScript file, an ONNX file."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AnalysisError, Fault
from ..images import Shots, batches
from ..preprocess import Array
from .base import Needs, Progress, as_vectors
from .networks import import_torch

SIZE_PX = 224
BATCH = 32


@dataclass(frozen=True, slots=True)
class Frozen:
    """A model (b, 3, h, w) float32, 0 to 1 -> (b, k). Its own normalisation belongs inside the model."""

    name: str
    model: Callable[[Array], Any]
    size_px: int = SIZE_PX
    batch: int = BATCH

    @property
    def needs(self) -> Needs:
        return Needs(self.size_px)

    def fit(self, shots: Shots, seed: int, progress: Progress | None = None) -> Frozen:
        return self

    def embed(self, shots: Shots) -> Array:
        """(n, k). An AnalysisError that names the model where it fails, or gives another shape or no numbers."""
        parts = []
        for part in batches(len(shots), self.batch):
            x = np.divide(shots.pixels[part].transpose(0, 3, 1, 2), 255, dtype=np.float32, order="C")
            try:
                answer = self.model(x)
            except Exception as error:  # whatever a user's model throws: the letter says which model and what it got
                fault = Fault(
                    f"embedder {self.name}", f"{type(error).__name__}: {error}", f"a model that takes {x.shape}"
                )
                raise AnalysisError(str(fault)) from error
            parts.append(as_vectors(answer, len(x), self.name))
        widths = {one.shape[1] for one in parts}
        if len(widths) > 1:
            raise AnalysisError(str(Fault(f"embedder {self.name}", widths, "one vector length for all batches")))
        return np.concatenate(parts)

    @classmethod
    def open(cls, path: str, size_px: int | None = None) -> Frozen:
        """A model file: ONNX by its ending, else TorchScript. An AnalysisError where it cannot be read."""
        if not Path(path).is_file():
            raise AnalysisError(str(Fault("--embedder", path, "a model file that exists", "Check the path.")))
        if path.lower().endswith(".onnx"):
            return cls._of_onnx(path, size_px)
        torch = import_torch()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # in favour of torch.export
                module = torch.jit.load(path, map_location="cpu")
        except (RuntimeError, ValueError) as error:
            advice = "Save it by torch.jit.script(model).save(path), or name the class as module:Thing."
            raise AnalysisError(str(Fault("--embedder", path, "a TorchScript file", advice))) from error
        return cls.of_module(path, module, size_px)

    @classmethod
    def of_module(cls, name: str, module: Any, size_px: int | None = None) -> Frozen:
        """A torch module, put into evaluation mode, on the GPU where there is one."""
        torch = import_torch()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        module = module.to(device).eval()

        def model(x: Array) -> Any:
            with torch.no_grad():
                answer = module(torch.from_numpy(x).to(device))
            return answer.cpu().numpy() if isinstance(answer, torch.Tensor) else answer

        return cls(name, model, size_px or SIZE_PX)

    @classmethod
    def _of_onnx(cls, path: str, size_px: int | None) -> Frozen:
        try:
            import onnxruntime  # pyright: ignore[reportMissingImports]
        except ImportError:
            fault = Fault("--embedder", path, "onnxruntime to be installed", "pip install onnxruntime.")
            raise AnalysisError(str(fault)) from None
        try:
            session = onnxruntime.InferenceSession(path, providers=onnxruntime.get_available_providers())
        except Exception as error:  # onnxruntime's own classes, one a cause
            raise AnalysisError(str(Fault("--embedder", path, "an ONNX file", f"{error}."))) from error
        first = session.get_inputs()[0]
        fixed = [side for side in first.shape[2:4] if isinstance(side, int)]
        full = first.shape[0] if first.shape and isinstance(first.shape[0], int) else 0

        def model(x: Array) -> Any:
            # A model with a fixed batch wants it full to the last picture.
            whole = np.concatenate([x, np.zeros((full - len(x), *x.shape[1:]), x.dtype)]) if len(x) < full else x
            return np.asarray(session.run(None, {first.name: whole})[0])[: len(x)]

        return cls(path, model, size_px or (fixed[0] if fixed else SIZE_PX), full or BATCH)


def is_module(thing: Any) -> bool:
    """Whether a thing is a torch module or a class of one; never imports torch to find out."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return issubclass(thing, torch.nn.Module) if isinstance(thing, type) else isinstance(thing, torch.nn.Module)
