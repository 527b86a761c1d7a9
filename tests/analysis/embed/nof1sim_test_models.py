"""Models of a user's, good and bad, for `module:Thing`."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def brightness(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean((1, 2))


def flat(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean((1, 2, 3))


def infinite(pixels: np.ndarray) -> np.ndarray:
    return np.full((len(pixels), 2), np.inf)


class Pool(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class Wide(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Crash(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("boom")


NUMBER = 3
