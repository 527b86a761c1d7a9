from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.run.deal import Deal
from nof1sim.run.share import ALL
from nof1sim.run.units import Shard, choose, halves, joined, partition, place

UNITS = st.sets(
    st.builds(Unit, st.integers(0, 8), st.integers(1, 30), st.integers(1, 2), st.sampled_from(["front", "left"])),
    max_size=80,
)


def grid(patients: int, days: int) -> list[Unit]:
    return [Unit(rank, day) for rank in range(patients) for day in range(1, days + 1)]


@given(UNITS, st.integers(1, 20))
def test_shards_are_the_whole_and_never_span_patients(units: set[Unit], size: int) -> None:
    shards = partition(units, size)
    assert [unit for shard in shards for unit in shard.units] == sorted(units)
    assert all(1 <= len(shard.units) <= size for shard in shards)
    assert all(len({unit.rank for unit in shard.units}) == 1 for shard in shards)
    assert len({shard.id for shard in shards}) == len(shards)


@given(UNITS, st.integers(1, 20))
def test_the_order_of_the_units_does_not_matter(units: set[Unit], size: int) -> None:
    assert partition(sorted(units, reverse=True), size) == partition(units, size)


def test_a_shard_s_name_depends_on_its_content_alone() -> None:
    first, second = partition(grid(2, 10), 10)
    assert first.id != second.id
    assert partition(grid(1, 10), 10) == [first]
    assert partition(grid(2, 10), 10)[1].id == second.id == "e70308cc6b5e7ce2"


DAYS = st.tuples(st.integers(1, 9), st.integers(1, 30)).flatmap(
    lambda shape: st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda flags: np.array(flags).reshape(shape)
    )
)


def days_of(share: NDArray[np.bool_]) -> list[tuple[int, list[int]]]:
    """(rank, its days) of every patient with some."""
    return [(rank, (np.flatnonzero(days) + 1).tolist()) for rank, days in enumerate(share) if days.any()]


@given(DAYS, st.integers(1, 40))
def test_shares_are_disjoint_and_together_the_whole(days: NDArray[np.bool_], n: int) -> None:
    shares = [choose(days, f"{i}/{n}") for i in range(n)]
    assert np.array_equal(np.sum(shares, axis=0), days)


@given(st.integers(1, 12), st.integers(1, 12))
def test_whole_patients_by_rank_while_there_are_enough(patients: int, n: int) -> None:
    if n > patients:
        return
    for i in range(n):
        found = choose(np.ones((patients, 3), bool), f"{i}/{n}")
        assert days_of(found) == [(rank, [1, 2, 3]) for rank in range(patients) if rank % n == i]


def test_beyond_that_patients_are_split_into_runs_of_days() -> None:
    shares = [days_of(choose(np.ones((2, 10), bool), f"{i}/5")) for i in range(5)]
    assert shares == [
        [(0, [1, 2, 3, 4])],
        [(1, [1, 2, 3, 4, 5])],
        [(0, [5, 6, 7])],
        [(1, [6, 7, 8, 9, 10])],
        [(0, [8, 9, 10])],
    ]


def test_days_without_a_picture_and_patients_without_any_do_not_count() -> None:
    days = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]], bool)
    assert [days_of(choose(days, f"{i}/3")) for i in range(3)] == [[(0, [1, 2])], [(2, [2, 4])], [(0, [3, 4])]]


@pytest.mark.parametrize("share", ["3/3", "4/3", "-1/3", "1", "1/0", "a/b", "", "1/3/5", "0.5/2"])
def test_a_wrong_share_is_a_letter(share: str) -> None:
    with pytest.raises(DatasetError, match="0 <= i < n"):
        choose(np.ones((1, 1), bool), share)


def test_all_is_everything() -> None:
    assert choose(np.ones((2, 3), bool), ALL).all()


def test_a_plan_of_nothing_has_empty_shares() -> None:
    assert not choose(np.zeros((3, 4), bool), "1/3").any()
    assert partition([], 5) == []


def test_a_shard_of_nothing_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partition([Unit(0, 1)], 0)


def test_a_process_stays_with_a_patient_and_helps_out_at_the_end() -> None:
    shards = partition([Unit(rank, day) for rank in range(3) for day in range(1, 11)], 1)
    deal = Deal(shards, 2)
    first = [deal.take(0) for _ in range(10)]
    assert [shard.units[0].rank for shard in first if shard] == [0] * 10
    assert deal.take(1).units[0].rank == 1
    assert deal.take(0).units[0].rank == 2
    rest: list[Shard] = []
    while shard := deal.take(0):  # lane 1 never asks again: lane 0 takes over half and half again
        rest.append(shard)
    while shard := deal.take(1):
        rest.append(shard)
    assert sorted(shard.units[0] for shard in rest) == sorted(
        [Unit(1, day) for day in range(2, 11)] + [Unit(2, day) for day in range(2, 11)]
    )


def test_a_shard_in_halves_keeps_its_order_and_its_batches() -> None:
    (shard,) = partition([Unit(0, day) for day in range(1, 6)], 5)
    first, second = halves(shard)
    assert (first.units + second.units, len(first.units)) == (shard.units, 2)
    assert {piece.whole for piece in (first, second, *halves(second))} == {shard.units}
    assert place(second.units[0]) == "patient 1, day 3 (front, occasion 1)"


def test_joined_shards_keep_to_a_patient_a_size_and_their_batches() -> None:
    units = [Unit(rank, day, 1, "front") for rank in range(2) for day in range(1, 51)]
    small = partition(units, 20)
    big = joined(small, 45)
    assert [len(shard.units) for shard in big] == [40, 10, 40, 10]
    assert [unit for shard in big for unit in shard.units] == units
    assert {shard.units[0].rank for shard in big} == {0, 1}
    assert [batch for shard in big for batch in shard.batches(8)] == [b for shard in small for b in shard.batches(8)]
    assert [len(shard.units) for shard in joined(small, 5)] == [20, 20, 10] * 2
