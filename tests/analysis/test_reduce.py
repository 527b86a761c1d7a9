"""Vectors to a score: the axis, the sign, the shares of variance, the warnings."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.analysis import reduce as module
from nof1sim.analysis.images import Shots
from nof1sim.analysis.reduce import METHODS, Method, between_share, reduce, within_r
from nof1sim.errors import AnalysisError

WHO = np.repeat(np.arange(6), 50)
RNG = np.random.default_rng(0)
DISEASE = RNG.normal(size=WHO.size)
LEVEL = RNG.normal(0, 5, 6)[WHO]
NOISE = RNG.normal(0, 0.2, (WHO.size, 4))


def shots(brightness: np.ndarray | None = None) -> Shots:
    day = np.tile(np.arange(1, 51), 6)
    light = 100 + 20 * (brightness if brightness is not None else RNG.normal(size=WHO.size))
    pixels = np.broadcast_to(np.clip(light, 0, 255)[:, None, None, None], (WHO.size, 4, 4, 3)).astype(np.uint8)
    return Shots(WHO, day, np.ones_like(day), 1 + (day > 10), day <= 10, pixels)


def mixed(identity: float = 1.0, disease: float = 1.0) -> np.ndarray:
    x = NOISE.copy()
    x[:, 0] += disease * DISEASE
    x[:, 1] += identity * LEVEL
    return x


@pytest.mark.parametrize("method", ["within_pc1", "per_patient_pc1"])
def test_within_methods_find_the_disease_under_identity(method: Method) -> None:
    score = reduce(mixed(), shots(), method, redness=DISEASE + LEVEL)
    assert within_r(score.values, DISEASE, WHO) > 0.97
    assert score.anchor == "rises with the redness index"
    assert score.explained[0] > 0.8


def test_the_global_method_finds_identity_and_says_so() -> None:
    score = reduce(mixed(), shots(), "global_pc1", redness=DISEASE)
    assert abs(within_r(score.values, DISEASE, WHO)) < 0.5
    assert score.between_share > 0.9
    assert any("identity" in warning for warning in score.warnings)


@pytest.mark.parametrize("method", METHODS)
def test_the_sign_follows_the_anchor_whatever_the_vectors_sign(method: Method) -> None:
    up, down = (reduce(flip * mixed(0), shots(), method, redness=DISEASE).values for flip in (1, -1))
    assert within_r(up, DISEASE, WHO) > 0.9
    assert within_r(down, DISEASE, WHO) > 0.9


def test_without_an_anchor_the_baseline_is_high() -> None:
    study = shots()
    x = NOISE.copy()
    x[:, 0] += np.where(study.baseline, -3.0, 0.0)
    score = reduce(x, study)
    assert score.values[study.baseline].mean() > score.values[~study.baseline].mean()
    assert score.anchor == "higher in the baseline"


def test_a_score_of_light_is_called_so() -> None:
    light = RNG.normal(size=WHO.size)
    x = NOISE + light[:, None]
    score = reduce(x, shots(light), redness=DISEASE)
    assert any("lighting" in warning and "brightness" in warning for warning in score.warnings)
    assert not reduce(mixed(0), shots(light), redness=DISEASE).warnings


def test_the_intraclass_correlation_is_that_of_its_model() -> None:
    rng = np.random.default_rng(3)
    who = np.repeat(np.arange(400), 10)
    values = rng.normal(0, 2, 400)[who] + rng.normal(size=4000)
    assert abs(between_share(values, who) - 0.8) < 0.03
    assert between_share(rng.normal(size=4000), who) < 0.03


def test_one_patient_without_change_is_left_out_by_name() -> None:
    x = mixed()
    x[WHO == 2] = 1.0
    score = reduce(x, shots(), "per_patient_pc1", redness=DISEASE)
    assert np.isnan(score.values[WHO == 2]).all()
    assert np.isfinite(score.values[WHO != 2]).all()
    assert "patient 3" in score.warnings[0]


def test_constant_vectors_and_unknown_methods_are_letters() -> None:
    with pytest.raises(AnalysisError, match="never differ within a patient"):
        reduce(np.ones((WHO.size, 3)) * LEVEL[:, None], shots())
    with pytest.raises(AnalysisError, match="within_pc1"):
        reduce(mixed(), shots(), "pc2")  # type: ignore[arg-type]


def test_loadings_are_a_picture_or_a_correlation_map() -> None:
    study = shots(DISEASE)
    shown = reduce(mixed(), study, picture=lambda axis: axis.reshape(2, 2)).loadings
    assert abs(shown[0, 0]) > 0.9
    mapped = reduce(mixed(), study, redness=DISEASE).loadings
    assert mapped.shape == (4, 4)
    assert mapped.min() > 0.9
    assert np.abs(module.correlation_map(DISEASE, study) - mapped).max() < 0.1
