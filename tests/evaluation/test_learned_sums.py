"""The sums of the comparison against plain formulas, on small arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nof1sim.errors import AnalysisError
from nof1sim.evaluation.learned.change import change, core_contrasts, overlap, persistence
from nof1sim.evaluation.learned.kid import kid
from nof1sim.evaluation.learned.measures import rising
from nof1sim.evaluation.learned.people import distances, identity, mean_pairwise, nearest
from nof1sim.evaluation.learned.severity import followed
from nof1sim.randomness import stream


def brute_force(x: np.ndarray, y: np.ndarray) -> float:
    """MMD_u^2 with the kernel (x'y / k + 1)^3, pair by pair."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / a.size + 1) ** 3)

    n, m = len(x), len(y)
    own = sum(kernel(x[i], x[j]) for i, j in itertools.permutations(range(n), 2)) / (n * (n - 1))
    theirs = sum(kernel(y[i], y[j]) for i, j in itertools.permutations(range(m), 2)) / (m * (m - 1))
    cross = sum(kernel(a, b) for a in x for b in y) / (n * m)
    return own + theirs - 2 * cross


def normals(n: int, k: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return stream(seed, "test").normal(shift, 1, (n, k))


def test_kid_is_the_unbiased_formula() -> None:
    x, y = normals(9, 5, 1), normals(7, 5, 2, 0.4)
    assert kid(x, y).whole == pytest.approx(brute_force(x, y))


def test_kid_over_whole_subsets_is_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normals(40, 3, 1), normals(40, 3, 2)
    found = kid(x, y, subsets=2000)
    assert found.subset == 20
    assert found.value == pytest.approx(found.whole, abs=4 * found.sd / np.sqrt(2000))


def spread(shift: float) -> tuple[np.ndarray, float]:
    """Estimates of 200 draws of two samples, and the mean of their standard errors."""
    draws = [kid(normals(30, 4, 2 * i), normals(30, 4, 2 * i + 1, shift), subsets=1) for i in range(200)]
    return np.array([one.whole for one in draws]), float(np.mean([one.error for one in draws]))


def test_kid_is_0_on_average_for_one_distribution_and_its_error_is_not_too_small() -> None:
    whole, error = spread(0.0)
    assert abs(whole.mean()) < 3 * whole.std() / np.sqrt(len(whole))
    assert whole.std() < error < 2 * whole.std()


def test_kid_of_two_distributions_is_known_to_within_its_error() -> None:
    whole, error = spread(1.0)
    assert whole.mean() > 2 * whole.std()
    assert error == pytest.approx(whole.std(), rel=0.25)


def test_kid_leaves_one_out_as_the_jackknife_does() -> None:
    x, y = normals(6, 3, 1), normals(5, 3, 2)
    parts = []
    for rows, other, swap in ((x, y, False), (y, x, True)):
        each = np.array(
            [
                brute_force(*((other, kept) if swap else (kept, other)))
                for kept in (np.delete(rows, i, 0) for i in range(len(rows)))
            ]
        )
        parts.append((len(rows) - 1) / len(rows) * ((each - each.mean()) ** 2).sum())
    assert kid(x, y).error == pytest.approx(np.sqrt(sum(parts)))


def test_kid_of_too_few_is_a_letter() -> None:
    with pytest.raises(AnalysisError, match="3 and 9 pictures"):
        kid(normals(3, 2, 0), normals(9, 2, 1))


def test_change_counts_only_where_neither_day_has_a_lesion() -> None:
    panel = np.zeros((1, 3, 4, 4, 3), np.uint8)
    support = np.zeros((1, 3, 4, 4), np.int32)
    support[0, 0, 0, 0] = 7  # on day 1 only: counts as within for the pair 1-2, not for 2-3
    panel[0, 1, 0, 0] = 30
    panel[0, 1, 3, 3, 0] = 3  # outside: one channel of one pixel, there and back again
    found = change(panel, support)
    assert found.pairs == 2
    assert found.inside_grey == pytest.approx(30)
    assert found.outside_grey == pytest.approx((1 + 1 + 30) / 31)
    assert found.outside_share == pytest.approx((1 + 2) / 31)


def test_contrast_of_a_core_against_its_ring() -> None:
    lesion = np.zeros((2, 9, 9), np.int32)
    lesion[:, 4, 4] = 5
    lesion[1, 1, 1] = 9
    redder = np.full((2, 9, 9), 0.25)
    redder[0, 4, 4] = 1.0
    found = core_contrasts(redder, lesion)
    assert found[0, 0] == pytest.approx(0.75)
    assert np.isnan(found[0, 1])  # not there on day 1
    assert found[1].tolist() == pytest.approx([0.0, 0.0])


def test_persistence_needs_the_lesion_and_not_only_a_face_that_stands_still() -> None:
    rng = stream(3, "faces")
    clear = rng.integers(90, 160, (1, 16, 16, 3)).astype(np.uint8)
    lesion = np.zeros((1, 8, 16, 16), np.int32)
    for k, (y, x) in enumerate(((3, 3), (3, 12), (12, 3), (12, 12))):
        lesion[0, :, y, x] = k + 1
    still = np.repeat(clear[:, None], 8, 1)
    spots = still.copy()
    for k in range(1, 5):
        spots[..., 1][lesion == k] -= np.uint8(10 * k)
    redrawn = still + rng.integers(-8, 9, still.shape).astype(np.int16).astype(np.uint8)
    same = [persistence(panel, clear, lesion, lesion, (spots, clear)).same for panel in (spots, still, redrawn)]
    assert same[0] == pytest.approx(1)
    assert same[1] == 0
    assert same[2] is not None
    assert abs(same[2]) < 0.5


def test_overlap_is_by_lesion() -> None:
    masks = np.zeros((1, 3, 4, 4), np.int32)
    masks[0, 0, 0, :2] = 1
    masks[0, 1, 0, 1:3] = 1  # 1 of 3 pixels
    masks[0, 1, 3] = 2
    masks[0, 2, 3] = 2  # all
    found = overlap(masks)
    assert found.n == 2
    assert found.iou == pytest.approx((1 / 3 + 1) / 2)
    assert overlap(np.zeros((1, 3, 4, 4), np.int32)).iou is None
    away = np.zeros((1, 2, 4, 4), np.int32)
    away[0, 0, 0, 0] = away[0, 1, 3, 3] = 4
    assert overlap(away).iou == 0


def test_spearman_within_and_over_all() -> None:
    asked = np.array([[0.0, 1, 2, 3], [0, 1, 2, 3], [1, 1, 1, 1]])
    found = followed(np.array([[0.0, 1, 2, 3], [13, 12, 11, 10], [5, 4, 3, 2]]), asked)
    assert found.patients == 2  # the third has one severity only
    assert found.within == pytest.approx(0)
    assert followed(np.zeros((3, 4)), asked).within == 0
    assert followed(asked, asked).overall == pytest.approx(1)


def test_identity_of_plain_vectors() -> None:
    panel = np.array([[[0.0, 0], [0, 2]], [[10, 0], [10, 2]]])
    clear, crowd = panel[:, 0], np.array([[0.0, 2.1]])
    found = identity(panel, clear, crowd, (clear[::-1], crowd))
    assert found.within == 2
    assert found.between == 10
    assert found.ratio == pytest.approx(0.2)
    assert found.rank1 == pytest.approx(3 / 4)  # the second day of the first is nearer to a stranger
    assert found.rank1_analytic == 0
    assert found.gallery == 3


def test_equal_faces_are_nobody_found_again() -> None:
    flat = np.zeros((3, 4, 2))
    assert identity(flat, flat[:, 0], flat[0], (flat[:, 0], flat[0])).rank1 == 0


def test_distances_by_hand() -> None:
    rows = np.array([[0.0, 0], [3, 4], [0, 8]])
    assert distances(rows, rows[:1])[:, 0].tolist() == pytest.approx([0, 5, 8])
    assert mean_pairwise(rows) == pytest.approx((5 + 8 + 5) / 3)


def test_nearest_of_copies_and_of_others() -> None:
    training, held_out = normals(40, 3, 1), normals(30, 3, 2)
    pictures = stream(4, "p").integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    copied = nearest((training[:20] + 1e-3, pictures[:20]), held_out, (training, pictures))
    assert copied.ratio < 0.02
    assert copied.warns
    assert copied.copies == 1
    fresh = nearest((normals(30, 3, 3), pictures[:30][::-1] // 2), held_out, (training, pictures))
    assert fresh.low < 1 < fresh.high
    assert not fresh.warns
    assert fresh.copies == 0


def test_days_of_rising_severity() -> None:
    severity = np.array([2.0, 0.0, 1.0, 3.0, 2.9, 0.1])
    assert rising(severity, 3)[0] == 1
    assert rising(severity, 3)[-1] == 3
    days = rising(severity, 5)
    assert len(set(days)) == 5
    assert (np.diff(severity[days]) >= 0).all()
