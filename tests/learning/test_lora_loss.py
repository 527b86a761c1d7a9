"""What an error weighs at a time step, and what is predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nof1sim_test_lora import need_packages

from nof1sim.errors import RenderError
from nof1sim.learning.lora_loss import Noising, min_snr_weights

need_packages()


def test_min_snr_weights_by_hand() -> None:
    bars = np.array([0.9, 0.5, 0.2])  # snr 9, 1, 1/4
    assert min_snr_weights(bars, 5.0, "epsilon") == pytest.approx([5 / 9, 1, 1])
    assert min_snr_weights(bars, 0.5, "epsilon") == pytest.approx([0.5 / 9, 0.5, 1])
    assert min_snr_weights(bars, 5.0, "v_prediction") == pytest.approx([5 / 10, 1 / 2, 0.25 / 1.25])
    assert min_snr_weights(bars, None, "epsilon") == pytest.approx([1, 1, 1])


def test_noise_alone_and_signal_alone_have_finite_weights() -> None:
    ends = np.array([1.0, 0.0])
    assert min_snr_weights(ends, 5.0, "epsilon") == pytest.approx([0, 1], abs=1e-9)
    assert min_snr_weights(ends, 5.0, "v_prediction") == pytest.approx([0, 0], abs=1e-9)


def written(folder: Path, **changes: object) -> Path:
    """A base of which only the scheduler is there."""
    import diffusers

    settings = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    diffusers.EulerDiscreteScheduler(**{**settings, **changes}).save_pretrained(folder / "scheduler")
    return folder


def test_weights_agree_with_the_schedule_s_own_snr(tmp_path: Path) -> None:
    import torch
    from diffusers.training_utils import compute_snr

    noising = Noising(written(tmp_path), gamma=5.0)
    snr = compute_snr(noising.scheduler, torch.arange(1000)).double().numpy()
    assert noising.steps == 1000
    assert noising.weights == pytest.approx(np.minimum(snr, 5) / snr, rel=1e-4)


def test_noise_or_velocity_is_the_target(tmp_path: Path) -> None:
    import torch

    x, noise = torch.full((2, 4, 8, 8), 0.5), torch.full((2, 4, 8, 8), -1.0)
    when = torch.tensor([10, 900])
    epsilon = Noising(written(tmp_path / "e"))
    velocity = Noising(written(tmp_path / "v", prediction_type="v_prediction"))
    assert (epsilon.prediction, velocity.prediction) == ("epsilon", "v_prediction")
    assert Noising(tmp_path / "e", "v_prediction").prediction == "v_prediction"
    a = epsilon.scheduler.alphas_cumprod[when][:, None, None, None]
    noisy, target = epsilon.noisy(x, noise, when)
    torch.testing.assert_close(noisy, a.sqrt() * x + (1 - a).sqrt() * noise)
    torch.testing.assert_close(target, noise)
    torch.testing.assert_close(velocity.noisy(x, noise, when)[1], a.sqrt() * noise - (1 - a).sqrt() * x)


def test_each_picture_has_the_weight_of_its_own_time(tmp_path: Path) -> None:
    import torch

    noising = Noising(written(tmp_path), gamma=5.0)
    when = torch.tensor([5, 999])
    off = torch.stack([torch.full((4, 2, 2), 2.0), torch.full((4, 2, 2), 3.0)])
    zero = torch.zeros_like(off)
    by_hand = (4 * noising.weights[5] + 9 * noising.weights[999]) / 2
    assert float(noising.loss(off, zero, when)) == pytest.approx(by_hand, rel=1e-6)
    assert float(noising.loss(off, zero, when, weighted=False)) == pytest.approx(6.5)


def test_a_schedule_that_predicts_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"prediction_type sample.*epsilon or v_prediction"):
        Noising(written(tmp_path, prediction_type="sample"))
