from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1sim.dataset.splits import split_patients
from nof1sim.errors import InputError

SHARES = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=5).map(
    lambda weights: {f"part{i}": weight / sum(weights) for i, weight in enumerate(weights)}
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SHARES, st.integers(0, 40), st.integers(0, 2**40))
def test_everybody_is_in_exactly_one_part(shares: dict[str, float], more: int, seed: int) -> None:
    count = len(shares) + more
    parts = split_patients(count, shares, seed)
    assert sorted(rank for ranks in parts.values() for rank in ranks) == list(range(count))
    assert all(parts[name] for name in shares)
    assert list(parts) == list(shares)


def test_the_shares_are_kept_and_the_seed_decides() -> None:
    parts = split_patients(100, {"train": 0.7, "validation": 0.2, "test": 0.1}, 0)
    assert [len(ranks) for ranks in parts.values()] == [70, 20, 10]
    assert split_patients(100, {"train": 0.7, "validation": 0.2, "test": 0.1}, 0) == parts
    assert split_patients(100, {"train": 0.7, "validation": 0.2, "test": 0.1}, 1) != parts


def test_what_is_left_over_is_in_no_part() -> None:
    assert len(split_patients(10, {"pilot": 0.3}, 0)["pilot"]) == 3


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({}, "got no part"),
        ({"train": 0.0}, r"split\.train: got 0\.0"),
        ({"train": float("nan")}, r"split\.train: got nan"),
        ({"train": 0.8, "test": 0.3}, "add up to more than 1"),
        ({"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.2}, "4 parts .* of 3 patients.*fewer parts, or simulate more"),
    ],
)
def test_what_cannot_be_split_is_a_letter(shares: dict[str, float], told: str) -> None:
    with pytest.raises(InputError, match=told):
        split_patients(3, shares, 0)
