"""What a step of a diffusion model's training compares, and how much each time step weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..render.diffusion.extras import optional, without_notes, wrong

if TYPE_CHECKING:
    from pathlib import Path

Array = NDArray[np.float64]


def min_snr_weights(alphas_bar: Array, gamma: float | None, prediction: str) -> Array:
    """Weight of the squared error at each time step, (T,).

    alphas_bar : (T,) share of the signal's variance that is left, 1 (all) to 0 (noise alone).
    gamma : None: 1 everywhere.

    With snr = a / (1 - a): min(snr, gamma) / snr where the noise is predicted, min(snr, gamma) / (snr + 1) where the
    velocity is (Hang et al., ICCV 2023, arXiv 2303.09556, section 3.4). At snr 0 the first has its limit, 1.

    >>> [round(float(w), 3) for w in min_snr_weights(np.array([0.9, 0.5]), 5.0, "epsilon")]
    [0.556, 1.0]
    """
    if gamma is None:
        return np.ones_like(alphas_bar)
    snr = alphas_bar / np.maximum(1 - alphas_bar, 1e-12)
    capped = np.minimum(snr, gamma)
    if prediction == "v_prediction":
        return capped / (snr + 1)
    return np.divide(capped, snr, out=np.ones_like(snr), where=snr > 0)


class Noising:
    """The base's training schedule: adds noise, says what is to be predicted and what an error weighs.

    Raises
    ------
    RenderError
        The schedule predicts something else than noise or velocity.
    """

    def __init__(self, base: Path, prediction: str = "auto", gamma: float | None = None) -> None:
        diffusers = optional("diffusers")
        config = diffusers.DDPMScheduler.load_config(base / "scheduler", local_files_only=True)
        given = config.get("prediction_type", "epsilon") if prediction == "auto" else prediction
        if given not in ("epsilon", "v_prediction"):
            raise wrong(base / "scheduler", f"prediction_type {given}", "epsilon or v_prediction")
        with without_notes():
            self.scheduler = diffusers.DDPMScheduler.from_config(config, prediction_type=given)
        self.prediction: str = given
        bars = self.scheduler.alphas_cumprod.double().numpy()
        self.weights = min_snr_weights(bars, gamma, given)

    @property
    def steps(self) -> int:
        """Time steps of the schedule."""
        return len(self.weights)

    def noisy(self, latents: Any, noise: Any, time: Any) -> tuple[Any, Any]:
        """Latents (b, c, h, w) with noise of the times (b,), and what a UNet should say of them."""
        target = noise
        if self.prediction == "v_prediction":
            target = self.scheduler.get_velocity(latents, noise, time)
        return self.scheduler.add_noise(latents, noise, time), target

    def loss(self, predicted: Any, target: Any, time: Any, weighted: bool = True) -> Any:
        """Mean squared error (a scalar, single precision), each picture with the weight of its time."""
        torch = optional("torch")
        each = ((predicted.float() - target.float()) ** 2).flatten(1).mean(1)
        if weighted:
            weights = torch.from_numpy(self.weights[time.cpu().numpy()]).to(each)
            each = each * weights
        return each.mean()
