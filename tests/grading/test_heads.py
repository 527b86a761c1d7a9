"""Losses, probabilities and grades of the three heads; what loss weights do."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.grading.heads import HEADS, class_weights, counts_of, grades_of
from nof1sim.grading.scales import HAYASHI4, IGA3

WHOLE = np.zeros(4, bool)


def test_scales_cut_counts_where_the_conventions_say() -> None:
    iga = IGA3.of_counts(np.array([0, 7, 8, 19, 20, 200]), np.zeros(6, bool))
    assert iga.tolist() == [0, 0, 1, 1, 2, 2]
    whole = HAYASHI4.of_counts(np.array([0, 10, 11, 40, 41, 100, 101]), np.zeros(7, bool))
    assert whole.tolist() == [0, 0, 1, 1, 2, 2, 3]  # class of ceil(N / 2)
    half = HAYASHI4.of_counts(np.array([5, 6, 20, 21, 50, 51]), np.ones(6, bool))
    assert half.tolist() == [0, 1, 1, 2, 2, 3]  # a half-face is classed by its own count


def test_probabilities_of_every_head_are_probabilities() -> None:
    rng = np.random.default_rng(0)
    for name, head in HEADS.items():
        out = rng.normal(0, 2, (4, head.outputs(3)))
        found = head.probabilities(out, IGA3, WHOLE)
        assert found.shape == (4, 3)
        assert (found >= 0).all()
        assert found.sum(1) == pytest.approx(np.ones(4))
        assert grades_of(name, out, IGA3, WHOLE).shape == (4,)


def test_the_ordinal_head_s_grade_rises_with_its_score() -> None:
    out = np.array([[-5.0, 1.0], [1.0, 3.0], [9.0, 1.0]])
    assert grades_of("ordinal", out, IGA3, WHOLE[:3]).tolist() == [0, 1, 2]
    found = HEADS["ordinal"].probabilities(out, IGA3, WHOLE[:3])
    assert found.argmax(1).tolist() == [0, 1, 2]


def test_counts_become_grades() -> None:
    out = np.log(np.array([[3.0], [12.0], [60.0]]))
    assert counts_of(out) == pytest.approx([3, 12, 60])
    assert grades_of("count", out, IGA3, WHOLE[:3]).tolist() == [0, 1, 2]
    found = HEADS["count"].probabilities(out, IGA3, WHOLE[:3])
    from scipy.stats import poisson

    assert found[1] == pytest.approx([poisson.cdf(7, 12), poisson.cdf(19, 12) - poisson.cdf(7, 12), poisson.sf(19, 12)])


def test_class_weights_are_inverse_to_frequency() -> None:
    grades = np.repeat([0, 1, 2], [12, 36, 52])
    weights = class_weights(grades, 3, True)
    assert weights == pytest.approx(100 / 3 / np.array([12, 36, 52]))
    assert weights[grades].mean() == pytest.approx(1)
    assert class_weights(grades, 3, False).tolist() == [1, 1, 1]
    assert class_weights(np.array([0, 0, 2]), 3, True)[1] == 0  # nobody of that grade: no weight, no division by 0


@pytest.mark.parametrize("name", HEADS)
def test_weights_multiply_gradients_as_said(name: str) -> None:
    """The gradient of a batch of one example each is proportional to the weight of its grade."""
    torch = pytest.importorskip("torch")
    head = HEADS[name]
    weight = torch.tensor([4.0, 1.0, 0.5])
    grades = torch.tensor([0, 1, 2])
    target = torch.tensor([2.0, 12.0, 40.0]) if name == "count" else grades.float()

    def gradients(w) -> np.ndarray:
        out = torch.full((3, head.outputs(3)), 0.3, requires_grad=True)
        head.loss(out, target, w[grades] if name == "count" else w).backward()
        return out.grad.numpy()

    plain, weighted = gradients(torch.ones(3)), gradients(weight)
    share = (weight / weight.sum()).numpy()
    assert weighted == pytest.approx(plain * 3 * share[:, None], rel=1e-4)
